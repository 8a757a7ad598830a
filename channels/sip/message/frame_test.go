package message

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestFramer(t *testing.T) {
	crlf := func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }
	const start = "OPTIONS sip:a@b SIP/2.0\n"
	for name, tt := range map[string]struct {
		text string
		n    int    // of the message, 0 for all of text
		err  string // "" for none
		more bool   // the message is not complete
	}{
		"no body":             {text: crlf(start + "Content-Length: 0\n\n")},
		"body":                {text: crlf(start+"Content-Length: 4\n\n") + "body"},
		"compact":             {text: crlf(start+"l: 4\n\n") + "body"},
		"any case":            {text: crlf(start+"CONTENT-LENGTH : 4\n\n") + "body"},
		"folded":              {text: crlf(start+"Content-Length:\n  4\nSubject: x\n\n") + "body"},
		"line feeds alone":    {text: start + "Content-Length: 4\n\nbody"},
		"response":            {text: crlf("SIP/2.0 200 OK\nl: 0\n\n")},
		"the next one":        {text: crlf(start+"l: 0\n\n") + start, n: len(crlf(start + "l: 0\n\n"))},
		"in a fold":           {text: crlf(start + "Subject: x\n l: 77\nl: 0\n\n")},
		"twice the same":      {text: crlf(start+"l: 2\nContent-Length: 2\n\n") + "ab"},
		"two that differ":     {text: crlf(start + "l: 2\nContent-Length: 3\n\n"), err: "400 Conflicting"},
		"none":                {text: crlf(start + "Subject: x\n\n"), err: "400 Missing Content-Length"},
		"none, no header":     {text: crlf(start + "\n"), err: "400 Missing Content-Length"},
		"negative":            {text: crlf(start + "l: -1\n\n"), err: "400 Malformed Content-Length"},
		"two in one":          {text: crlf(start + "l: 1,1\n\n"), err: "400 Malformed Content-Length"},
		"too long":            {text: crlf(start + "l: 65537\n\n"), err: "513"},
		"too long altogether": {text: crlf(start + "l: 65536\n\n"), err: "513"},
		"endless header":      {text: crlf(start) + strings.Repeat("x", MaxSize), err: "513"},
		"endless line":        {text: strings.Repeat("x", MaxSize+1), err: "513"},
		"something else":      {text: "\x16\x03\x01\x02\n", err: "dropped"},
		"body to come":        {text: crlf(start+"l: 5\n\n") + "body", more: true},
		"headers to come":     {text: crlf(start + "l: 5\n"), more: true},
		"in a start line":     {text: "OPTIO", more: true},
		"fold or not":         {text: crlf(start + "l: 0\n"), more: true},
		"nothing":             {text: "", more: true},
	} {
		t.Run(name, func(t *testing.T) {
			want := tt.n
			if want == 0 && tt.err == "" && !tt.more {
				want = len(tt.text)
			}
			check := func(how string, n int, err error) {
				t.Helper()
				switch {
				case tt.err == "" && (err != nil || n != want):
					t.Errorf("%s: %d octets, want %d; %v", how, n, want, err)
				case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
					t.Errorf("%s: %v, want %s", how, err, tt.err)
				}
			}
			var whole Framer
			n, err := whole.Next([]byte(tt.text))
			check("at once", n, err)
			var f Framer
			n, err = 0, nil
			for i := 0; i <= len(tt.text) && n == 0 && err == nil; i++ {
				n, err = f.Next([]byte(tt.text[:i]))
			}
			check("octet by octet", n, err)
		})
	}
}

// However a stream is cut, its messages are the same, and the parser agrees on
// where each ends.
func FuzzFramer(f *testing.F) {
	f.Add([]byte("OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKa\r\nl: 3\r\n\r\nabcSIP/2.0 200 OK\r\nContent-Length:\r\n 0\r\n\r\n"), uint8(3))
	f.Add([]byte("BYE sip:a SIP/2.0\nl: 1\nl: 1\n\nx"), uint8(1))
	f.Fuzz(func(t *testing.T, stream []byte, step uint8) {
		split := func(step int) (list [][]byte, fail error) {
			var fr Framer
			rest := stream
			for at := 0; at <= len(rest); {
				n, err := fr.Next(rest[:at])
				if err != nil {
					return list, err
				}
				if n > 0 {
					if n > at {
						t.Fatalf("%d octets of %d", n, at)
					}
					list = append(list, rest[:n])
					rest, at = rest[n:], 0
					continue
				}
				if at == len(rest) {
					break
				}
				at = min(at+step, len(rest))
			}
			return list, nil
		}
		whole, err := split(len(stream) + 1)
		cut, err2 := split(int(step) + 1)
		if len(whole) != len(cut) || (err == nil) != (err2 == nil) {
			t.Fatalf("%d messages, %v; cut: %d, %v", len(whole), err, len(cut), err2)
		}
		for i, b := range whole {
			if !bytes.Equal(b, cut[i]) {
				t.Fatalf("%d: %q, cut: %q", i, b, cut[i])
			}
			var m Message
			perr := m.Parse(bytes.Clone(b))
			if pe := (*ParseError)(nil); errors.As(perr, &pe) && (pe.Reason == errLength.Reason || pe.Reason == errLengths.Reason || pe.Reason == errBodyShort.Reason) {
				t.Fatalf("the parser finds %v in %q", perr, b)
			}
			if perr == nil && len(m.Bytes()) != len(b) {
				t.Fatalf("the parser takes %d of %d octets of %q", len(m.Bytes()), len(b), b)
			}
		}
	})
}

func TestFramerAllocations(t *testing.T) {
	b := []byte("OPTIONS sip:a@b SIP/2.0\r\nSubject: x\r\nContent-Length: 4\r\n\r\nbody")
	var f Framer
	if n := testing.AllocsPerRun(100, func() {
		if n, err := f.Next(b); n != len(b) || err != nil {
			t.Fatal(n, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
