package sip

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/decl"
)

// watched is an office where alice watches bob, whom carol calls.
const watched = office + `
[alice](+)
callerid="Alice A" <106>
mailbox=106
[bob](+)
callcounter=yes
[carol](+)
callcounter=yes
callerid="Carol C" <109>
`

// dialogInfo and pidf are what a phone says that subscribes.
const (
	dialogInfo = " | Event: dialog | Accept: application/dialog-info+xml | Expires: 600\n"
	pidf       = " | Event: presence | Accept: application/pidf+xml | Expires: 600\n"
)

// general adds options to [general] of watched.
func general(options string) string {
	return strings.Replace(watched, "[general]\n", "[general]\n"+options+"\n", 1)
}

func TestBLFSequence(t *testing.T) {
	withFlow(t, general("notifyhold=yes"), nil, func(f *flow) {
		f.plan.extens = map[string]func(*channel.Channel){"107": dial(nil, "SIP/bob")}
		f.play(`
			alice > SUBSCRIBE 107` + dialogInfo + `
			alice < 200 | Expires: 600 | Contact: <sip:107@192.0.2.1:5060>;expires=600
			alice < NOTIFY | Subscription-State: active | Event: dialog | Content-Type: application/dialog-info+xml | version="0" | entity="sip:107@192.0.2.1" | <dialog id="107"> | <state>terminated</state> | CSeq: 102 NOTIFY | Contact: <sip:107@192.0.2.1:5060>
			alice > 200
			carol > INVITE 107 sdp
			carol < 100
			bob < INVITE sdp
			alice < NOTIFY | version="1" | <dialog id="107" direction="recipient"> | <state>early</state> | !pickup
			alice > 200
			bob > 180
			carol < 180
			alice < nothing 1s
			bob > answer sdp
			bob < ACK
			alice < NOTIFY | version="2" | <state>confirmed</state> | !direction
			alice > 200
			carol < 200 sdp
			carol > ACK
			wait 1s
			bob > INVITE sdp=hold
			bob < 200 sdp
			bob > ACK
			alice < NOTIFY | version="3" | <state>confirmed</state> | +sip.rendering
			alice > 200
			wait 1s
			bob > INVITE sdp
			bob < 200 sdp
			bob > ACK
			alice < NOTIFY | version="4" | <state>confirmed</state> | !rendering
			alice > 200
			wait 1s
			carol > BYE
			carol < 200
			bob < BYE
			bob > 200
			alice < NOTIFY | version="5" | <state>terminated</state> | CSeq: 107 NOTIFY
			alice > 200
			alice < nothing 5s
			wait 40s
		`)
	})
}

func TestPIDFSequence(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		f.plan.extens = map[string]func(*channel.Channel){"107": dial(nil, "SIP/bob")}
		f.play(`
			alice > SUBSCRIBE 107` + pidf + `
			alice < 200
			alice < NOTIFY | Event: presence | Content-Type: application/pidf+xml | <note>Ready</note> | <basic>open</basic> | entity="sip:alice@192.0.2.1"
			alice > 200
			carol > INVITE 107 sdp
			carol < 100
			bob < INVITE sdp
			alice < NOTIFY | <ep:busy/> | <note>Ringing</note>
			alice > 200
			bob > 180
			carol < 180
			wait 1s
			carol > CANCEL
			carol < 200
			carol < 487
			carol > ACK
			bob < CANCEL
			bob > 200
			alice < NOTIFY | <note>Ready</note>
			alice > 200
			wait 70s
		`)
	})
}

