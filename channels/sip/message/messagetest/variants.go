package messagetest

import "strings"

// base is a request that is right in every way.
const base = "INVITE sip:100@example.com SIP/2.0\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.25:5060;branch=z9hG4bKbase;rport\r\n" +
	"Max-Forwards: 70\r\n" +
	"From: \"Caller\" <sip:caller@example.net>;tag=from1\r\n" +
	"To: <sip:100@example.com>\r\n" +
	"Call-ID: base@192.0.2.25\r\n" +
	"CSeq: 8 INVITE\r\n" +
	"Contact: <sip:caller@192.0.2.25>\r\n" +
	"Content-Type: application/sdp\r\n" +
	"Content-Length: 106\r\n" +
	"\r\n" +
	"v=0\r\n" +
	"o=- 1 1 IN IP4 192.0.2.25\r\n" +
	"s=-\r\n" +
	"c=IN IP4 192.0.2.25\r\n" +
	"t=0 0\r\n" +
	"m=audio 49170 RTP/AVP 0 101\r\n" +
	"a=ptime:20\r\n"

// response is a response that is right in every way.
const response = "SIP/2.0 200 OK\r\n" +
	"Via: SIP/2.0/UDP 192.0.2.25:5060;branch=z9hG4bKresponse\r\n" +
	"From: <sip:caller@example.net>;tag=from1\r\n" +
	"To: <sip:100@example.com>;tag=to1\r\n" +
	"Call-ID: response@192.0.2.25\r\n" +
	"CSeq: 8 INVITE\r\n" +
	"Content-Length: 0\r\n" +
	"\r\n"

// edit is a case made from a text by replacing one piece of it.
type edit struct {
	name, want, old, new, rule string
}

// The names of the lines that edits replace.
const (
	line     = "INVITE sip:100@example.com SIP/2.0\r\n"
	via      = "Via: SIP/2.0/UDP 192.0.2.25:5060;branch=z9hG4bKbase;rport\r\n"
	forwards = "Max-Forwards: 70\r\n"
	from     = "From: \"Caller\" <sip:caller@example.net>;tag=from1\r\n"
	to       = "To: <sip:100@example.com>\r\n"
	callID   = "Call-ID: base@192.0.2.25\r\n"
	cseq     = "CSeq: 8 INVITE\r\n"
	contact  = "Contact: <sip:caller@192.0.2.25>\r\n"
	ctype    = "Content-Type: application/sdp\r\n"
	length   = "Content-Length: 106\r\n"
	rport    = ";branch=z9hG4bKvariant;rport\r\n"
)

