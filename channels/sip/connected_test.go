package sip

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// meets answers and talks to somebody else after a second.
func meets(number, name string) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		_ = ch.Leg().Answer()
		if ch.Sleep(time.Second) != nil {
			return
		}
		becomes(ch, number, name)
		untilHangup(ch)
	}
}

func becomes(ch *channel.Channel, number, name string) {
	ch.UpdateIdentity(func(id *channel.Identity) {
		id.Connected = channel.Party{Number: number, HasNumber: number != "", Name: name}
	})
	_ = ch.Leg().Indicate(channel.ControlConnectedLine)
}

// ringsElsewhere rings, and then rings somebody else.
func ringsElsewhere(then channel.Control) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		_ = ch.Leg().Indicate(channel.ControlRinging)
		if ch.Sleep(time.Second) != nil {
			return
		}
		becomes(ch, "300", "Dora")
		if ch.Sleep(time.Second) != nil {
			return
		}
		if then == channel.ControlAnswer {
			_ = ch.Leg().Answer()
		} else {
			_ = ch.Leg().Indicate(then)
		}
		untilHangup(ch)
	}
}

func TestConnectedLine(t *testing.T) {
	alice := func(options string) string { return strings.Replace(office, "[bob]", options+"[bob]", 1) }
	const up = `
		alice > INVITE 2000 sdp | Allow: INVITE, UPDATE
		alice < 100
		alice < 200 sdp
		alice > ACK`
	tests := []struct {
		name, conf string
		app        func(*channel.Channel)
		script     string
	}{
		{"with a re-INVITE", alice("sendrpid=yes\n"), meets("300", "Dora"), up + `
			alice < INVITE @1s sdp | Remote-Party-ID: "Dora" <sip:300@192.0.2.1>;party=called;privacy=off;screen=no
			alice > 200 sdp
			alice < ACK`},
		{"with UPDATE", alice("sendrpid=pai\nrpid_update=yes\n"), meets("300", "Dora"), up + `
			alice < UPDATE @1s | P-Asserted-Identity: "Dora" <sip:300@192.0.2.1>
			alice > 200
			alice < nothing 2s`},
		{"UPDATE is refused after all", alice("sendrpid=pai\nrpid_update=yes\n"), meets("300", "Dora"), up + `
			alice < UPDATE @1s
			alice > 405
			alice < INVITE sdp | P-Asserted-Identity: "Dora" <sip:300@192.0.2.1>
			alice > 200 sdp
			alice < ACK`},
		{"a phone that does not want to know", alice(""), meets("300", "Dora"), up + `
			alice < nothing 3s`},
		{"nobody in particular", alice("sendrpid=yes\n"), meets("", ""), up + `
			alice < nothing 3s`},
		{"while it rings, with the next response", alice("sendrpid=yes\n"), ringsElsewhere(channel.ControlAnswer), `
			alice > INVITE 2000 sdp
			alice < 100
			alice < 180 | !Remote-Party-ID
			alice < 200 @2s sdp | Remote-Party-ID: "Dora" <sip:300@192.0.2.1>
			alice > ACK
			alice < nothing 1s`},
		{"while it rings, at once", alice("sendrpid=yes\nrpid_immediate=yes\n"), ringsElsewhere(channel.ControlAnswer), `
			alice > INVITE 2000 sdp
			alice < 100
			alice < 180
			alice < 180 @1s | Remote-Party-ID: "Dora" <sip:300@192.0.2.1>
			alice < 200 @1s sdp
			alice > ACK
			alice < nothing 1s`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": tt.app}, func(f *flow) {
				f.play(tt.script)
				f.endAll()
			})
		})
	}
}

// TestHeardIdentity: who a trusted far end says it is reaches the other end.
func TestHeardIdentity(t *testing.T) {
	const script = `
		alice > INVITE 2000 sdp
		alice < 100
		carol < INVITE sdp
		carol > 180 | P-Asserted-Identity: "Dora" <sip:300@192.0.2.30>
		alice < 180
		carol > 200 sdp | P-Asserted-Identity: "Dora" <sip:300@192.0.2.30>
		carol < ACK
		alice < 200 sdp
		alice > ACK
		carol > UPDATE | P-Asserted-Identity: <tel:+4930301> | Privacy: id
		carol < 200
		carol > INVITE sdp | Remote-Party-ID: "Emil" <sip:302@192.0.2.30>;privacy=full
		carol < 200 sdp
		carol > ACK`
	for _, tt := range []struct{ conf, want string }{
		{office + "trustrpid=yes\n", "ConnectedLine Dora 300 0; Ringing; answer ulaw; ConnectedLine  +4930301 32; ConnectedLine Emil 302 32"},
		{office, "Ringing; answer ulaw"},
	} {
		var got []string
		withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": hears(&got)}, func(f *flow) {
			f.play(script)
			f.endAll()
		})
		if s := strings.Join(got, "; "); !strings.HasPrefix(s, tt.want) {
			t.Errorf("%q\nwant %q", s, tt.want)
		}
	}
}

// hears calls carol and notes what her leg tells.
func hears(got *[]string) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		leg, err := ch.Registry().Request("SIP/carol", channel.Request{From: ch, Formats: []string{"ulaw"}})
		if err != nil {
			return
		}
		defer leg.Hangup()
		_ = leg.Leg().Call()
		for {
			_, f, err := channel.WaitAny(-1, leg, ch)
			switch {
			case err != nil:
				return
			case f.Kind != channel.FrameControl:
			case f.Control == channel.ControlConnectedLine:
				p := f.Data.(channel.Party)
				*got = append(*got, fmt.Sprintf("ConnectedLine %s %s %d", p.Name, p.Number, p.Presentation))
			case f.Control == channel.ControlRinging:
				*got = append(*got, "Ringing")
				_ = ch.Leg().Indicate(f.Control)
			case f.Control == channel.ControlAnswer:
				*got = append(*got, "answer ulaw")
				_ = ch.Leg().Answer()
			}
		}
	}
}

