package sip

import (
	"net/netip"
	"strings"
	"testing"
)

func TestTraceShowsNoSecrets(t *testing.T) {
	got := printable([]byte("REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username=\"a\", response=\"0123456789abcdef\", uri=\"x\"\r\n" +
		"proxy-authorization: Digest response=\"feedbeef\r\nX: a\x1b[2Jb\x00\u202ec\r\n\r\na=crypto:1 AES inline:secret\r\n"))
	for _, secret := range []string{"0123456789abcdef", "feedbeef", "secret", "\x1b", "\x00", "\u202e", "\r"} {
		if strings.Contains(got, secret) {
			t.Errorf("%q is in\n%s", secret, got)
		}
	}
	for _, text := range []string{`username="a", response="<hidden>", uri="x"`, `a\x1b[2Jb\x00\x202ec`, "a=crypto:<hidden>"} {
		if !strings.Contains(got, text) {
			t.Errorf("%q is not in\n%s", text, got)
		}
	}
}

func TestTracerWants(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.1:5061")
	for name, tt := range map[string]struct {
		t    tracer
		a, b bool
	}{
		"off":     {tracer{}, false, false},
		"all":     {tracer{all: true}, true, true},
		"always":  {tracer{always: true}, true, true},
		"address": {tracer{addrs: []netip.AddrPort{netip.AddrPortFrom(a.Addr(), 0)}}, true, true},
		"port":    {tracer{addrs: []netip.AddrPort{a}}, true, false},
	} {
		if tt.t.wants(a) != tt.a || tt.t.wants(b) != tt.b {
			t.Errorf("%s: %v %v", name, tt.t.wants(a), tt.t.wants(b))
		}
	}
}