var requestEdits = []edit{
	// Start line, RFC 3261 7.1.
	{"start-two-blanks-after-uri", "400", line, "INVITE sip:100@example.com  SIP/2.0\r\n", "one blank between the parts"},
	{"start-tab", "400", line, "INVITE\tsip:100@example.com SIP/2.0\r\n", "the separator is a blank"},
	{"start-trailing-blank", "400", line, "INVITE sip:100@example.com SIP/2.0 \r\n", "nothing follows the version"},
	{"start-no-version", "400", line, "INVITE sip:100@example.com\r\n", "the version is part of the line"},
	{"start-no-uri", "400", line, "INVITE SIP/2.0\r\n", "the URI is part of the line"},
	{"start-leading-blank", "400 or drop", line, " INVITE sip:100@example.com SIP/2.0\r\n", "the method begins the line"},
	{"start-method-no-token", "400 or drop", line, "INV{TE sip:100@example.com SIP/2.0\r\n", "a method is a token"},
	{"start-version-text", "400", line, "INVITE sip:100@example.com SIP/two\r\n", "a version is two numbers"},
	{"start-version-http", "400", line, "INVITE sip:100@example.com HTTP/1.1\r\n", "not SIP"},
	{"start-version-1", "505", line, "INVITE sip:100@example.com SIP/1.0\r\n", "another version"},
	{"start-version-2.1", "505", line, "INVITE sip:100@example.com SIP/2.1\r\n", "another version"},
	{"start-version-lower", "any-but-400", line, "INVITE sip:100@example.com sip/2.0\r\n", "the version is compared without case"},
	{"start-empty-lines", "any-but-400", line, "\r\n\r\n" + line, "RFC 3261 7.5: empty lines before a message are ignored"},
	{"start-fold", "400 or drop", line, "INVITE sip:100@example.com\r\n SIP/2.0\r\n", "the start line is not folded"},

	// Request-URI, RFC 3261 19.1.
	{"uri-empty-host", "400", line, "INVITE sip: SIP/2.0\r\n", "a host is needed"},
	{"uri-empty-user", "400", line, "INVITE sip:@example.com SIP/2.0\r\n", "a user before the @"},
	{"uri-two-at", "400", line, "INVITE sip:a@b@example.com SIP/2.0\r\n", "@ is escaped in a user"},
	{"uri-no-scheme", "400", line, "INVITE 100@example.com SIP/2.0\r\n", "a scheme is needed"},
	{"uri-bad-escape", "400", line, "INVITE sip:1%0x0@example.com SIP/2.0\r\n", "% takes two hexadecimal digits"},
	{"uri-short-escape", "400", line, "INVITE sip:100%4@example.com SIP/2.0\r\n", "% takes two hexadecimal digits"},
	{"uri-port-text", "400", line, "INVITE sip:100@example.com:sip SIP/2.0\r\n", "a port is a number"},
	{"uri-port-empty", "400", line, "INVITE sip:100@example.com: SIP/2.0\r\n", "a port follows the colon"},
	{"uri-port-large", "400", line, "INVITE sip:100@example.com:65536 SIP/2.0\r\n", "a port has 16 bits"},
	{"uri-quoted", "400", line, "INVITE \"sip:100@example.com\" SIP/2.0\r\n", "a URI is not quoted"},
	{"uri-headers", "400", line, "INVITE sip:100@example.com?Subject=x SIP/2.0\r\n", "no headers in a Request-URI"},
	{"uri-empty-parameter", "400", line, "INVITE sip:100@example.com;;x SIP/2.0\r\n", "a parameter has a name"},
	{"uri-ipv6-open", "400", line, "INVITE sip:100@[2001:db8::1 SIP/2.0\r\n", "the bracket closes"},
	{"uri-ipv6-bare", "400", line, "INVITE sip:100@2001:db8::1 SIP/2.0\r\n", "an IPv6 address stands in brackets"},
	{"uri-ipv6-nine-groups", "400", line, "INVITE sip:100@[1:2:3:4:5:6:7:8:9] SIP/2.0\r\n", "no IPv6 address"},
	{"uri-ipv6-letters", "400", line, "INVITE sip:100@[2001:xyz::1] SIP/2.0\r\n", "no IPv6 address"},
	{"uri-ipv6-holds-ipv4", "400", line, "INVITE sip:100@[192.0.2.1] SIP/2.0\r\n", "no IPv6 address"},
	{"uri-ipv6-port", "any-but-400", line, "INVITE sip:100@[2001:db8::1]:5060 SIP/2.0\r\n", "RFC 5118 4.4"},
	{"uri-scheme-http", "416", line, "INVITE http://example.com/100 SIP/2.0\r\n", "a scheme that is not ours"},
	{"uri-scheme-urn", "416", line, "INVITE urn:service:sos SIP/2.0\r\n", "a scheme that is not ours"},
	{"uri-tel", "any-but-400", line, "INVITE tel:+1-555-0100;phone-context=example.com SIP/2.0\r\n", "RFC 3966"},
	{"uri-upper", "any-but-400", line, "INVITE SIP:100@EXAMPLE.com SIP/2.0\r\n", "schemes have no case"},
	{"uri-escaped-user", "any-but-400", line, "INVITE sip:%31%30%30@example.com SIP/2.0\r\n", "escapes are read after the split"},
	{"uri-too-long", "414", line, "INVITE sip:" + strings.Repeat("1", 9000) + "@example.com SIP/2.0\r\n", "8 KiB a line"},
	{"uri-password", "any-but-400", line, "INVITE sip:100:secret@example.com SIP/2.0\r\n", "a password is grammar, if no sense"},

	// Header lines, RFC 3261 7.3.1.
	{"header-no-colon", "400", forwards, forwards + "Nonsense\r\n", "name, colon, value"},
	{"header-no-name", "400", forwards, forwards + ": value\r\n", "a header has a name"},
	{"header-name-blank", "400", forwards, forwards + "Two Words: value\r\n", "a name is a token"},
	{"header-first-folded", "400", line, line + " X: y\r\n", "there is nothing to fold"},
	{"header-lone-cr", "400", forwards, forwards + "Subject: a\rVia: x\r\n", "CR is half a line break"},
	{"header-unknown", "any-but-400", forwards, forwards + "X-Unknown:;;,,\"\r\n", "unknown headers are opaque"},
	{"header-empty", "any-but-400", forwards, forwards + "Subject:\r\n", "a header may be empty"},
	{"header-compact", "any-but-400", callID, "i:base@192.0.2.25\r\n", "RFC 3261 7.3.3"},
	{"header-blank-before-colon", "any-but-400", callID, "CALL-ID \t: base@192.0.2.25\r\n", "HCOLON"},
	{"header-folded-tab", "any-but-400", cseq, "CSeq:\r\n\t8\r\n INVITE\r\n", "a fold is a blank"},
	{"header-bad-date", "any-but-400", forwards, forwards + "Date: yesterday\r\n", "a Date nobody needs"},
	{"header-long-line", "400", forwards, forwards + "X-Long: " + strings.Repeat("x", 9000) + "\r\n", "8 KiB a line"},
	{"header-too-many", "400", forwards, forwards + strings.Repeat("X-Many: x\r\n", 130), "128 headers"},

	// What a request must have, and once, RFC 3261 8.1.1.
	{"missing-from", "400", from, "", "mandatory"},
	{"missing-to", "400", to, "", "mandatory"},
	{"missing-call-id", "400", callID, "", "mandatory"},
	{"missing-cseq", "400", cseq, "", "mandatory"},
	{"missing-via", "drop or 400", via, "", "an answer has nowhere to go"},
	{"missing-max-forwards", "any-but-400", forwards, "", "RFC 2543 did not have it"},
	{"two-from", "400", from, from + from, "once"},
	{"two-to-compact", "400", to, to + "t: <sip:other@example.com>\r\n", "once, in whatever form"},
	{"two-call-id", "400", callID, callID + "Call-ID: other\r\n", "once"},
	{"two-cseq", "400", cseq, cseq + "CSeq: 9 INVITE\r\n", "once"},
	{"two-max-forwards", "400", forwards, forwards + "Max-Forwards: 5\r\n", "once"},
	{"two-max-forwards-equal", "any-but-400", forwards, forwards + forwards, "gateways do this"},
	{"two-content-type", "400", ctype, ctype + "c: text/plain\r\n", "once"},

	// Numbers.
	{"cseq-no-method", "400", cseq, "CSeq: 8\r\n", "number and method"},
	{"cseq-no-number", "400", cseq, "CSeq: INVITE\r\n", "number and method"},
	{"cseq-negative", "400", cseq, "CSeq: -8 INVITE\r\n", "1*DIGIT"},
	{"cseq-32-bits", "400", cseq, "CSeq: 4294967296 INVITE\r\n", "below 2**31"},
	{"cseq-31-bits", "400", cseq, "CSeq: 2147483648 INVITE\r\n", "below 2**31"},
	{"cseq-largest", "any-but-400", cseq, "CSeq: 2147483647 INVITE\r\n", "below 2**31"},
	{"cseq-other-method", "400", cseq, "CSeq: 8 OPTIONS\r\n", "the method of the request"},
	{"cseq-method-case", "400", cseq, "CSeq: 8 invite\r\n", "methods have case"},
	{"cseq-leading-zeros", "any-but-400", cseq, "CSeq: 0008 INVITE\r\n", "the number is 8"},
	{"max-forwards-large", "400", forwards, "Max-Forwards: 256\r\n", "0 to 255"},
	{"max-forwards-negative", "400", forwards, "Max-Forwards: -1\r\n", "0 to 255"},
	{"max-forwards-text", "400", forwards, "Max-Forwards: many\r\n", "0 to 255"},
	{"expires-huge", "any-but-400", forwards, forwards + "Expires: 99999999999999999999\r\n", "clamped"},
	{"expires-negative", "400", forwards, forwards + "Expires: -1\r\n", "1*DIGIT"},
	{"session-expires-text", "400", forwards, forwards + "Session-Expires: soon;refresher=uac\r\n", "delta-seconds, RFC 4028 4"},
	{"session-expires-compact", "400", forwards, forwards + "x: -1\r\n", "delta-seconds, RFC 4028 4"},
	{"session-expires-empty", "any-but-400", forwards, forwards + "Session-Expires:\r\n", "the same as none"},
	{"session-expires-parameters", "any-but-400", forwards, forwards + "Session-Expires: 1800 ; refresher = uac\r\n", "blanks are allowed"},
	{"min-se-negative", "400", forwards, forwards + "Min-SE: -90\r\n", "delta-seconds, RFC 4028 5"},
	{"min-se-parameter", "any-but-400", forwards, forwards + "Min-SE: 90;x=y\r\n", "generic parameters"},
	{"length-negative", "400", length, "Content-Length: -1\r\n", "1*DIGIT"},
	{"length-empty", "400", length, "Content-Length:\r\n", "1*DIGIT"},
	{"length-hex", "400", length, "Content-Length: 0x10\r\n", "1*DIGIT"},
	{"length-large", "400", length, "Content-Length: 107\r\n", "more than there is"},
	{"length-huge", "400", length, "Content-Length: 18446744073709551616\r\n", "more than there is"},
	{"length-two-different", "400", length, length + "l: 5\r\n", "which one?"},
	{"length-two-equal", "any-but-400", length, length + "l: 106\r\n", "trunks do this"},
	{"length-missing", "any-but-400", length, "", "the datagram ends the body"},

	// Addresses, RFC 3261 20.10 and 20.20.
	{"from-empty", "400", from, "From:\r\n", "an address"},
	{"from-no-scheme", "400", from, "From: caller@example.net;tag=x\r\n", "a scheme"},
	{"from-open-quote", "400", from, "From: \"Caller <sip:caller@example.net>;tag=x\r\n", "the quote closes"},
	{"from-escaped-quote", "400", from, "From: \"Caller\\\" <sip:caller@example.net>;tag=x\r\n", "the quote closes"},
	{"from-open-bracket", "400", from, "From: <sip:caller@example.net;tag=x\r\n", "the bracket closes"},
	{"from-two-brackets", "400", from, "From: <<sip:caller@example.net>>;tag=x\r\n", "one pair of brackets"},
	{"from-blank-in-brackets", "400", from, "From: < sip:caller@example.net>;tag=x\r\n", "no blanks inside"},
	{"from-comma-name", "400", from, "From: Bell, Alexander <sip:caller@example.net>;tag=x\r\n", "a name without quotes is tokens"},
	{"from-at-name", "400", from, "From: me@home <sip:caller@example.net>;tag=x\r\n", "a name without quotes is tokens"},
	{"from-two-addresses", "400", from, "From: <sip:a@example.net>, <sip:b@example.net>;tag=x\r\n", "From is no list"},
	{"from-text-after", "400", from, "From: <sip:caller@example.net> tag=x\r\n", "parameters begin with ;"},
	{"from-two-tags", "400", from, "From: <sip:caller@example.net>;tag=x;tag=y\r\n", "a parameter stands once"},
	{"from-empty-tag", "400", from, "From: <sip:caller@example.net>;tag=\r\n", "a tag is a token"},
	{"from-quoted-tag", "400", from, "From: <sip:caller@example.net>;tag=\"x\"\r\n", "a tag is a token"},
	{"from-control-in-quotes", "400", from, "From: \"a\x07b\" <sip:caller@example.net>;tag=x\r\n", "a backslash is needed"},
	{"from-escaped-control", "any-but-400", from, "From: \"a\\\x07b\" <sip:caller@example.net>;tag=x\r\n", "RFC 4475 3.1.1.2"},
	{"from-empty-parameter", "400", from, "From: <sip:caller@example.net>;;tag=x\r\n", "a parameter has a name"},
	{"from-bare-question", "400", from, "From: sip:caller@example.net?Subject=x;tag=x\r\n", "brackets are needed"},
	{"from-no-tag", "any-but-400", from, "From: <sip:caller@example.net>\r\n", "RFC 2543"},
	{"from-bare", "any-but-400", from, "From: sip:caller@example.net;tag=x\r\n", "brackets may be missing"},
	{"from-token-name", "any-but-400", from, "From: A. Bell-2 <sip:caller@example.net>;tag=x\r\n", "tokens"},
	{"from-utf8-name", "any-but-400", from, "From: J\u00fcrgen <sip:caller@example.net>;tag=x\r\n", "forgiven"},
	{"from-quoted-comma", "any-but-400", from, "From: \"Bell, \\\"A\\\" <x>\" <sip:caller@example.net>;tag=x\r\n", "quotes protect"},
	{"from-no-blank", "any-but-400", from, "From: \"A\"<sip:caller@example.net>;tag=x\r\n", "RFC 4475 3.1.1.6"},
	{"from-foreign-scheme", "any-but-400", from, "From: <http://example.net>;tag=x\r\n", "RFC 4475 3.3.4"},
	{"to-port-large", "400", to, "To: <sip:100@example.com:99999>\r\n", "a port has 16 bits"},
	{"call-id-empty", "400", callID, "Call-ID:\r\n", "a word"},
	{"call-id-blank", "400", callID, "Call-ID: two words\r\n", "a word"},
	{"contact-one-of-two", "400", contact, "Contact: <sip:caller@192.0.2.25>, nonsense\r\n", "each value is an address"},
	{"contact-trailing-comma", "400", contact, "Contact: <sip:caller@192.0.2.25>,\r\n", "each value is an address"},
	{"contact-empty-parameters", "400", contact, "Contact: <sip:caller@192.0.2.25>;;;;\r\n", "a parameter has a name"},
	{"contact-star", "400", contact, "Contact: *\r\n", "only in REGISTER"},
	{"contact-quoted-parameter", "any-but-400", contact, "Contact: <sip:caller@192.0.2.25;x=\"VGhd,<a>==\">\r\n", "phones do this"},
	{"contact-quoted-open", "400", contact, "Contact: <sip:caller@192.0.2.25;x=\"VGhd>\r\n", "the quote closes"},
	{"uri-quoted-parameter", "400", line, "INVITE sip:100@example.com;x=\"y\" SIP/2.0\r\n", "no quotes in a Request-URI"},
	{"contact-headers", "any-but-400", contact, "Contact: <sip:caller@192.0.2.25?Route=%3Csip:x%3E>\r\n", "brackets allow headers"},
	{"route-malformed", "400", forwards, forwards + "Route: <sip:192.0.2.1;lr\r\n", "the bracket closes"},
	{"record-route-malformed", "400", forwards, forwards + "Record-Route: nonsense\r\n", "an address"},

	// Via, RFC 3261 20.42.
	{"via-empty", "400", via, "Via:\r\n" + via, "sent-protocol and sent-by"},
	{"via-no-host", "400", via, "Via: SIP/2.0/UDP" + rport, "sent-by is needed"},
	{"via-no-transport", "400", via, "Via: SIP/2.0 192.0.2.25" + rport, "the transport is needed"},
	{"via-port-text", "400", via, "Via: SIP/2.0/UDP 192.0.2.25:sip" + rport, "a port is a number"},
	{"via-port-large", "400", via, "Via: SIP/2.0/UDP 192.0.2.25:70000" + rport, "a port has 16 bits"},
	{"via-ipv6-bare", "400", via, "Via: SIP/2.0/UDP 2001:db8::1" + rport, "brackets"},
	{"via-empty-branch", "400", via, "Via: SIP/2.0/UDP 192.0.2.25;branch=;rport\r\n", "a branch is a token"},
	{"via-quoted-branch", "400", via, "Via: SIP/2.0/UDP 192.0.2.25;branch=\"z9hG4bK1\";rport\r\n", "a branch is a token"},
	{"via-two-branches", "400", via, "Via: SIP/2.0/UDP 192.0.2.25;branch=z9hG4bK1;branch=z9hG4bK2;rport\r\n", "a parameter stands once"},
	{"via-second-malformed", "400", via, via + "Via: ;;,,\r\n", "every Via is read"},
	{"via-too-many", "400", via, via + strings.Repeat("Via: SIP/2.0/UDP 192.0.2.26;branch=z9hG4bK1\r\n", 70), "70 hops"},
	{"via-no-branch", "any-but-400", via, "Via: SIP/2.0/UDP 192.0.2.25;rport\r\n", "RFC 2543"},
	{"via-blanks", "any-but-400", via, "Via: SIP / 2.0 / UDP   192.0.2.25 : 5060 ; branch = z9hG4bKb ; rport\r\n", "blanks are allowed"},
	{"via-folded-list", "any-but-400", via, "v: SIP/2.0/UDP 192.0.2.25;rport,\r\n SIP/2.0/FOO x.example.com;branch=z9hG4bKx\r\n", "a list"},
	{"via-ipv6", "any-but-400", via, "Via: SIP/2.0/UDP [2001:db8::1]:5060;received=2001:db8::2;rport\r\n", "RFC 5118 4.5"},

	// The rest.
	{"content-type-no-slash", "400", ctype, "Content-Type: application\r\n", "type and subtype"},
	{"content-type-empty", "400", ctype, "Content-Type:\r\n", "type and subtype"},
	{"header-name-nul", "400", "Max-Forwards", "Max-For\x00wards", "a name is a token"},
	{"unknown-scheme-malformed", "400", line + via, "INVITE http://example.com SIP/2.0\r\n" + via + "From: x\r\n", "malformed goes before 416"},
	{"old-version-malformed", "505", line + via, "INVITE sip:100@example.com SIP/3.0\r\n" + via + "Nonsense\r\n", "another version has other rules"},
}

