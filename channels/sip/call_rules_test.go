package sip

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/media"
)

// Rules that a configuration or another call decides about.
func TestCallRules(t *testing.T) {
	answer := map[string]func(*channel.Channel){
		"1000": answerAndWait, "1002": indicate(channel.ControlRinging),
		"17": hangupWith(17), "0": hangupWith(0),
	}
	tests := []struct {
		name, conf string
		extens     map[string]func(*channel.Channel)
		script     string
	}{
		{"call-limit refuses the second call and lets go of the first", office + "call-limit=1\n", answer, `
			carol > INVITE 1000 sdp
			carol < 100
			carol < 200 sdp
			carol > ACK
			carol > INVITE 1000 sdp call=new
			carol < 480 | Call limit
			carol > ACK`},
		{"max_calls_per_minute", office + "max_calls_per_minute=2\n", answer, `
			carol > INVITE 1000 sdp
			carol < 100
			carol < 200 sdp
			carol > ACK
			carol > BYE
			carol < 200
			wait 10s
			carol > INVITE 1000 sdp call=new
			carol < 100
			carol < 200 sdp
			carol > ACK
			carol > BYE
			carol < 200
			wait 49s
			carol > INVITE 1000 sdp call=new
			carol < 480 | Call limit
			carol > ACK
			wait 1s
			carol > INVITE 1000 sdp call=new
			carol < 100
			carol < 200 sdp
			carol > ACK
			carol > INVITE 1000 sdp call=new
			carol < 480 | Call limit
			carol > ACK`},
		{"total_calls_per_minute", strings.Replace(office, "[general]\n", "[general]\ntotal_calls_per_minute=1\n", 1), answer, `
			carol > INVITE 1000 sdp
			carol < 100
			carol < 200 sdp
			carol > ACK
			alice > INVITE 1000 sdp
			alice < 503 | Retry-After
			alice > ACK
			wait 1m
			alice > INVITE 1000 sdp call=new
			alice < 100
			alice < 200 sdp
			alice > ACK`},
		{"use_q850_reason", office + "use_q850_reason=yes\n", answer, `
			carol > INVITE 17 sdp
			carol < 100
			carol < 486 | Reason: Q.850;cause=17
			carol > ACK
			carol > INVITE 0 sdp call=new
			carol < 100
			carol < 603 | !Reason
			carol > ACK
			carol > INVITE 1000 sdp call=new
			carol < 100
			carol < 200 sdp
			carol > ACK
			carol > BYE | Reason: Q.850;cause=31
			carol < 200`},
		{"a number that could grow", office, map[string]func(*channel.Channel){"12": answerAndWait}, `
			alice > INVITE 1 sdp
			alice < 484 | Address Incomplete
			alice > ACK`},
		{"allowoverlap=no", office + "allowoverlap=no\n", nil, `
			carol > INVITE 1 sdp
			carol < 404
			carol > ACK`},
		{"preferred_codec_only", office + "preferred_codec_only=yes\n", answer, `
			carol > INVITE 1000 sdp=8,0,101
			carol < 100
			carol < 200 sdp | RTP/AVP 8 101
			carol > ACK
			carol > BYE
			carol < 200`},
		{"ignore_requested_pref", office + "ignore_requested_pref=yes\n", answer, `
			carol > INVITE 1000 sdp=8,0,101
			carol < 100
			carol < 200 sdp | RTP/AVP 0 8 101
			carol > ACK
			carol > BYE
			carol < 200`},
		{"dtmfmode=inband offers no events", office + "dtmfmode=inband\n", answer, `
			carol > INVITE 1000
			carol < 100
			carol < 200 sdp | RTP/AVP 0 8
			carol > ACK sdp
			carol > BYE
			carol < 200`},
		{"nat=force_rport answers and asks where it came from", office + "nat=force_rport\n", answer, `
			carol > INVITE 1000 sdp | Contact: <sip:carol@10.0.0.1:5060>
			carol < 100 | received=192.0.2.30;rport=5060
			carol < 200 sdp
			carol > ACK
			carol > BYE
			carol < 200`},
		{"domain with its own context, foreign ones refused", "[general]\nallowexternaldomains=no\ndomain=office.example\n" + strings.TrimPrefix(office, "\n[general]\n"), answer, `
			alice > INVITE 1000 sdp
			alice < 403
			alice > ACK`},
		{"our address is a domain of ours with autodomain", "[general]\nallowexternaldomains=no\nautodomain=yes\ndomain=office.example\n" + strings.TrimPrefix(office, "\n[general]\n"), answer, `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200`},
		{"UPDATE refreshes and holds", office, answer, `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > UPDATE
			alice < 200 | Contact:
			alice > UPDATE sdp=hold
			alice < 200 sdp | a=recvonly
			alice > BYE
			alice < 200`},
		{"a new Contact is followed", office, map[string]func(*channel.Channel){"1001": answerFor(time.Second)}, `
			alice > INVITE 1001 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice1 > INVITE 9 sdp
			alice1 < 404
			alice1 > ACK
			alice > INVITE sdp | Subject: moved
			alice < 200 sdp
			alice > ACK
			alice < BYE @1s
			alice > 200`},
		{"methods within a call", office, answer, `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > OPTIONS
			alice < 200 | Accept: application/sdp
			alice > REFER | Refer-To: <sip:200@192.0.2.1>
			alice < 202
			alice < NOTIFY | Event: refer;id=3 | SIP/2.0 503 Service Unavailable
			alice > 200
			alice > NOTIFY | Event: refer | Subscription-State: active
			alice < 200
			alice > MESSAGE | Content-Type: text/plain | body hello
			alice < 202
			alice > MESSAGE | Content-Type: image/png | body hello
			alice < 415
			alice > SUBSCRIBE | Event: x
			alice < 489
			alice > PRACK | RAck: 1 1 INVITE
			alice < 481
			alice > FOO
			alice < 501
			alice > INFO
			alice < 200
			alice > BYE
			alice < 200
			alice > BYE
			alice < 481`},
		{"a stranger within a call", office, answer, `
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			mallory > INVITE 1000 sdp
			mallory < 401
			mallory > ACK
			alice > BYE
			alice < 200`},
		{"BYE instead of CANCEL", office, answer, `
			alice > INVITE 1002 sdp
			alice < 100
			alice < 180
			alice > BYE
			alice < 487
			alice < 200 | CSeq: 2 BYE
			alice > ACK`},
		{"a description without end", office, answer, `
			alice > INVITE 1000 | Content-Type: application/sdp | body v=0\r\nm=audio
			alice < 400
			alice > ACK`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			withFlow(t, tt.conf, tt.extens, func(f *flow) {
				f.plan.partial["1"] = true
				f.play(tt.script)
				f.endAll()
			})
		})
	}
}

