package sip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
)

const pidfBody = `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:bob@192.0.2.1"><tuple id="t"><status><basic>open</basic></status><note>%s</note></tuple></presence>`

func TestPublish(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		dnd := " | Event: presence | Content-Type: application/pidf+xml | Expires: 600 | body " + fmt.Sprintf(pidfBody, "Do not disturb")
		f.play(`
			alice > SUBSCRIBE 107` + pidf + `
			alice < 200
			alice < NOTIFY | <note>Ready</note>
			alice > 200
			bob > PUBLISH bob` + dnd + `
			bob < 200 | SIP-ETag: | Expires: 600
			alice < NOTIFY | <note>Do not disturb</note> | <ep:busy/> | <basic>open</basic>
			alice > 200
		`)
		if p := f.d.Presence("bob"); p.State != channel.PresenceDND {
			t.Errorf("bob's presence is %v", p)
		}
		bob := f.phone("bob")
		publish(t, f, bob, "x", "Expires: 600", 412)
		publish(t, f, bob, lastETag(f, t), "Expires: 10", 423)
		first := lastETag(f, t)
		second := publish(t, f, bob, first, "Expires: 60", 200)
		if second == first || second == "" {
			t.Errorf("the entity tag %q did not change", second)
		}
		publish(t, f, bob, first, "Expires: 60", 412)
		f.play(`
			alice < NOTIFY @@61s | <note>Ready</note>
			alice > 200
		`)
		publish(t, f, bob, second, "Expires: 60", 412)
	})
}

// lastETag is the entity tag of bob's publication.
func lastETag(f *flow, t *testing.T) (etag string) {
	t.Helper()
	if err := f.d.Call(func() {
		if l := f.d.peer("bob").published.list; len(l) > 0 {
			etag = l[len(l)-1].etag
		}
	}); err != nil {
		t.Fatal(err)
	}
	return etag
}

// publish refreshes a publication and returns its new entity tag.
func publish(t *testing.T, f *flow, p *flowPhone, etag, headers string, want int) string {
	t.Helper()
	p.serial++
	text := fmt.Sprintf("PUBLISH sip:bob@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP %v;branch=z9hG4bKp%d\r\nMax-Forwards: 70\r\nFrom: <sip:bob@192.0.2.1>;tag=p\r\nTo: <sip:bob@192.0.2.1>\r\nCall-ID: publish\r\nCSeq: %d PUBLISH\r\nEvent: presence\r\nSIP-If-Match: %s\r\n%s\r\nContent-Length: 0\r\n\r\n", p.addr, p.serial, p.serial, etag, headers)
	if err := p.socket.Send([]byte(text), flowAddr); err != nil {
		t.Fatal(err)
	}
	b, ok := f.next(p, time.Second)
	if !ok {
		t.Fatal("no answer")
	}
	m := &message.Message{}
	if err := m.Parse(append([]byte(nil), b...)); err != nil {
		t.Fatal(err)
	}
	if m.Status() != want {
		t.Errorf("%s %s: %d, want %d", etag, headers, m.Status(), want)
	}
	return string(m.Header(message.HeaderSIPETag))
}

func TestPublishRefused(t *testing.T) {
	good := "Event: presence | Content-Type: application/pidf+xml | body " + fmt.Sprintf(pidfBody, "x")
	for _, c := range []struct{ name, send, want string }{
		{"another event", "PUBLISH bob | Event: foo", "489 | Allow-Events: presence, dialog"},
		{"no body", "PUBLISH bob | Event: presence", "400"},
		{"another type", "PUBLISH bob | Event: presence | Content-Type: text/plain | body hello", "415 | Accept: application/pidf+xml"},
		{"no PIDF", "PUBLISH bob | Event: presence | Content-Type: application/pidf+xml | body hello", "400"},
		{"for somebody else", "PUBLISH carol | " + good, "403"},
		{"too short", "PUBLISH bob | Expires: 5 | " + good, "423 | Min-Expires: 60"},
		{"a tag that is none of its own", "PUBLISH bob | SIP-If-Match: x | " + good, "412"},
	} {
		t.Run(c.name, func(t *testing.T) {
			runFlow(t, watched, nil, "bob > "+c.send+"\nbob < "+c.want)
		})
	}
	t.Run("a stranger", func(t *testing.T) {
		runFlow(t, watched, nil, "mallory > PUBLISH bob | "+good+"\nmallory < 401")
	})
}

