package config

import (
	"slices"
	"strings"
)

// UsualSecret reports whether programs that guess passwords begin with s, or with s
// and some digits or dots after it.
func UsualSecret(s string) bool {
	s = strings.ToLower(s)
	return slices.Contains(usualSecrets, strings.TrimRight(s, "!.1234567890")) || slices.Contains(usualSecrets, s)
}

var usualSecrets = strings.Fields(`password passwd passw0rd pass secret letmein welcome changeme change_me default admin
	administrator root test tester testing guest user phone sip asterisk trixbox freepbx elastix voip office
	qwerty qwertz azerty asdfgh zxcvbn abc abcd abcdef iloveyou monkey dragon master login hello mypass amp111 mysecret
	mypassword yourpassword supersecret verysecret topsecret s3cret 1q2w3e4r 1qaz2wsx q1w2e3r4 a1b2c3d4
	111111 000000 123123 121212 654321 666666 987654321 123456 123456789 12345678 1234567890 11223344 password1`)
