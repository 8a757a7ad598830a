// Package parser compares the SIP message layer with sipgo's and with Go's
// net/textproto on the same bytes:
//
//	cd bench/parser && go test -bench . -benchmem -count 3
//
// It is a module of its own, so that the exchange does not depend on sipgo.
package parser

import (
	"bufio"
	"bytes"
	"net/textproto"
	"os"
	"testing"

	"github.com/emiago/sipgo/sip"

	"pbx/channels/sip/message"
)

// invite returns the INVITE of 1,186 octets and 15 headers that all parse.
func invite(b *testing.B) []byte {
	text, err := os.ReadFile("../../channels/sip/message/testdata/invite.sip")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	return text
}

// BenchmarkParse/pbx-index finds the headers; pbx also checks the message and
// reads the headers a user agent needs, as the others do.
func BenchmarkParse(b *testing.B) {
	b.Run("pbx-index", func(b *testing.B) {
		text := invite(b)
		m := new(message.Message)
		for b.Loop() {
			if err := m.Parse(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pbx", func(b *testing.B) {
		text := invite(b)
		m := new(message.Message)
		for b.Loop() {
			if err := m.Parse(text); err != nil {
				b.Fatal(err)
			}
			if err := message.Validate(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sipgo", func(b *testing.B) {
		text := invite(b)
		p := sip.NewParser()
		for b.Loop() {
			if _, err := p.ParseSIP(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("textproto", func(b *testing.B) {
		text := invite(b)
		for b.Loop() {
			r := textproto.NewReader(bufio.NewReader(bytes.NewReader(text)))
			if _, err := r.ReadLine(); err != nil {
				b.Fatal(err)
			}
			if _, err := r.ReadMIMEHeader(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

var answer = []byte("v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 10000 RTP/AVP 0 101\r\na=rtpmap:101 telephone-event/8000\r\n")

const allow = "INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH, MESSAGE"

// BenchmarkBuild200 answers the INVITE with a description, down to the bytes.
func BenchmarkBuild200(b *testing.B) {
	b.Run("pbx", func(b *testing.B) {
		m := new(message.Message)
		if err := m.Parse(invite(b)); err != nil {
			b.Fatal(err)
		}
		var w message.Builder
		for b.Loop() {
			w.Reset(make([]byte, 0, 1024))
			w.Response(m, 200, "OK", "as4c68cfd9")
			w.Header(message.HeaderServer, "pbx")
			w.Header(message.HeaderAllow, allow)
			w.Header(message.HeaderSupported, "replaces, timer")
			w.Header(message.HeaderContact, "<sip:101@192.0.2.10:5060>")
			w.Body("application/sdp", answer)
			if len(w.Bytes()) == 0 {
				b.Fatal("empty")
			}
		}
	})
	b.Run("sipgo", func(b *testing.B) {
		m, err := sip.NewParser().ParseSIP(invite(b))
		if err != nil {
			b.Fatal(err)
		}
		req := m.(*sip.Request)
		for b.Loop() {
			r := sip.NewResponseFromRequest(req, 200, "OK", answer)
			r.AppendHeader(sip.NewHeader("Server", "pbx"))
			r.AppendHeader(sip.NewHeader("Allow", allow))
			r.AppendHeader(sip.NewHeader("Supported", "replaces, timer"))
			r.AppendHeader(&sip.ContactHeader{Address: sip.Uri{User: "101", Host: "192.0.2.10", Port: 5060}})
			r.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
			if len(r.String()) == 0 {
				b.Fatal("empty")
			}
		}
	})
}
