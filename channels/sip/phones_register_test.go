package sip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channels/sip/message"
)

// TestRegisterHabits: REGISTER as phones of other makes send it.
func TestRegisterHabits(t *testing.T) {
	for name, tt := range map[string]struct {
		user, headers string
		want          string // where it is registered
	}{
		"several at once":                     {"many", "Contact: <sip:many@127.0.50.10:5070>;q=0.3, <sip:many@127.0.50.11:5070>;q=0.9\n", "127.0.50.10:5070 127.0.50.11:5070"},
		"several lines":                       {"many", "Contact: <sip:many@127.0.50.10:5070>\nm: <sip:many@127.0.50.11:5070>\n", "127.0.50.10:5070 127.0.50.11:5070"},
		"several where one may be":            {"alice", "Contact: <sip:alice@127.0.50.11:5070>;q=0.3, <sip:alice@127.0.50.10:5070>;q=0.9\n", "127.0.50.10:5070"},
		"several of equal q where one may be": {"alice", "Contact: <sip:alice@127.0.50.10:5070>, <sip:alice@127.0.50.11:5070>\n", "127.0.50.10:5070"},
		"moved, the old one is taken back":    {"alice", "Contact: <sip:alice@127.0.50.9:5070>;expires=0, <sip:alice@127.0.50.10:5070>;expires=300\n", "127.0.50.10:5070"},
		"moved, in the other order":           {"alice", "Contact: <sip:alice@127.0.50.10:5070>;expires=300, <sip:alice@127.0.50.9:5070>;expires=0\n", "127.0.50.10:5070"},
		"an expiry in quotes":                 {"alice", `Contact: "Alice" <sip:alice@127.0.50.10:5070>;expires="300"` + "\n", "127.0.50.10:5070"},
		"a parameter of the URI in quotes":    {"alice", `Contact: <sip:alice@127.0.50.10:5070;x-line="VGhd,<a>==">;expires=300` + "\n", "127.0.50.10:5070"},
		"no brackets":                         {"alice", "Contact: sip:alice@127.0.50.10:5070;expires=300\n", "127.0.50.10:5070"},
		"all that a desk phone says of itself": {
			"alice", `Contact: <sip:alice@127.0.50.10:5070;line=qzsjb6bs>;reg-id=1;q=1.0;+sip.instance="<urn:uuid:x>";audio;mobility="fixed";duplex="full";` +
				`description="desk";actor="principal";events="dialog";methods="INVITE,ACK,CANCEL,BYE,REFER,OPTIONS,NOTIFY,SUBSCRIBE,PRACK,MESSAGE,INFO"` +
				"\nAllow-Events: dialog\nX-Real-IP: 10.0.0.1\nSupported: path, gruu, outbound\nWWW-Contact: <http://10.0.0.1:80>\nExpires: 3600\n",
			"127.0.50.10:5070",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, strings.Replace(phones, "minexpiry", "nat=no\nminexpiry", 1), nil)
				before := r.phone("127.0.50.9:5070", tt.user)
				if tt.user == "alice" {
					before.register("alicepw", before.contact())
				}
				p := r.phone("127.0.50.10:5070", tt.user)
				if m := p.register(tt.user+"pw", tt.headers); statusOf(m) != 200 {
					t.Fatalf("status %d %s", statusOf(m), m.Reason())
				}
				var got []string
				if err := r.Call(func() {
					for _, c := range r.peer(tt.user).contacts {
						got = append([]string{c.Addr.String()}, got...)
					}
				}); err != nil {
					t.Fatal(err)
				}
				if s := strings.Join(got, " "); s != tt.want {
					t.Errorf("registered at %s, want %s", s, tt.want)
				}
			})
		})
	}
}

