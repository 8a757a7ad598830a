package sip

import (
	"strings"
	"testing"

	"pbx/bridge"
	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

// Hold in the three dialects that there are (RFC 3264 8.4, RFC 2543 B.5), on
// either leg, and what is told of it.
func TestHold(t *testing.T) {
	const up = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK`
	const down = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`
	hold := func(who, form, answer string) string {
		return "\n" + who + " > INVITE sdp=" + form + "\n" + who + " < 200 sdp | " + answer + "\n" + who + " > ACK"
	}
	resume := func(who string) string { return hold(who, "0,8,101", "a=sendrecv") }
	for name, tt := range map[string]struct{ conf, script, want string }{
		"sendonly":              {"", hold("alice", "hold", "a=recvonly") + resume("alice"), "alice Hold, alice Unhold"},
		"inactive":              {"", hold("bob", "inactive", "a=inactive") + resume("bob"), "bob Hold, bob Unhold"},
		"0.0.0.0":               {"", hold("alice", "zero", "a=recvonly") + resume("alice"), "alice Hold, alice Unhold"},
		"::":                    {"", hold("alice", "zero6", "a=recvonly") + resume("alice"), "alice Hold, alice Unhold"},
		"held twice":            {"", hold("alice", "hold", "a=recvonly") + hold("alice", "inactive", "a=inactive") + resume("alice"), "alice Hold, alice Unhold"},
		"both hold":             {"", hold("alice", "hold", "a=recvonly") + hold("bob", "hold", "a=recvonly") + resume("alice") + resume("bob"), "alice Hold, bob Hold, alice Unhold, bob Unhold"},
		"by UPDATE":             {"", "\nalice > UPDATE sdp=hold\nalice < 200 sdp | a=recvonly\nalice > UPDATE sdp\nalice < 200 sdp | a=sendrecv", "alice Hold, alice Unhold"},
		"held when it ends":     {"", hold("alice", "hold", "a=recvonly"), "alice Hold"},
		"retrieval not told":    {"discard_remote_hold_retrieval=yes", hold("alice", "hold", "a=recvonly") + resume("alice"), "alice Hold"},
		"refused, and not held": {"", "\nalice > INVITE sdp=18\nalice < 488\nalice > ACK", ""},
	} {
		t.Run(name, func(t *testing.T) {
			conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\n"+tt.conf, 1)
			withFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil)}, func(f *flow) {
				sub := f.bus.Subscribe(16, event.Hold, event.Unhold)
				f.play(up + tt.script + down)
				sub.Close()
				var got []string
				for e := range sub.C {
					who, _, _ := strings.Cut(strings.TrimPrefix(e.Channel, "SIP/"), "-")
					got = append(got, who+" "+map[event.Kind]string{event.Hold: "Hold", event.Unhold: "Unhold"}[e.Kind])
				}
				if s := strings.Join(got, ", "); s != tt.want {
					t.Errorf("told of %q, want %q", s, tt.want)
				}
			})
		})
	}
}

// Changes of the session by re-INVITE (RFC 3264 8).
func TestSessionChanges(t *testing.T) {
	const up = `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp | o=root
			alice > ACK`
	const down = `
			alice > BYE
			alice < 200`
	for name, script := range map[string]string{
		"another codec":                       "alice > INVITE sdp=8,101\nalice < 200 sdp | RTP/AVP 8 101\nalice > ACK",
		"another address":                     "alice > INVITE sdp=moved\nalice < 200 sdp | m=audio\nalice > ACK",
		"other numbers for digits":            "alice > INVITE sdp=events96\nalice < 200 sdp | RTP/AVP 0 8 96 | a=fmtp:96 0-16\nalice > ACK",
		"a stream is added, and refused":      "alice > INVITE sdp=video\nalice < 200 sdp | m=video 0 RTP/AVP 34 | m=audio\nalice > ACK\nalice > INVITE\nalice < 200 sdp | m=video 0 RTP/AVP 34\nalice > ACK sdp=video",
		"nothing that we speak":               "alice > INVITE sdp=18\nalice < 488\nalice > ACK\nalice > INVITE sdp\nalice < 200 sdp\nalice > ACK",
		"no description in the body":          "alice > INVITE | Content-Type: text/plain | body x\nalice < 415 | Accept: application/sdp\nalice > ACK",
		"not a description":                   "alice > INVITE | Content-Type: application/sdp | body x\nalice < 400\nalice > ACK",
		"an answer in the ACK that cannot be": "alice > INVITE\nalice < 200 sdp\nalice > ACK sdp=18\nalice > INVITE sdp\nalice < 200 sdp\nalice > ACK",
	} {
		t.Run(name, func(t *testing.T) {
			runFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait}, up+"\n"+script+down)
		})
	}
}