func TestDiversionOf(t *testing.T) {
	for _, tt := range []struct{ headers, want string }{
		{"", "false"},
		{"Diversion: \"Ann\" <sip:102@a.example>;reason=user-busy;counter=1, <sip:101@b.example>", "102 a.example user-busy"},
		{"Diversion: <tel:+4930102>", "+4930102  unknown"},
		{"Diversion: <sip:102@a.example>;reason=\"do-not-disturb\"", "102 a.example do-not-disturb"},
		{"Diversion: <sip:a.example>", "false"},
		{"History-Info: <sip:102@a.example?Reason=SIP%3Bcause%3D486>;index=1, <sip:103@a.example>;index=1.1", "102 a.example user-busy"},
		{"History-Info: <sip:102@a.example>;index=1\r\nHistory-Info: <sip:103@a.example;cause=302>;index=1.1;mp=1", "102 a.example unconditional"},
		{"History-Info: <sip:102@a.example>;index=1", "false"},
		{"History-Info: <sip:102@a.example?Reason=Q.850%3Bcause%3D16>;index=1", "false"},
		{"Diversion: <sip:7@x>\r\nHistory-Info: <sip:102@a.example?Reason=SIP%3Bcause%3D486>;index=1", "7 x unknown"},
	} {
		m := &message.Message{}
		text := "INVITE sip:1@x SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKa\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:1@x>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n" + tt.headers
		if tt.headers != "" {
			text += "\r\n"
		}
		if err := m.Parse([]byte(text + "\r\n")); err != nil {
			t.Fatal(err)
		}
		got := "false"
		if v, ok := diversionOf(m); ok {
			got = v.number + " " + v.domain + " " + v.reason
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.headers, got, tt.want)
		}
	}
}

// TestDiversion: a call that was sent on says so where it goes to, and to the
// dialplan.
func TestDiversion(t *testing.T) {
	conf := strings.Replace(office, "[alice]", "send_history_info=yes\n[alice]", 1)
	var told string
	app := func(ch *channel.Channel) {
		v := func(name string) string { value, _ := ch.Var(name); return value.S }
		told = ch.Identity().RDNIS + " " + v("SIPRDNISDOMAIN") + " " + v("PRIREDIRECTREASON") + " " + v("SIPREDIRECTREASON")
		leg, err := ch.Registry().Request("SIP/carol/77", channel.Request{From: ch, Formats: []string{"ulaw"}})
		if err != nil {
			return
		}
		defer leg.Hangup()
		leg.UpdateIdentity(func(id *channel.Identity) {
			id.Connected, id.RDNIS, id.RedirectReason = ch.Identity().Caller, ch.Identity().RDNIS, ch.Identity().RedirectReason
		})
		_ = leg.Leg().Call()
		_, _, _ = channel.WaitAny(-1, leg, ch)
	}
	withFlow(t, conf, map[string]func(*channel.Channel){"2000": app}, func(f *flow) {
		f.phone("carol")
		f.play(`
			alice > INVITE 2000 sdp | Diversion: <sip:102@a.example>;reason=no-answer
			alice < 100
			carol < INVITE sdp | Diversion: <sip:102@192.0.2.1>;reason=no-answer | History-Info: <sip:102@192.0.2.1?Reason=SIP%3Bcause%3D408>;index=1, <sip:77@192.0.2.30>;index=1.1;mp=1
			carol > 603
			carol < ACK`)
		f.endAll()
	})
	if told != "102 a.example no-answer no-answer" {
		t.Errorf("the dialplan is told %q", told)
	}
}

// TestPrivateCallers: who withholds his number is marked so, whoever he says he is.
func TestPrivateCallers(t *testing.T) {
	for _, tt := range []struct{ conf, headers, want string }{
		{office, "", "alice 0"},
		{office, "| Privacy: id", "alice 32"},
		{office, "| Privacy: user;critical", "alice 32"},
		{office, "| Privacy: none", "alice 0"},
		{strings.Replace(office, "[bob]", "trustrpid=yes\n[bob]", 1), "| Privacy: id | P-Asserted-Identity: <sip:555@x>", "555 32"},
		{strings.Replace(office, "[bob]", "trustrpid=yes\n[bob]", 1), "| P-Asserted-Identity: <sip:555@x>", "555 0"},
		{office, "| Privacy: id | P-Asserted-Identity: <sip:555@x>", "alice 32"},
	} {
		var got string
		withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": func(ch *channel.Channel) {
			c := ch.Identity().Caller
			got = fmt.Sprintf("%s %d", c.Number, c.Presentation)
		}}, func(f *flow) {
			f.play("alice > INVITE 2000 sdp " + tt.headers)
			f.endAll()
		})
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.headers, got, tt.want)
		}
	}
}

func FuzzDiversion(f *testing.F) {
	f.Add("Diversion: <sip:102@a>;reason=user-busy", "History-Info: <sip:102@a.example?Reason=SIP%3Bcause%3D486>;index=1, <sip:103@a;cause=302>;index=1.1")
	f.Fuzz(func(t *testing.T, one, two string) {
		m := &message.Message{}
		if m.Parse([]byte("INVITE sip:1@x SIP/2.0\r\n"+one+"\r\n"+two+"\r\n\r\n")) != nil {
			return
		}
		if v, ok := diversionOf(m); ok && (v.reason == "" || strings.ContainsAny(v.reason, "\r\n\"\\")) {
			t.Fatalf("%+v", v)
		}
	})
}