// TestCallerOfRinging holds what watchers hear of who calls (notifycid=), and what
// they need to pick up.
func TestCallerOfRinging(t *testing.T) {
	for _, c := range []struct {
		name, option, dialled, watched string
		want                           string
	}{
		{"yes", "yes", "107", "", `<identity display="Carol C">sip:109@192.0.2.1</identity>`},
		{"dialled another way", "yes", "999", "", `<identity display="107">sip:107@192.0.2.1</identity>`},
		{"another context", "yes", "107", "other", `<identity display="107">sip:107@192.0.2.1</identity>`},
		{"ignore-context", "ignore-context", "999", "other", `<identity display="Carol C">sip:109@192.0.2.1</identity>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := general("notifycid=" + c.option + "\nsubscribecontext=" + c.watched)
			withFlow(t, conf, nil, func(f *flow) {
				f.plan.any = dial(nil, "SIP/bob")
				f.play(`
					alice > SUBSCRIBE 107` + dialogInfo + `
					alice < 200
					alice < NOTIFY | <state>terminated</state>
					alice > 200
					carol > INVITE ` + c.dialled + ` sdp
					carol < 100
					bob < INVITE sdp
					alice < NOTIFY | call-id="pickup-alice-1@test" local-tag="alice1" remote-tag="as | direction="recipient" | ` + c.want + `
					alice > 200
					bob > 180
					carol < 180
					wait 1s
					carol > CANCEL
					carol < 200
					carol < 487
					carol > ACK
					bob < CANCEL
					bob > 200
					wait 70s
				`)
			})
		})
	}
}

func TestNotifyRinging(t *testing.T) {
	withFlow(t, general("notifyringing=no"), nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 203` + dialogInfo + `
			alice < 200
			alice < NOTIFY | terminated
			alice > 200
		`)
		f.states.SetDevice("abc", channel.DeviceRinging)
		f.play("alice < nothing 1s")
		f.states.SetDevice("abc", channel.DeviceRingInUse)
		f.play("alice < NOTIFY | confirmed | !direction\nalice > 200")
		f.states.SetDevice("abc", channel.DeviceInUse)
		f.play("alice < nothing 1s")
	})
}

func TestSubscribeRefused(t *testing.T) {
	for _, c := range []struct{ name, conf, send, want string }{
		{"no hint", watched, "SUBSCRIBE 999" + dialogInfo, "404"},
		{"no Accept, as the ancestor has it", strings.Replace(watched, "[general]\n", "[general]\ncompat=asterisk\n", 1), "SUBSCRIBE 107 | Event: dialog", "489 | SIP/2.0 489 Bad Event"},
		{"unknown type", watched, "SUBSCRIBE 107 | Event: presence | Accept: application/foo", "489 | 489 Bad Event (format application/foo)"},
		{"unknown event", watched, "SUBSCRIBE 107 | Event: foo | Accept: x/y", "489 | Allow-Events: dialog, presence"},
		{"no event", watched, "SUBSCRIBE 107 | Accept: application/pidf+xml", "489"},
		{"too short", watched, "SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 10", "423 | 423 Interval too small | Min-Expires: 60"},
		{"no mailbox", strings.Replace(watched, "mailbox=106\n", "", 1), "SUBSCRIBE 106 | Event: message-summary", "404 | 404 Not found (no mailbox)"},
		{"wrong Accept for messages", watched, "SUBSCRIBE 106 | Event: message-summary | Accept: application/pidf+xml", "406 | 406 Not Acceptable"},
		{"allowsubscribe=no", general("allowsubscribe=no"), "SUBSCRIBE 107" + dialogInfo, "403 | 403 Forbidden (policy)"},
		{"no such subscription", watched, "SUBSCRIBE 107 tag=nosuch" + dialogInfo, "481"},
		{"somebody else's registration", watched, "SUBSCRIBE bob | Event: reg", "403"},
	} {
		t.Run(c.name, func(t *testing.T) {
			withFlow(t, c.conf, nil, func(f *flow) {
				f.play("alice > " + strings.TrimSpace(c.send) + "\nalice < " + c.want + "\nalice < nothing 5s\n")
				if f.d.subs.count != 0 {
					t.Errorf("%d subscriptions are left", f.d.subs.count)
				}
			})
		})
	}
}

