package sip

import (
	"strings"
	"testing"
	"time"

	"pbx/bridge"
	"pbx/channel"
)

// dialBridged calls one destination and bridges it as Dial() does, with some
// options; then says how it ended and waits.
func dialBridged(dest string, o bridge.Options, after func(*channel.Channel)) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		leg, err := ch.Registry().Request(dest, channel.Request{From: ch, Formats: ch.Settings().Formats})
		if err != nil {
			return
		}
		defer leg.Hangup()
		leg.Inherit(ch)
		_ = leg.Leg().Call()
		for {
			i, fr, err := channel.WaitAny(-1, ch, leg)
			if err != nil {
				return
			}
			if i == 1 && fr.Control == channel.ControlAnswer {
				break
			}
		}
		_ = ch.Leg().Answer()
		bridge.Run(ch, leg, o)
		if to, ok := leg.TakeRedirect(); ok { // it was transferred
			leg.SetLocation(to, "", "")
			untilHangup(leg)
		}
		if after != nil {
			leg.Hangup()
			after(ch)
		}
	}
}

// Audio from phone to phone, and back here.
func TestDirectMedia(t *testing.T) {
	const setup = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | c=IN IP4 192.0.2.1
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp | c=IN IP4 192.0.2.1
			alice > ACK`
	const direct = setup + `
			alice < INVITE sdp | c=IN IP4 192.0.2.20 | m=audio 30000 RTP/AVP 0 8 101 | o=root | IN IP4 192.0.2.1
			bob < INVITE sdp | c=IN IP4 192.0.2.10 | m=audio 30000 RTP/AVP 0 8 101
			alice > progress 200 sdp
			alice < ACK
			bob > progress 200 sdp
			bob < ACK`
	// The audio comes back to us, and goes away again.
	const awayAgain = `
			bob < INVITE sdp | c=IN IP4 192.0.2.1 | a=sendrecv
			bob > progress 200 sdp
			bob < ACK
			alice > INVITE sdp
			alice < 200 sdp | c=IN IP4 192.0.2.20
			alice > ACK
			bob < INVITE sdp | c=IN IP4 192.0.2.10
			bob > progress 200 sdp
			bob < ACK`
	const end = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200
			alice < nothing 1s`
	const relayed = setup + `
			alice < nothing 1s
			bob < nothing 1s` + end
	for name, tt := range map[string]struct {
		general, alice, bob string
		options             bridge.Options
		script              string
	}{
		"no by default":           {"", "directmedia=yes", "", bridge.Options{}, relayed},
		"yes":                     {"directmedia=yes", "", "", bridge.Options{}, direct + end},
		"the ancestor's default":  {"compat=asterisk", "", "", bridge.Options{}, direct + end},
		"a feature listens":       {"directmedia=yes", "", "", bridge.Options{Features: []bridge.Code{bridge.Disconnect("*", bridge.Caller)}}, relayed},
		"a limit is announced":    {"directmedia=yes", "", "", bridge.Options{Limit: bridge.Limit{Duration: time.Hour}}, relayed},
		"digits differ":           {"directmedia=yes", "", "dtmfmode=info", bridge.Options{}, relayed},
		"denied":                  {"directmedia=yes", "", "directmediadeny=192.0.2.0/28", bridge.Options{}, relayed},
		"denied but for one":      {"directmedia=yes", "", "directmediadeny=0.0.0.0/0\ndirectmediapermit=192.0.2.10", bridge.Options{}, direct + end},
		"our NAT is between them": {"directmedia=yes\nlocalnet=192.0.2.0/28", "", "", bridge.Options{}, relayed},
		"comedia":                 {"directmedia=yes", "nat=comedia", "", bridge.Options{}, relayed},
		"behind a NAT":            {"directmedia=yes", "nat=force_rport", "", bridge.Options{}, strings.Replace(relayed, "sdp\n", "sdp=natted\n", 1)},
		"nonat":                   {"directmedia=nonat\nnat=no", "", "", bridge.Options{}, strings.Replace(relayed, "sdp\n", "sdp=natted\n", 1)},
		"the same numbers": {"directmedia=yes", "", "", bridge.Options{}, `
			alice > INVITE 2000 sdp=events96
			alice < 100
			bob < INVITE sdp | RTP/AVP 0 8 96 | a=rtpmap:96 telephone-event/8000
			bob > 200 sdp=events96
			bob < ACK
			alice < 200 sdp
			alice > ACK
			alice < INVITE sdp | c=IN IP4 192.0.2.20 | RTP/AVP 0 8 96
			bob < INVITE sdp | c=IN IP4 192.0.2.10 | RTP/AVP 0 8 96
			alice > progress 200 sdp=events96
			alice < ACK
			bob > progress 200 sdp=events96
			bob < ACK` + end},
		"update": {"directmedia=update", "", "", bridge.Options{}, strings.NewReplacer("2000 sdp", "2000 sdp | Allow: INVITE, UPDATE", "alice < INVITE", "alice < UPDATE", "alice > progress 200 sdp\n\t\t\talice < ACK", "alice > 200 sdp").Replace(direct) + end},
		"outgoing: the caller asks by himself": {"directmedia=yes", "directmedia=outgoing", "", bridge.Options{}, setup + `
			bob < INVITE sdp | c=IN IP4 192.0.2.10
			bob > 200 sdp
			bob < ACK
			alice < nothing 1s
			alice > INVITE sdp
			alice < 200 sdp | c=IN IP4 192.0.2.20
			alice > ACK
			bob < nothing 1s` + end},
		"back for a hold, and away again": {"directmedia=yes", "", "", bridge.Options{}, direct + `
			alice > INVITE sdp=hold
			alice < 200 sdp | c=IN IP4 192.0.2.1 | a=recvonly
			alice > ACK` + awayAgain + end},
		"back while one has no audio, and away again": {"directmedia=yes", "", "", bridge.Options{}, direct + `
			alice > INVITE sdp=stopped
			alice < 200 sdp | c=IN IP4 192.0.2.1 | m=audio 0
			alice > ACK` + awayAgain + end},
		"an address that moves is passed on": {"directmedia=yes", "", "", bridge.Options{}, direct + `
			alice > INVITE sdp=moved
			alice < 200 sdp | c=IN IP4 192.0.2.20
			alice > ACK
			bob < INVITE sdp | c=IN IP4 192.0.2.11
			bob > progress 200 sdp
			bob < ACK` + end},
		"another codec brings it back": {"directmedia=yes", "", "", bridge.Options{}, direct + `
			alice > INVITE sdp=8,101
			alice < 200 sdp | c=IN IP4 192.0.2.1 | RTP/AVP 8 101
			alice > ACK
			bob < INVITE sdp | c=IN IP4 192.0.2.1
			bob > progress 200 sdp
			bob < ACK` + end},
		"one who does not want it": {"directmedia=yes", "", "", bridge.Options{}, setup + `
			alice < INVITE sdp | c=IN IP4 192.0.2.20
			bob < INVITE sdp | c=IN IP4 192.0.2.10
			bob > progress 200 sdp
			bob < ACK
			alice > progress 488
			alice < ACK
			bob < INVITE sdp | c=IN IP4 192.0.2.1
			bob > progress 200 sdp
			bob < ACK
			alice < nothing 5s
			bob < nothing 5s` + end},
		"glare: theirs first": {"directmedia=yes", "", "", bridge.Options{}, setup + `
			alice < INVITE sdp
			bob < INVITE sdp
			bob > progress 200 sdp
			bob < ACK
			alice > INVITE sdp=hold
			alice < 491
			alice > ACK
			alice > progress 491
			alice < ACK
			alice > INVITE sdp=hold
			alice < 200 sdp | c=IN IP4 192.0.2.1
			alice > ACK
			bob < INVITE sdp | c=IN IP4 192.0.2.1
			bob > progress 200 sdp
			bob < ACK
			alice < nothing 5s` + end},
		"silence does not end the call": {"directmedia=yes\nrtptimeout=20", "", "", bridge.Options{}, direct + `
			wait 60s` + end},
		"m-lines stay (RFC 3264 8)": {"directmedia=yes", "", "", bridge.Options{}, strings.NewReplacer("2000 sdp", "2000 sdp=video", "alice < 200 sdp |", "alice < 200 sdp | m=video 0 RTP/AVP 34 |", "alice < INVITE sdp |", "alice < INVITE sdp | m=video 0 RTP/AVP 34 |").Replace(direct) + end},
	} {
		t.Run(name, func(t *testing.T) {
			conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\n"+tt.general, 1)
			conf += "[alice](+)\n" + tt.alice + "\n[bob](+)\n" + tt.bob + "\n"
			runFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", tt.options, nil)}, tt.script)
		})
	}
	t.Run("back when the caller goes on", func(t *testing.T) {
		conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\ndirectmedia=yes", 1)
		runFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, untilHangup)}, direct+`
			bob > BYE
			bob < 200
			alice < INVITE sdp | c=IN IP4 192.0.2.1
			alice > progress 200 sdp
			alice < ACK
			alice > BYE
			alice < 200`)
	})
	t.Run("back when the other end is transferred", func(t *testing.T) {
		conf := strings.Replace(office, "rtptimeout=0", "rtptimeout=0\ndirectmedia=yes", 1)
		runFlow(t, conf, map[string]func(*channel.Channel){"2000": dialBridged("SIP/bob", bridge.Options{}, nil), "1000": answerAndWait}, direct+`
			alice > REFER | Refer-To: <sip:1000@192.0.2.1>
			alice < 202
			alice < NOTIFY
			alice > 200
			bob < INVITE @@100ms sdp | c=IN IP4 192.0.2.1
			bob > progress 200 sdp
			bob < ACK
			alice > BYE
			alice < 200
			bob > BYE
			bob < 200`)
	})
}