var responseEdits = []edit{
	{"response-code-0", "drop", "SIP/2.0 200 OK", "SIP/2.0 000 OK", "100 to 699"},
	{"response-code-700", "drop", "SIP/2.0 200 OK", "SIP/2.0 700 OK", "100 to 699"},
	{"response-code-4-digits", "drop", "SIP/2.0 200 OK", "SIP/2.0 2000 OK", "three digits"},
	{"response-code-wraps", "drop", "SIP/2.0 200 OK", "SIP/2.0 4294967496 OK", "three digits"},
	{"response-version", "drop", "SIP/2.0 200 OK", "SIP/3.0 200 OK", "another version"},
	{"response-cseq", "drop", "CSeq: 8 INVITE", "CSeq: 9999999999 INVITE", "below 2**31"},
	{"response-no-via", "drop", "Via: SIP/2.0/UDP 192.0.2.25:5060;branch=z9hG4bKresponse\r\n", "", "mandatory"},
	{"response-two-vias", "drop", "z9hG4bKresponse", "z9hG4bKresponse, SIP/2.0/UDP 255.255.255.255", "sent to the wrong place"},
	{"response-length", "drop", "Content-Length: 0", "Content-Length: 10", "cut short"},
	{"response-no-reason", "(response)", "SIP/2.0 200 OK", "SIP/2.0 200 ", "a reason may be empty"},
}