func TestSubscriptionLife(t *testing.T) {
	begin := `
		alice > SUBSCRIBE 107` + dialogInfo + `
		alice < 200
		alice < NOTIFY | version="0" | active
		alice > 200
	`
	for _, c := range []struct{ name, script string }{
		{"refresh", begin + `
			wait 300s
			alice > SUBSCRIBE` + dialogInfo + `
			alice < 200 | Expires: 600
			alice < NOTIFY | version="1" | active
			alice > 200
			alice < nothing 600s
		`},
		{"refresh without Accept", begin + `
			alice > SUBSCRIBE | Event: dialog | Expires: 60
			alice < 200 | Expires: 60
			alice < NOTIFY | dialog-info | active
			alice > 200
			alice < NOTIFY @70s | Subscription-State: terminated;reason=timeout
			alice > 200
		`},
		{"unsubscribe", begin + `
			alice > SUBSCRIBE | Event: dialog | Accept: application/dialog-info+xml | Expires: 0
			alice < 200 | Expires: 0 | !Contact:
			alice < NOTIFY | version="1" | Subscription-State: terminated;reason=timeout | <state>terminated</state>
			alice > 200
			alice > SUBSCRIBE` + dialogInfo + `
			alice < 481
		`},
		{"fetch", `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 0
			alice < 200 | Expires: 0 | !Contact:
			alice < NOTIFY | version="0" | terminated;reason=timeout | CSeq: 102 NOTIFY
			alice > 200
			alice < nothing 60s
		`},
		{"its time is over", begin + `
			alice < NOTIFY @610s | terminated;reason=timeout
			alice > 200
		`},
		{"the phone has forgotten it", `
			alice > SUBSCRIBE 107` + dialogInfo + `
			alice < 200
			alice < NOTIFY
			alice > 481
			wait 1s
			alice > SUBSCRIBE` + dialogInfo + `
			alice < 481
		`},
		{"a retransmission", begin + `
			alice > again
			alice < nothing 1s
		`},
		{"out of order", begin + `
			alice > SUBSCRIBE cseq=1` + dialogInfo + `
			alice < 500
		`},
		{"another package", begin + `
			alice > SUBSCRIBE | Event: message-summary | Expires: 600
			alice < 489
		`},
		{"an id", `
			alice > SUBSCRIBE 107 | Event: presence;id=3 | Accept: application/pidf+xml | Expires: 600
			alice < 200
			alice < NOTIFY | Event: presence;id=3
			alice > 200
		`},
		{"a dialog is asked for, a PIDF taken", `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/pidf+xml | Expires: 600
			alice < 200
			alice < NOTIFY | Event: presence | application/pidf+xml
			alice > 200
		`},
		{"no Expires", `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml
			alice < 200 | Expires: 120
			alice < NOTIFY
			alice > 200
		`},
		{"too long", `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 99999
			alice < 200 | Expires: 3600
			alice < NOTIFY
			alice > 200
		`},
		{"through a proxy", `
			alice > SUBSCRIBE 107 | Record-Route: <sip:192.0.2.30:5060;lr> | Event: dialog | Accept: application/dialog-info+xml
			alice < 200 | Record-Route: <sip:192.0.2.30:5060;lr>
			carol < NOTIFY | NOTIFY sip:alice@192.0.2.10:5060 | Route: <sip:192.0.2.30:5060;lr>
			carol > 200
		`},
		{"from elsewhere", begin + `
			mallory > SUBSCRIBE 107` + dialogInfo + `
			mallory < 401
		`},
	} {
		t.Run(c.name, func(t *testing.T) { runFlow(t, watched, nil, c.script) })
	}
}

// TestNotifyUnanswered holds that a phone that is gone is told nothing more.
func TestNotifyUnanswered(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 203` + dialogInfo + `
			alice < 200
			alice < NOTIFY
			alice < NOTIFY @500ms
		`)
		f.states.SetDevice("abc", channel.DeviceInUse) // one is on its way
		time.Sleep(40 * time.Second)
		synctest.Wait()
		if f.d.subs.count != 0 || len(f.d.subs.hints) != 0 {
			t.Errorf("%d subscriptions, %d hints are left", f.d.subs.count, len(f.d.subs.hints))
		}
	})
}

// TestCoalescing holds that what changes while a NOTIFY is unanswered, and what
// changes fast, is told as one.
func TestCoalescing(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 203` + dialogInfo + `
			alice < 200
			alice < NOTIFY | version="0"
		`)
		for range 5 {
			f.states.SetDevice("abc", channel.DeviceRinging)
			f.states.SetDevice("abc", channel.DeviceInUse)
		}
		f.play(`
			alice < nothing 200ms
			alice > 200
			alice < NOTIFY | version="1" | confirmed
			alice > 200
		`)
		f.states.SetDevice("abc", channel.DeviceNotInUse)
		f.play("alice < NOTIFY @100ms | version=\"2\" | terminated\nalice > 200")
		f.states.SetDevice("abc", channel.DeviceInUse)
		synctest.Wait()
		f.states.SetDevice("abc", channel.DeviceNotInUse)
		f.play("alice < NOTIFY @100ms | version=\"3\" | terminated\nalice > 200\nalice < nothing 1s")
	})
}