// endAll hangs up what a script left standing.
func (f *flow) endAll() {
	for _, ch := range f.reg.Channels() {
		ch.SoftHangup(channel.CauseNormalClearing)
	}
	synctest.Wait()
	time.Sleep(2 * time.Minute)
	synctest.Wait()
}

// A request with the right tags from another address is a forger's, or that of a
// phone in another network: it can prove who it is if it has a secret.
func TestRequestFromElsewhere(t *testing.T) {
	for name, tt := range map[string]struct{ conf, status string }{
		"no secret": {office, "481"},
		"secret":    {office + "secret=a-secret-of-carols\n", "401"},
	} {
		t.Run(name, func(t *testing.T) {
			withFlow(t, tt.conf, map[string]func(*channel.Channel){"2000": dial(nil, "SIP/carol")}, func(f *flow) {
				f.phone("carol")
				f.play(`
					alice > INVITE 2000 sdp
					alice < 100
					carol < INVITE sdp
					carol > 200 sdp
					carol < ACK
					alice < 200 sdp
					alice > ACK`)
				forger, victim := f.phone("mallory"), f.phone("carol")
				forger.callID, forger.local, forger.remote, forger.target = victim.callID, victim.local, victim.remote, victim.target
				f.play("mallory > BYE\nmallory < " + tt.status + "\nmallory > INVITE sdp\nmallory < " + tt.status + `
					mallory > ACK
					carol > BYE
					carol < 200
					alice < BYE
					alice > 200`)
			})
		})
	}
}

// Ports run out: 503, and all come back.
func TestPortsExhausted(t *testing.T) {
	withFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
		var taken []*media.Session
		for {
			s, err := f.media.NewSession(media.SessionOptions{})
			if err != nil {
				break
			}
			taken = append(taken, s)
		}
		f.play(`
			alice > INVITE 1000 sdp
			alice < 503 | Retry-After
			alice > ACK`)
		for _, s := range taken {
			s.Close()
		}
		synctest.Wait() // the media loop gives them back
		f.play(`
			alice > INVITE 1000 sdp call=new
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > BYE
			alice < 200`)
	})
}