// TestRegisterSequence: what comes out of order changes nothing (RFC 3261 10.3); a phone
// that begins to count again under its old Call-ID after it was switched off and on does.
func TestRegisterSequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, strings.Replace(phones, "secret=alicepw", "", 1), nil)
		contact := r.phone("127.0.50.10:5070", "alice").contact()
		for i, step := range []struct {
			wait    time.Duration
			seq     int
			expires string
			want    int
		}{
			{0, 7, "300", 200},
			{time.Second, 6, "0", 500},
			{time.Second, 7, "0", 500},
			{time.Second, 8, "300", 200},
			{33 * time.Second, 1, "300", 200},
			{time.Second, 1, "300", 500},
			{time.Second, 2, "0", 200},
		} {
			time.Sleep(step.wait)
			p := r.phone(fmt.Sprintf("127.0.50.10:%d", 6000+i), "alice") // with a branch of its own
			p.id, p.seq = "mac-address", step.seq-1
			if m := p.ask("REGISTER", "", contact+"Expires: "+step.expires+"\n", ""); statusOf(m) != step.want {
				t.Errorf("CSeq %d after %v: %d, want %d", step.seq, step.wait, statusOf(m), step.want)
			}
		}
	})
}

// TestEscapedNames: a name with escapes is the same name.
func TestEscapedNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		p := r.phone("127.0.50.10:5070", "alice")
		first := p.ask("REGISTER", "", p.contact(), "")
		p.user = "%61lice"
		if m := p.ask("REGISTER", "", answerTo(t, first, "REGISTER", "sip:127.0.50.1", "alice", "alicepw", "00000001")+p.contact(), ""); statusOf(m) != 200 || len(contacts(m)) != 1 {
			t.Errorf("REGISTER of %%61lice: %d", statusOf(m))
		}
		m := &message.Message{}
		if err := m.Parse([]byte("OPTIONS sip:a SIP/2.0\r\nFrom: <sip:%61LIC%65@127.0.50.1>;tag=x\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
		if name := string(r.claimedName(m)); name != "aLICe" || r.peer(name) == nil {
			t.Errorf("From is taken for %s", name)
		}
	})
}

// TestDigestHabits: credentials as phones of other makes write them.
func TestDigestHabits(t *testing.T) {
	for name, change := range map[string]func(string) string{
		"everything in quotes": func(a string) string {
			return strings.NewReplacer("qop=auth", `qop="auth"`, "nc=00000001", `nc="00000001"`, "algorithm=MD5", `algorithm="MD5"`).Replace(a)
		},
		"no algorithm": func(a string) string { return strings.Replace(a, ", algorithm=MD5", "", 1) },
		"names in another case": func(a string) string {
			return strings.NewReplacer("Digest username", "DIGEST Username", "nonce=", "Nonce=").Replace(a)
		},
		"no spaces":              func(a string) string { return strings.ReplaceAll(a, ", ", ",") },
		"an opaque of its own":   func(a string) string { return strings.Replace(a, "\n", `, opaque=""`+"\n", 1) },
		"lines that are folded":  func(a string) string { return strings.Replace(a, ", uri", ",\n uri", 1) },
		"a user part in the URI": nil,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, phones, nil)
				p := r.phone("127.0.50.10:5070", "alice")
				first := p.ask("REGISTER", "", p.contact(), "")
				uri := "sip:127.0.50.1"
				if change == nil {
					uri, change = "sip:alice@127.0.50.1:5060;transport=udp", func(a string) string { return a }
				}
				auth := change(answerTo(t, first, "REGISTER", uri, "alice", "alicepw", "00000001"))
				p.seq++
				p.send(fmt.Sprintf("REGISTER %s SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKhabit\nMax-Forwards: 70\nFrom: <sip:alice@127.0.50.1>;tag=h\nTo: <sip:alice@127.0.50.1>\nCall-ID: %s\nCSeq: %d REGISTER\n%s%sContent-Length: 0\n\n",
					uri, p.addr, p.id, p.seq, p.contact(), auth))
				if got := p.receive(); len(got) != 1 || got[0].Status() != 200 {
					t.Errorf("%s: %v", auth, got)
				}
			})
		})
	}
}
