package sip

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channel/devstate"
	pbxio "pbx/io"
)

// TestMessageSummary holds what a phone gets that subscribes to its mailbox.
func TestMessageSummary(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 106 | Event: message-summary | Accept: application/simple-message-summary | Expires: 600
			alice < 200 | Expires: 600 | Contact: <sip:106@192.0.2.1:5060>;expires=600
			alice < NOTIFY | From: "asterisk" <sip:asterisk@192.0.2.1>;tag=as | To: <sip:alice@192.0.2.10:5060>;tag=alice1 | Contact: <sip:asterisk@192.0.2.1:5060> | Event: message-summary | Subscription-State: active | Messages-Waiting: no | Message-Account: sip:asterisk@192.0.2.1 | Voice-Message: 0/0 (0/0) | Content-Length: 89
			alice > 200
		`)
		f.states.SetMessages("106", channel.Messages{New: 2})
		f.play(`
			alice < NOTIFY | CSeq: 103 NOTIFY | Messages-Waiting: yes | Voice-Message: 2/0 (0/0)
			alice > 200
		`)
		f.states.SetMessages("107", channel.Messages{New: 2})
		f.play(`
			alice < nothing 1s
			alice > SUBSCRIBE | Event: message-summary | Expires: 0
			alice < 200
			alice < NOTIFY | terminated;reason=timeout | Voice-Message: 2/0 (0/0)
			alice > 200
		`)
	})
}

// TestUnsolicitedSummary holds that a phone that does not subscribe is told: when
// it was started, and when messages come.
func TestUnsolicitedSummary(t *testing.T) {
	const conf = listen + "[gina]\ntype=friend\nhost=dynamic\nmailbox=107,9@other\nvmexten=*97\nmwi_from=mailbox\nbuggymwi=yes\n%s"
	for _, c := range []struct {
		option string
		told   bool
	}{{"", true}, {"subscribemwi=yes\n", false}} {
		synctest.Test(t, func(t *testing.T) {
			r, states := newMailboxRig(t, fmt.Sprintf(conf, c.option))
			states.SetMessages("9@other", channel.Messages{New: 1, Old: 4})
			synctest.Wait() // the driver has heard of it
			p := r.phone("127.0.50.9:5060", "gina")
			expect := func(when string, told bool, text string) {
				t.Helper()
				msgs := p.receive()
				if len(msgs) > 0 && msgs[0].IsResponse() {
					msgs = msgs[1:]
				}
				if told = told && c.told; !told {
					if len(msgs) != 0 {
						t.Errorf("%s: told %s", when, msgs[0].Bytes())
					}
					return
				}
				if len(msgs) != 1 {
					t.Fatalf("%s: %d messages", when, len(msgs))
				}
				m := string(msgs[0].Bytes())
				for _, want := range []string{"NOTIFY sip:gina@127.0.50.9:5060 SIP/2.0\r\n", "From: \"mailbox\" <sip:mailbox@127.0.50.1>;tag=", "Event: message-summary\r\n", "Message-Account: sip:*97@127.0.50.1\r\n", text} {
					if !strings.Contains(m, want) {
						t.Errorf("%s: %q is not in\n%s", when, want, m)
					}
				}
				reply := "SIP/2.0 200 OK\n"
				for _, h := range []string{"Via", "From", "To", "Call-ID", "CSeq"} {
					reply += h + ": " + string(msgs[0].HeaderNamed(h)) + "\n"
				}
				p.send(reply + "Content-Length: 0\n\n")
			}
			register := func(id string) {
				p.seq++
				p.send(fmt.Sprintf("REGISTER sip:127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP %s;branch=z9hG4bKr%d;rport\nMax-Forwards: 70\nFrom: <sip:gina@127.0.50.1>;tag=t\nTo: <sip:gina@127.0.50.1>\nCall-ID: %s\nCSeq: %d REGISTER\n%sExpires: 300\nContent-Length: 0\n\n", p.addr, p.seq, id, p.seq, p.contact()))
			}
			register("boot1")
			expect("at the first registration", true, "Messages-Waiting: yes\r\nMessage-Account: sip:*97@127.0.50.1\r\nVoice-Message: 1/4\r\n")
			time.Sleep(time.Minute)
			register("boot1")
			expect("at a refresh", false, "")
			states.SetMessages("107@default", channel.Messages{New: 2})
			expect("when messages come", true, "Voice-Message: 3/4\r\n")
			time.Sleep(time.Minute)
			register("boot2")
			expect("after a restart of the phone", true, "Voice-Message: 3/4\r\n")
		})
	}
}

// TestUnsolicitedMailbox holds that a provider may say unasked what waits there,
// and nobody else.
func TestUnsolicitedMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, states := newMailboxRig(t, listen+"[trunk]\ntype=peer\nhost=127.0.50.8\nunsolicited_mailbox=555\n")
		const body = "Messages-Waiting: yes\nVoice-Message: 4/1 (0/0)\n"
		trunk, stranger := r.phone("127.0.50.8:5060", "555"), r.phone("127.0.50.7:5060", "555")
		if m := stranger.ask("NOTIFY", "555", "Event: message-summary\n", body); statusOf(m) != 489 {
			t.Errorf("a stranger: %d", statusOf(m))
		}
		if m := trunk.ask("NOTIFY", "555", "Event: message-summary\n", "what\n"); statusOf(m) != 400 {
			t.Errorf("nonsense: %d", statusOf(m))
		}
		if _, ok := states.Messages("555@SIP_Remote"); ok {
			t.Error("they were believed")
		}
		if m := trunk.ask("NOTIFY", "555", "Event: message-summary\n", body); statusOf(m) != 200 {
			t.Errorf("the provider: %d", statusOf(m))
		}
		if m, _ := states.Messages("555@SIP_Remote"); m.New != 4 || m.Old != 1 {
			t.Errorf("it has %+v", m)
		}
	})
}

// TestMailboxSource subscribes to a provider's mailbox.
func TestMailboxSource(t *testing.T) {
	conf := general("mwi => user:secret:auth@192.0.2.30/77\nmwiexpiry=600")
	withFlow(t, conf, nil, func(f *flow) {
		f.play(`
			carol < SUBSCRIBE @@600ms | SUBSCRIBE sip:user@192.0.2.30 SIP/2.0 | Event: message-summary | Accept: application/simple-message-summary | Expires: 600 | Contact: <sip:user@192.0.2.1:5060>
			carol > 401 | WWW-Authenticate: Digest realm="prov", nonce="n1", algorithm=MD5, qop="auth"
			carol < SUBSCRIBE | CSeq: 103 SUBSCRIBE | username="auth" | realm="prov"
			carol > 200 tag | Expires: 600 | Contact: <sip:77@192.0.2.30:5060>
		`)
		carol := f.phone("carol")
		to := string(carol.request.Header(2)) // From of the SUBSCRIBE
		notify := func(seq int, state, body string) {
			text := fmt.Sprintf("NOTIFY sip:user@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.30:5060;branch=z9hG4bKn%d\r\nMax-Forwards: 70\r\nFrom: <sip:user@192.0.2.30>;tag=uas-carol\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d NOTIFY\r\nContact: <sip:77@192.0.2.30>\r\nEvent: message-summary\r\nSubscription-State: %s\r\nContent-Length: %d\r\n\r\n%s",
				seq, to, carol.request.CallID(), seq, state, len(body), body)
			if err := carol.socket.Send([]byte(text), flowAddr); err != nil {
				t.Fatal(err)
			}
		}
		notify(1, "active", "Messages-Waiting: yes\r\nVoice-Message: 2/3\r\n")
		f.play("carol < 200")
		if m, _ := f.states.Messages("77@SIP_Remote"); m.New != 2 || m.Old != 3 {
			t.Errorf("it has %+v", m)
		}
		if got := f.command("sip show mwi"); got != "Host                            Username      Mailbox     Subscribed\n192.0.2.30                      user          77          Yes       \n" {
			t.Errorf("got\n%s", got)
		}
		f.play(`
			carol < SUBSCRIBE @@600s | SUBSCRIBE sip:77@192.0.2.30:5060 SIP/2.0 | ;tag=uas-carol | Expires: 600
			carol > 481
			carol < SUBSCRIBE @30s | SUBSCRIBE sip:user@192.0.2.30 SIP/2.0 | !;tag=uas-carol
			carol > 503
			carol < SUBSCRIBE @60s | Expires: 600
			carol > 423 | Min-Expires: 900
			carol < SUBSCRIBE | Expires: 900
			carol > 200 | Expires: 900 | Contact: <sip:77@192.0.2.30:5060>
		`)
		to = string(carol.request.Header(2))
		notify(7, "terminated;reason=deactivated", "")
		f.play("carol < 200\ncarol < SUBSCRIBE @1s | !;tag=uas-carol\ncarol > 200 | Expires: 900")
	})
}

func TestMWILine(t *testing.T) {
	for _, c := range []struct {
		line string
		want MailboxSource
		ok   bool
	}{
		{"user@host/7", MailboxSource{User: "user", Host: "host", Box: "7"}, true},
		{"user:s@cret:auth@host:5070/7@x", MailboxSource{User: "user", Secret: "s@cret", AuthUser: "auth", Host: "host", Port: 5070, Box: "7"}, true},
		{"user:topsecret@host", MailboxSource{}, false},
		{"host/7", MailboxSource{}, false},
	} {
		cfg, findings := loadText(t, "[general]\nmwi => "+c.line+"\n")
		if !c.ok {
			if len(cfg.General.MWI) != 0 || len(findings) == 0 || strings.Contains(fmt.Sprint(findings), "topsecret") {
				t.Errorf("%s: %v %v", c.line, cfg.General.MWI, findings)
			}
			continue
		}
		if len(cfg.General.MWI) != 1 || cfg.General.MWI[0] != c.want {
			t.Errorf("%s: %+v, want %+v", c.line, cfg.General.MWI, c.want)
		}
	}
}

// newMailboxRig is a rig with mailboxes.
func newMailboxRig(t *testing.T, text string) (*rig, *devstate.Table) {
	t.Helper()
	states := devstate.New(devstate.Deps{})
	cfg, _ := loadText(t, text)
	return startRigWith(t, pbxio.NewMemory(), cfg, func(d *Deps) { d.Mailboxes = states }), states
}