// Bodies of an INVITE (RFC 3261 8.2.3, RFC 5621).
func TestBodies(t *testing.T) {
	const sdp = `v=0\r\no=- 1 1 IN IP4 192.0.2.10\r\ns=-\r\nc=IN IP4 192.0.2.10\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8\r\n`
	const mixed = `Content-Type: multipart/mixed;boundary=x | body `
	const isup = `--x\r\nContent-Type: application/ISUP;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x11\r\n`
	const part = `--x\r\nContent-Type: application/sdp\r\n\r\n` + sdp + `\r\n`
	for name, tt := range map[string]struct{ body, want string }{
		"a description between others": {mixed + isup + part + isup + `--x--\r\n`, "alice < 100\nalice < 200 sdp | RTP/AVP 8"},
		"nested": {
			mixed + `--x\r\nContent-Type: multipart/alternative;boundary=y\r\n\r\n--y\r\nContent-Type: application/sdp\r\n\r\n` + sdp + `\r\n--y--\r\n--x--\r\n`,
			"alice < 100\nalice < 200 sdp | RTP/AVP 8",
		},
		"no description":        {mixed + isup + `--x--\r\n`, "alice < 415"},
		"what may be left out":  {"Content-Type: application/vnd.x | Content-Disposition: render; handling=optional | body x", "alice < 100\nalice < 200 sdp | RTP/AVP 0 8 101"},
		"what may not":          {"Content-Type: application/vnd.x | Content-Disposition: render;handling=required | body x", "alice < 415 | Accept: application/sdp"},
		"a coding nobody knows": {"Content-Encoding: gzip | Content-Type: application/sdp | body x", "alice < 415"},
	} {
		t.Run(name, func(t *testing.T) {
			script := "alice > INVITE 1000 | " + tt.body + "\n" + tt.want + "\n"
			if strings.Contains(tt.want, "200") {
				script += "alice > ACK sdp\nalice > BYE\nalice < 200"
			} else {
				script += "alice > ACK"
			}
			runFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait}, script)
		})
	}
}

// INFO within a call (RFC 6086), and what programs see of it.
func TestInfo(t *testing.T) {
	const up = `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			`
	const relay, short = " | Content-Type: application/dtmf-relay | body ", " | Content-Type: application/dtmf | body "
	for name, tt := range map[string]struct{ info, status, want string }{
		"a digit":             {relay + `Signal=5\r\nDuration=160\r\n`, "200", "digit 5 160ms"},
		"an event number":     {relay + `Signal= 11\r\nDuration= 250\r\n`, "200", "digit # 250ms"},
		"a digit alone":       {short + `7`, "200", "digit 7 100ms"},
		"a letter":            {short + `d`, "200", "digit D 100ms"},
		"of Nortel":           {` | Content-Type: application/vnd.nortelnetworks.digits | body p=Digit-Collection\r\ny=Digits\r\n\r\nd=#\r\n`, "200", "digit # 100ms"},
		"with a charset":      {` | Content-Type: application/dtmf-relay;charset=utf-8 | body signal= 5 \r\nduration=80`, "200", "digit 5 80ms"},
		"flash as a digit":    {relay + `Signal=16\r\n`, "200", "Flash"},
		"flash":               {" | Content-Type: application/hook-flash", "200", "Flash"},
		"flash of BroadSoft":  {` | Content-Type: application/broadsoft; version=1.0 | body event flashhook\r\n`, "200", "Flash"},
		"more of BroadSoft":   {` | Content-Type: application/broadsoft | body play tone CallWaitingTone1\r\n`, "415", ""},
		"a picture, please":   {` | Content-Type: application/media_control+xml | body <media_control/>`, "200", ""},
		"nothing":             {"", "200", ""},
		"anything else":       {" | Content-Type: application/x | body x", "415", ""},
		"no digit":            {relay + `Signal=hello\r\n`, "200", ""},
		"the record button":   {" | Record: on", "403", "feature automon on"},
		"… another one, off":  {" | Record: off", "403", "feature automixmon off"},
		"a digit of no sense": {short + `99999999999999999999`, "200", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			plan := map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
				_ = ch.Leg().Answer()
				for {
					f, err := ch.Wait(-1)
					switch {
					case err != nil:
						return
					case f.Kind == channel.FrameDTMFEnd:
						got = append(got, "digit "+string(rune(f.Digit))+" "+f.Duration.String())
					case f.Kind == channel.FrameControl:
						got = append(got, f.Control.String())
					}
				}
			}}
			withFlow(t, office+"[alice](+)\nrecordofffeature=automixmon\n", plan, func(f *flow) {
				sub := f.bus.Subscribe(4, event.Feature)
				f.play(up + "alice > INFO" + tt.info + "\nalice < " + tt.status + "\nalice > BYE\nalice < 200\nwait 1s")
				sub.Close()
				for e := range sub.C {
					got = append(got, "feature "+e.Name+" "+e.Value)
				}
			})
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("came as %q, want %q", s, tt.want)
			}
		})
	}
}

