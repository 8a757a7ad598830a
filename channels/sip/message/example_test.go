package message_test

import (
	"fmt"
	"strings"

	"pbx/channels/sip/message"
)

// A request is parsed, checked and answered.
func Example() {
	received := []byte(strings.ReplaceAll(`OPTIONS sip:100@192.0.2.1 SIP/2.0
Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK74bf9
From: <sip:101@192.0.2.1>;tag=9fxced
To: <sip:100@192.0.2.1>
Call-ID: a84b4c76e66710
CSeq: 63104 OPTIONS

`, "\n", "\r\n"))

	var request message.Message
	if err := request.Parse(received); err != nil {
		fmt.Println(err)
		return
	}
	if err := message.Validate(&request); err != nil {
		fmt.Println(err)
		return
	}
	b := message.NewBuilder(make([]byte, 0, 1024))
	b.Response(&request, 200, "OK", "as5d1c")
	b.Header(message.HeaderAccept, "application/sdp")
	fmt.Println(strings.ReplaceAll(string(b.Bytes()), "\r\n", "\n"))
	// Output:
	// SIP/2.0 200 OK
	// Via: SIP/2.0/UDP 192.0.2.20;branch=z9hG4bK74bf9
	// From: <sip:101@192.0.2.1>;tag=9fxced
	// To: <sip:100@192.0.2.1>;tag=as5d1c
	// Call-ID: a84b4c76e66710
	// CSeq: 63104 OPTIONS
	// Accept: application/sdp
	// Content-Length: 0
}