// TestDirectSetup: directrtpsetup has the two speak without us from the first INVITE
// on, where that can be; what turns out not to fit is put right after the answer.
func TestDirectSetup(t *testing.T) {
	const ring = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | c=IN IP4 192.0.2.10 | m=audio 30000 RTP/AVP 0 8 101 | o=root | IN IP4 192.0.2.1`
	const end = `
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200
			alice < nothing 1s`
	const relayed = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp | c=IN IP4 192.0.2.1
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp | c=IN IP4 192.0.2.1
			alice > ACK`
	const afterwards = relayed + `
			alice < INVITE sdp | c=IN IP4 192.0.2.20
			bob < INVITE sdp | c=IN IP4 192.0.2.10
			alice > progress 200 sdp
			alice < ACK
			bob > progress 200 sdp
			bob < ACK` + end
	const on = "directmedia=yes\ndirectrtpsetup=yes"
	for name, tt := range map[string]struct {
		general, alice, bob string
		alone               bool
		script              string
	}{
		"answered at once": {on, "", "", true, ring + `
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp | c=IN IP4 192.0.2.20 | m=audio 30000
			alice > ACK
			alice < nothing 1s
			bob < nothing 1s` + end},
		"early media": {on, "", "", true, ring + `
			bob > 183 sdp
			alice < 183 sdp | c=IN IP4 192.0.2.20
			bob > answer sdp
			bob < ACK
			alice < 200 sdp | c=IN IP4 192.0.2.20
			alice > ACK
			alice < nothing 1s
			bob < nothing 1s` + end},
		"it answers with another codec": {on, "", "", true, ring + `
			bob > 200 sdp=8,101
			bob < ACK
			alice < 200 sdp | c=IN IP4 192.0.2.20 | RTP/AVP 8
			alice > ACK
			alice < nothing 1s
			bob < nothing 1s` + end},
		"refused": {on, "", "", true, ring + `
			bob > 486
			bob < ACK
			alice < 503
			alice > ACK`},
		"on hold and back": {on, "", "", true, ring + `
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp | c=IN IP4 192.0.2.20
			alice > ACK
			alice > INVITE sdp=hold
			alice < 200 sdp | c=IN IP4 192.0.2.1 | a=recvonly
			alice > ACK
			bob < INVITE sdp | c=IN IP4 192.0.2.1
			bob > progress 200 sdp
			bob < ACK
			alice > INVITE sdp
			alice < 200 sdp | c=IN IP4 192.0.2.20
			alice > ACK
			bob < INVITE sdp | c=IN IP4 192.0.2.10
			bob > progress 200 sdp
			bob < ACK` + end},
		"Dial calls others too, or listens":       {on, "", "", false, afterwards},
		"off by default":                          {"directmedia=yes", "", "", true, afterwards},
		"directmedia=no":                          {"directrtpsetup=yes", "", "", true, relayed + end},
		"one does not want it":                    {on, "", "directmedia=no", true, relayed + end},
		"digits differ":                           {on, "", "dtmfmode=info", true, relayed + end},
		"denied":                                  {on, "", "directmediadeny=192.0.2.10", true, relayed + end},
		"our NAT is between them":                 {on + "\nlocalnet=192.0.2.0/28", "", "", true, relayed + end},
		"the callee's media comes from elsewhere": {on, "", "nat=comedia", true, relayed + end},
		"the caller is behind a NAT":              {on, "nat=force_rport", "", true, strings.Replace(relayed, "2000 sdp\n", "2000 sdp=natted\n", 1) + end},
	} {
		t.Run(name, func(t *testing.T) {
			conf := strings.NewReplacer("[general]\n", "[general]\n"+tt.general+"\n", "[alice]\n", "[alice]\n"+tt.alice+"\n", "[bob]\n", "[bob]\n"+tt.bob+"\n").Replace(office)
			runFlow(t, conf, map[string]func(*channel.Channel){"2000": dialAlone("SIP/bob", tt.alone)}, tt.script)
		})
	}
}

// dialAlone is dialBridged with early media, for a caller who calls nobody else.
func dialAlone(dest string, alone bool) func(*channel.Channel) {
	return func(ch *channel.Channel) {
		leg, err := ch.Registry().Request(dest, channel.Request{From: ch, Alone: alone, Formats: ch.Settings().Formats})
		if err != nil {
			return
		}
		defer leg.Hangup()
		leg.Inherit(ch)
		_ = leg.Leg().Call()
		for {
			i, fr, err := channel.WaitAny(-1, ch, leg)
			if err != nil || fr.Control == channel.ControlBusy {
				ch.SetCause(channel.CauseCongestion, "")
				return
			}
			if i == 1 && fr.Control == channel.ControlProgress {
				_ = ch.Leg().Indicate(channel.ControlProgress)
			}
			if i == 1 && fr.Control == channel.ControlAnswer {
				break
			}
		}
		_ = ch.Leg().Answer()
		bridge.Run(ch, leg, bridge.Options{})
	}
}