func TestHintGoes(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 215` + dialogInfo + `
			alice < 200
			alice < NOTIFY | active
			alice > 200
			wait 1s
		`)
		f.loadHints("[phones]\nexten => 107,hint,SIP/bob\n")
		f.play("alice < NOTIFY | Subscription-State: terminated;reason=noresource\nalice > 200")
		if f.d.subs.count != 0 {
			t.Error("the subscription is still there")
		}
	})
}

func TestReloadEndsSubscriptions(t *testing.T) {
	for _, c := range []struct{ name, conf, want string }{
		{"the same", watched, "nothing 1s"},
		{"another way to show", general("notifycid=yes"), "NOTIFY | Subscription-State: active"},
		{"another context", general("subscribecontext=other"), "NOTIFY | terminated;reason=deactivated"},
		{"not allowed", general("allowsubscribe=no"), "NOTIFY | terminated;reason=rejected"},
		{"the section is gone", office[:strings.Index(office, "[alice]")] + office[strings.Index(office, "[bob]"):], "NOTIFY | terminated;reason=rejected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			withFlow(t, watched, nil, func(f *flow) {
				f.play(`
					alice > SUBSCRIBE 107` + dialogInfo + `
					alice < 200
					alice < NOTIFY
					alice > 200
					wait 1s
				`)
				f.d.Reload(testConfig(t, c.conf))
				f.play("alice < " + c.want + "\nalice > 200\nalice < nothing 1s")
			})
		})
	}
}

func TestCloseTellsPhones(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 107` + dialogInfo + `
			alice < 200
			alice < NOTIFY
			alice > 200
		`)
		f.d.Close()
		f.play("alice < NOTIFY | terminated;reason=deactivated")
		f.d, _ = New(testConfig(t, watched), Deps{
			Network: f.net, Registry: f.reg, Dialplan: f.plan, Media: f.media, Bus: f.bus, Log: f.d.log, Now: time.Now, Random: f.d.random,
		})
		go func() { _ = f.d.Run() }()
	})
}

// TestRestart holds that lamps go on where they were after a restart.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &rigStore{records: map[string][]byte{}}
		f := newFlowWith(t, watched, nil, store)
		defer f.close()
		f.play(`
			alice > SUBSCRIBE 203` + dialogInfo + `
			alice < 200
			alice < NOTIFY | version="0"
			alice > 200
			wait 2s
		`)
		f.restart(watched, func() {
			f.play("alice < nothing 1s")
			f.states.SetDevice("abc", channel.DeviceInUse)
		})
		// Three seconds at ten a second, and a little more.
		f.play(`
			alice < NOTIFY | CSeq: 135 NOTIFY | version="33" | confirmed | To: <sip:alice@192.0.2.1>;tag=alice1
			alice > 200
			alice > SUBSCRIBE | Event: dialog | Accept: application/dialog-info+xml | Expires: 0
			alice < 200
			alice < NOTIFY | terminated;reason=timeout
			alice > 200
		`)
		for key := range store.records {
			if strings.HasPrefix(key, subscriptionFamily) {
				t.Errorf("%s is left in the store", key)
			}
		}
	})
}

func TestSubscriptionRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+"[gina]\ntype=friend\nhost=dynamic\n", nil)
		_ = r.Call(func() {
			good := "gina\tpidf+xml\t100\t50\t7\t110\t3\tUDP\t192.0.2.9:5060\tid\tlt\trt\t<sip:1@x>\t<sip:2@x>\tsip:2@192.0.2.9\tctx\t107\tsip:107@x\tsip:2@x\t3\t<sip:p;lr>"
			s, saved, err := r.parseSubscription(good)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(s.appendRecord(nil, saved)); got != good {
				t.Errorf("got  %q\nwant %q", got, good)
			}
			for _, bad := range []string{"", "x", strings.Replace(good, "gina", "nobody", 1), strings.Replace(good, "pidf+xml", "x", 1), strings.Replace(good, "\t100\t", "\tx\t", 1), strings.Replace(good, "UDP", "X25", 1), strings.Replace(good, "192.0.2.9:5060", "x", 1)} {
				if _, _, err := r.parseSubscription(bad); err == nil {
					t.Errorf("%q was read", bad)
				}
			}
		})
	})
}

func TestRegEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, listen+"[gina]\ntype=friend\nhost=dynamic\n", nil)
		p := r.phone("127.0.50.9:5060", "gina")
		if m := p.register("", p.contact()+"Expires: 300\n"); statusOf(m) != 200 {
			t.Fatalf("REGISTER: %d", statusOf(m))
		}
		p.send("SUBSCRIBE sip:gina@127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.50.9:5060;branch=z9hG4bKs1;rport\nMax-Forwards: 70\nFrom: <sip:gina@127.0.50.1>;tag=r1\nTo: <sip:gina@127.0.50.1>\nCall-ID: reg-1\nCSeq: 1 SUBSCRIBE\nContact: <sip:gina@127.0.50.9>\nEvent: reg\nExpires: 600\nContent-Length: 0\n\n")
		msgs := p.receive()
		if len(msgs) != 2 || msgs[0].Status() != 200 || !bytes.Contains(msgs[1].Body(), []byte(`expires="300">`)) || !bytes.Contains(msgs[1].Body(), []byte("<uri>sip:gina@127.0.50.9:5060</uri>")) {
			t.Fatalf("got %d messages: %s", len(msgs), msgs[len(msgs)-1].Bytes())
		}
		p.send("SIP/2.0 200 OK\nVia: " + string(msgs[1].Header(1)) + "\nFrom: " + string(msgs[1].Header(2)) + "\nTo: " + string(msgs[1].Header(3)) + "\nCall-ID: reg-1\nCSeq: " + string(msgs[1].Header(5)) + "\nContent-Length: 0\n\n")
		time.Sleep(time.Second)
		p.send("REGISTER sip:127.0.50.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.50.9:5060;branch=z9hG4bKs2;rport\nMax-Forwards: 70\nFrom: <sip:gina@127.0.50.1>;tag=r2\nTo: <sip:gina@127.0.50.1>\nCall-ID: " + p.id + "\nCSeq: 900 REGISTER\nContact: *\nExpires: 0\nContent-Length: 0\n\n")
		msgs = p.receive()
		if len(msgs) != 2 || !bytes.Contains(append(msgs[0].Body(), msgs[1].Body()...), []byte(`state="terminated"/>`)) {
			t.Fatalf("got %d messages", len(msgs))
		}
	})
}

// command runs a console command of the driver.
func (f *flow) command(line string) string {
	f.t.Helper()
	for _, c := range f.d.Commands() {
		rest, ok := strings.CutPrefix(line, c.Words)
		if !ok || rest != "" && rest[0] != ' ' {
			continue
		}
		var out bytes.Buffer
		if err := c.Run(context.Background(), &decl.Request{Args: strings.Fields(rest), Line: line, Out: &out}); err != nil {
			fmt.Fprintln(&out, err)
		}
		return out.String()
	}
	f.t.Fatalf("no command %q", line)
	return ""
}

func TestShowSubscriptions(t *testing.T) {
	withFlow(t, watched, nil, func(f *flow) {
		f.play(`
			alice > SUBSCRIBE 203` + dialogInfo + `
			alice < 200
			alice < NOTIFY
			alice > 200
			alice > SUBSCRIBE 106 call=new | Event: message-summary | Expires: 600
			alice < 200
			alice < NOTIFY
			alice > 200
		`)
		want := `Peer             User             Call ID          Extension        Last state     Type            Mailbox    Expiry
192.0.2.10       106              alice-6@test     --               <none>         mwi             106@defaul 000600
192.0.2.10       106              alice-1@test     203@phones       Idle           dialog-info+xml <none>     000600
2 active SIP subscriptions
`
		got := f.command("sip show subscriptions")
		got = strings.ReplaceAll(got, "alice-"+fmt.Sprint(f.phone("alice").serial-1)+"@test", "alice-6@test")
		if len(strings.Split(got, "\n")) != 5 || !strings.Contains(got, strings.Split(want, "\n")[0]) || !strings.Contains(got, strings.Split(want, "\n")[2]) || !strings.Contains(got, "2 active SIP subscriptions\n") {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if got := f.command("sip show subscription alice-1"); !strings.Contains(got, "Extension:              203@phones\n") {
			t.Errorf("got\n%s", got)
		}
		if got := f.command("sip show subscription nosuch"); got != "No such SIP Call ID starting with 'nosuch'\n" {
			t.Errorf("got %q", got)
		}
	})
}

// TestPickupByReplaces is a watcher that takes the call which its lamp shows: with
// Replaces and the ids of the ringing dialog.
func TestPickupByReplaces(t *testing.T) {
	withFlow(t, general("notifycid=yes"), nil, func(f *flow) {
		f.plan.extens = map[string]func(*channel.Channel){"107": dial(nil, "SIP/bob")}
		f.play(`
			alice > SUBSCRIBE 107` + dialogInfo + `
			alice < 200
			alice < NOTIFY
			alice > 200
			carol > INVITE 107 sdp
			carol < 100
			bob < INVITE sdp
			alice < NOTIFY | call-id="pickup-alice-1@test" | early
			alice > 200
			bob > 180
			carol < 180
		`)
		body := string(f.phone("alice").request.Body())
		tag := func(name string) string {
			_, rest, _ := strings.Cut(body, name+`="`)
			tag, _, _ := strings.Cut(rest, `"`)
			return tag
		}
		f.play(`
			alice > INVITE 107 sdp call=new | Replaces: pickup-alice-1@test;to-tag=` + tag("remote-tag") + `;from-tag=` + tag("local-tag") + `
			alice < 100
			alice < 200 sdp
			alice > ACK
		`)
	})
}