// Variants returns messages that break one rule each, and some that look as if
// they did.
func Variants() []Case {
	cases := []Case{
		{Name: "base", Want: "200", Rule: "nothing is wrong", Message: []byte(base)},
		{Name: "response", Want: "(response)", Rule: "nothing is wrong", Message: []byte(response)},
		{
			Name: "no-blank-line", Want: "400", Rule: "the headers end in an empty line",
			Message: []byte(base[:strings.Index(base, "\r\n\r\n")+2]),
		},
		{
			Name: "ack-malformed", Want: "drop", Rule: "an ACK is never answered",
			Message: []byte(strings.NewReplacer("INVITE", "ACK", "From: ", "From: \"").Replace(base)),
		},
		{Name: "empty-lines", Want: "drop", Rule: "a keep-alive", Message: []byte("\r\n\r\n")},
		{Name: "nul", Want: "drop", Rule: "a keep-alive of some phones", Message: make([]byte, 4)},
		{Name: "stun", Want: "drop", Rule: "RFC 5389 on the SIP port", Message: append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)},
		{Name: "noise", Want: "drop", Rule: "no SIP", Message: []byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")},
	}
	add := func(text string, edits []edit) {
		for _, e := range edits {
			cases = append(cases, Case{
				Name: e.name, Section: "own", Want: e.want, Rule: e.rule,
				Message: []byte(strings.Replace(text, e.old, e.new, 1)),
			})
		}
	}
	add(base, requestEdits)
	add(response, responseEdits)
	return cases
}