// A panic while one message is handled ends that call and no other.
func TestPanicEndsOneCall(t *testing.T) {
	withFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait, "1001": answerAndWait}, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			bob > INVITE 1001 sdp
			bob < 100
			bob < 200 sdp
			bob > ACK`)
		_ = f.d.Call(func() {
			f.d.calls.each(func(p *pvt) {
				if p.exten == "1000" {
					p.settings = nil // what it touches next breaks
				}
			})
		})
		f.play(`
			alice > INVITE sdp=hold
			alice < nothing 100ms
			bob > OPTIONS
			bob < 200
			bob > BYE
			bob < 200`)
		if f.d.panics != 1 || f.d.calls.len() != 0 {
			t.Errorf("%d panics, %d calls", f.d.panics, f.d.calls.len())
		}
		f.d.panics = 0
	})
}

// Strangers leave nothing behind, and get no more than twice what they sent.
func TestStrangersCostNothing(t *testing.T) {
	withFlow(t, office, nil, func(f *flow) {
		for range 5 {
			f.play(`
				mallory > INVITE 1000 sdp call=new
				mallory < 401
				mallory > OPTIONS 1000 call=new
				mallory < 200
				mallory > BYE 1000 call=new
				mallory < 481
				mallory > CANCEL 1000 call=new
				mallory < 481
				mallory > FOO 1000 call=new
				mallory < 501`)
		}
		_ = f.d.Call(func() {
			if servers, clients := f.d.txs.Len(); servers+clients+f.d.calls.len() != 0 {
				t.Errorf("%d server and %d client transactions and %d calls are left", servers, clients, f.d.calls.len())
			}
		})
		m := f.phone("mallory")
		short := "OPTIONS sip:1@192.0.2.1 SIP/2.0\r\nv:SIP/2.0/UDP 198.51.100.66;branch=z9hG4bK1\r\nf:<sip:a@b>;tag=1\r\nt:<sip:1@c>\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n"
		if err := m.socket.Send([]byte(short), flowAddr); err != nil {
			t.Fatal(err)
		}
		b, ok := f.next(m, 0)
		if !ok || len(b) > 2*len(short) {
			t.Errorf("%d bytes were answered with %d", len(short), len(b))
		}
	})
}

// Neither do guests whose calls are refused.
func TestRefusedGuestsCostNothing(t *testing.T) {
	conf := strings.Replace(office, "allowguest=no", "allowguest=yes\ncontext=phones", 1)
	withFlow(t, conf, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
		f.play(`
			mallory > INVITE 9 sdp
			mallory < 404
			mallory > again
			mallory < 404
			mallory > ACK
			mallory > INVITE 1000 sdp=18 call=new
			mallory < 488
			mallory > ACK`)
		_ = f.d.Call(func() {
			if servers, clients := f.d.txs.Len(); servers+clients+f.d.calls.len() != 0 {
				t.Errorf("%d server and %d client transactions and %d calls are left", servers, clients, f.d.calls.len())
			}
		})
		f.play(`
			mallory > INVITE 1000 sdp call=new
			mallory < 100
			mallory < 200 sdp
			mallory > ACK
			mallory > BYE
			mallory < 200`)
	})
}

// An exchange that is about to stop refuses calls and lets those there are end.
func TestClosing(t *testing.T) {
	withFlow(t, office, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK`)
		f.reg.Close()
		f.play(`
			bob > INVITE 1000 sdp
			bob < 503 | Retry-After
			bob > ACK
			alice > BYE
			alice < 200`)
	})
}

// Close in the middle of calls says goodbye to each.
func TestCloseEndsCalls(t *testing.T) {
	withFlow(t, office, map[string]func(*channel.Channel){
		"1000": answerAndWait, "1002": indicate(channel.ControlRinging),
		"2000": dial(nil, "SIP/carol"),
	}, func(f *flow) {
		f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			bob > INVITE 1002 sdp
			bob < 100
			bob < 180
			alice1 > INVITE 2000 sdp
			alice1 < 100
			carol < INVITE sdp
			carol > 180
			alice1 < 180`)
		f.d.Close()
		f.play(`
			alice < BYE
			bob < 603`)
		synctest.Wait()
	})
}