// TestPublishDialog holds that calls which do not come through here show.
func TestPublishDialog(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		doc := `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:bob@x"><dialog id="1"><state>confirmed</state></dialog></dialog-info>`
		f.play(`
			alice > SUBSCRIBE 107` + dialogInfo + `
			alice < 200
			alice < NOTIFY | terminated
			alice > 200
			bob > PUBLISH bob | Event: dialog | Content-Type: application/dialog-info+xml | Expires: 60 | body ` + doc + `
			bob < 200
			alice < NOTIFY | confirmed
			alice > 200
			alice < NOTIFY @@60s | terminated
			alice > 200
		`)
	})
}

func TestNotifyCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, findings := loadText(t, listen+"[gina]\ntype=friend\nhost=dynamic\n[bob]\ntype=friend\nhost=127.0.50.8\n[away]\ntype=friend\nhost=dynamic\ndefaultip=127.0.50.7\n[gone]\ntype=friend\nhost=dynamic\n",
			"sip_notify.conf", "[check-sync]\nEvent=>check-sync\nContent-Length=>0\n[custom]\nEvent=>x\nContent-Type=>text/plain\nSubscription-State=>active\nX-Y=>1\nVia=>forged\nContent=>one\nContent=>two\n[bad]\nno name=>x\n")
		if !strings.Contains(fmt.Sprint(findings), "no name") {
			t.Errorf("findings %v", findings)
		}
		r := startRig(t, cfg, nil, nil)
		gina, bob := r.phone("127.0.50.9:5060", "gina"), r.phone("127.0.50.8:5060", "bob")
		away, stranger := r.phone("127.0.50.7:5060", "away"), r.phone("127.0.50.6:5070", "")
		gina.register("", gina.contact()+"Expires: 300\n")
		for _, c := range [][2]string{
			{"sip notify nosuch gina", "Unable to find notify type 'nosuch'\n"},
			{"sip notify check-sync", "say which type of sip_notify.conf, and to which peers\n"},
			{"sip notify check-sync nobody", "Could not create address for 'nobody'\n"},
			{"sip notify check-sync gone 12.5", "Could not create address for 'gone'\nCould not create address for '12.5'\n"},
			{"sip notify check-sync away 127.0.50.6:5070", "Sending NOTIFY of type 'check-sync' to 'away'\nSending NOTIFY of type 'check-sync' to '127.0.50.6:5070'\n"},
			{"sip notify CHECK-SYNC gina bob", "Sending NOTIFY of type 'check-sync' to 'gina'\nSending NOTIFY of type 'check-sync' to 'bob'\n"},
		} {
			if got := r.console(c[0]); got != c[1] {
				t.Errorf("%s: %q, want %q", c[0], got, c[1])
			}
		}
		for _, p := range []*phone{gina, bob, away, stranger} {
			msgs := p.receive()
			if len(msgs) != 1 || msgs[0].Method() != message.NOTIFY || string(msgs[0].Header(message.HeaderEvent)) != "check-sync" ||
				string(msgs[0].Header(message.HeaderSubscriptionState)) != "terminated" || len(msgs[0].Body()) != 0 {
				t.Errorf("%s got %v", p.user, msgs)
			}
		}
		if err := r.Notify("bob", *cfg.notifyType("custom")); err != nil {
			t.Fatal(err)
		}
		msgs := bob.receive()
		if m := msgs[len(msgs)-1]; string(m.Body()) != "one\r\ntwo" || string(m.Header(message.HeaderContentType)) != "text/plain" ||
			string(m.HeaderNamed("X-Y")) != "1" || string(m.Header(message.HeaderSubscriptionState)) != "active" || strings.Contains(string(m.Bytes()), "forged") {
			t.Errorf("got %s", m.Bytes())
		}
		if err := r.Notify("nobody", NotifyType{}); err != ErrNoAddress { //nolint:errorlint // it is the sentinel itself
			t.Errorf("nobody: %v", err)
		}
	})
}