// SIP_HEADER of the requests within a call.
func TestHeaderOfRequest(t *testing.T) {
	var got []string
	var f *flow
	read := func(ch *channel.Channel, args ...string) {
		for _, fn := range f.d.Functions() {
			if fn.Name == "SIP_HEADER" {
				v, err := fn.Read(&headerThread{ch: ch}, &decl.Args{Pos: args})
				if err != nil {
					v = err.Error()
				}
				got = append(got, strings.Join(args, " ")+"="+v)
			}
		}
	}
	plan := map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
		answerAndWait(ch)
		read(ch, "Subject")
		read(ch, "X-Reason", "1", "BYE")
		read(ch, "Subject", "1", "invite")
		read(ch, "X-Info", "2", "INFO")
		read(ch, "X", "1", "UPDATE")
	}}
	withFlow(t, office, plan, func(fl *flow) {
		f = fl
		f.play(`
			alice > INVITE 1000 sdp | Subject: first
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > INVITE sdp | Subject: second
			alice < 200 sdp
			alice > ACK
			alice > INFO | X-Info: a
			alice < 200
			alice > INFO | X-Info: b | X-Info: c
			alice < 200
			alice > BYE | X-Reason: tired
			alice < 200
			wait 1s`)
	})
	want := "Subject=first, X-Reason 1 BYE=tired, Subject 1 invite=second, X-Info 2 INFO=c, X 1 UPDATE="
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %q, want %q", s, want)
	}
}

// headerThread is as much of a thread as SIP_HEADER asks for.
type headerThread struct {
	channel.Thread
	ch *channel.Channel
}

func (t *headerThread) Channel() *channel.Channel { return t.ch }

// Headers that a phone answers by itself for, and what bounds a call's way.
func TestHeadersThrough(t *testing.T) {
	set := func(ch *channel.Channel, name, value string) { ch.SetVar(name, channel.Clean(value)) }
	plan := map[string]func(*channel.Channel){"2000": func(ch *channel.Channel) {
		set(ch, "__SIPADDHEADER01", "Call-Info: <sip:192.0.2.1>;answer-after=0")
		set(ch, "__SIPADDHEADER02", "Alert-Info: <http://127.0.0.1/ring>;info=alert-autoanswer")
		dial(nil, "SIP/bob")(ch)
	}}
	const gone = `
			bob > 404
			bob < ACK
			alice < 503
			alice > ACK`
	for name, tt := range map[string]struct{ conf, script string }{
		"auto-answer":  {"", "alice > INVITE 2000 sdp\nalice < 100\nbob < INVITE sdp | Call-Info: <sip:192.0.2.1>;answer-after=0 | Alert-Info: <http://127.0.0.1/ring>;info=alert-autoanswer" + gone},
		"one hop less": {"", "alice > INVITE 2000 sdp\nalice < 100\nbob < INVITE sdp | Max-Forwards: 69" + gone},
		"the caller's INVITE says more than maxforwards": {"maxforwards=10", "alice > INVITE 2000 sdp\nalice < 100\nbob < INVITE sdp | Max-Forwards: 69" + gone},
	} {
		t.Run(name, func(t *testing.T) {
			runFlow(t, strings.Replace(office, "rtptimeout=0", "rtptimeout=0\n"+tt.conf, 1), plan, tt.script)
		})
	}
}
