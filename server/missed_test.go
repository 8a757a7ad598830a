package server

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/event"
)

const missedPlan = `[t]
exten => 102,1,Dial(SIP/bob,10)
exten => 103,1,Dial(SIP/bob&SIP/carol,10)
exten => 104,1,Dial(SIP/bob,5)
 same => n,Dial(SIP/carol,10)
exten => 105,1,Dial(SIP/bob,5)
 same => n,Answer()
 same => n,Wait(2)
exten => 106,1,Dial(Local/102@t&Local/107@t)
exten => 107,1,Dial(SIP/carol,10)
exten => 108,1,Dial(SIP/away,10)
exten => 109,1,Dial(SIP/trudy,10)
exten => 200,1,Pickup(102@t)
exten => 201,1,Dial(Local/105@t,30)
`

const missedConf = `[general]
timezone = UTC
text = ${USER}: ${CALLER} to ${DIALED}, ${REASON}, ${RINGTIME} s, ${ATTEMPTS}x, ${DATE} ${TIME}
messagefrom = Missed <missed>
[bob]
message = sip:dave
[carol]
message = sip:trudy
[away]
message = sip:dave
`

const awaySIP = storySIP + `[away](phone)
host=dynamic
secret=Rw7k2mQx9vTz4pLs
`

// followed is a missed.conf that has calls followed, and nobody told of them: what is left
// of a call is found at the end of a story.
const followed = "[nobody]\nmessage = sip:nobody\n"

// TestMissed: who is told of what, as texts to dave.
func TestMissed(t *testing.T) {
	const (
		ring = `
			alice < 100
			bob < INVITE call=B
			bob > 180
			alice < 180`
		gone = `
			bob < CANCEL B
			bob > 200
			bob > 487 B
			bob < ACK B`
	)
	for name, script := range map[string]string{
		"no answer": `
			alice > INVITE 102 call=A` + ring + `
			wait 10s` + gone + `
			alice < 603 A
			alice > ACK A
			dave < MESSAGE | From: "Missed" <sip:missed@ | bob: Alice A <101> to 102, no answer, 10 s, 1x, 2000-01-01 00:00
			dave > 200
			show "missed show" 0 waiting; 1 calls missed, 1 told, 0 given up`,
		"cancelled": `
			alice > INVITE 102 call=A` + ring + `
			wait 3s
			alice > CANCEL A
			alice < 200
			alice < 487
			alice > ACK A` + gone + `
			dave < MESSAGE | bob: Alice A <101> to 102, cancelled, 3 s, 1x
			dave > 200`,
		"busy": `
			alice > INVITE 102 call=A
			alice < 100
			bob < INVITE call=B
			bob > 486
			bob < ACK B
			alice < 486 A
			alice > ACK A
			dave < MESSAGE | bob: Alice A <101> to 102, busy, 0 s, 1x
			dave > 200`,
		"declined": `
			alice > INVITE 102 call=A
			alice < 100
			bob < INVITE call=B
			bob > 603
			bob < ACK B
			alice < 486 A
			alice > ACK A
			dave < MESSAGE | bob: Alice A <101> to 102, busy
			dave > 200`,
		"a failure": `
			alice > INVITE 102 call=A
			alice < 100
			bob < INVITE call=B
			bob > 500
			bob < ACK B
			alice < 503 A
			alice > ACK A
			dave < MESSAGE | bob: Alice A <101> to 102, failed
			dave > 200`,
		"unreachable": `
			alice > INVITE 108 call=A
			alice < 100
			alice < 503 A
			alice > ACK A
			dave < MESSAGE | away: Alice A <101> to 108, unreachable, 0 s, 1x
			dave > 200`,
		"answered": `
			alice > INVITE 102 call=A` + ring + `
			bob > 200 B
			bob < ACK B
			alice < 200 A
			alice > ACK A
			alice > BYE A
			alice < 200
			bob < BYE B
			bob > 200
			dave < nothing 1m`,
		"answered elsewhere": `
			alice > INVITE 103 call=A
			alice < 100
			bob < INVITE call=B
			bob > 180
			alice < 180
			carol < INVITE call=C
			carol > 200 C
			carol < ACK C
			bob < CANCEL B
			bob > 200
			bob > 487 B
			bob < ACK B
			alice < 200 A
			alice > ACK A
			alice > BYE A
			alice < 200
			carol < BYE C
			carol > 200
			dave < nothing 1m
			show "missed show" 0 calls missed`,
		"answered by a colleague later": `
			alice > INVITE 104 call=A` + ring + `
			wait 5s` + gone + `
			carol < INVITE call=C
			carol > 200 C
			carol < ACK C
			alice < 200 A
			alice > ACK A
			alice > BYE A
			alice < 200
			carol < BYE C
			carol > 200
			dave < nothing 1m`,
		"answered by a machine": `
			alice > INVITE 105 call=A` + ring + `
			wait 5s` + gone + `
			alice < 200 A
			alice > ACK A
			wait 2s
			alice < BYE A
			alice > 200
			dave < MESSAGE | bob: Alice A <101> to 105, no answer, 5 s
			dave > 200`,
		"answered by a machine behind a Local channel": `
			alice > INVITE 201 call=A` + ring + `
			wait 5s` + gone + `
			alice < 200 A
			alice > ACK A
			wait 2s
			alice < BYE A
			alice > 200
			dave < MESSAGE | bob: Alice A <101> to 105, no answer, 5 s
			dave > 200`,
		"nobody of a group": `
			alice > INVITE 103 call=A
			alice < 100
			bob < INVITE call=B
			carol < INVITE call=C
			carol > 486
			carol < ACK C
			bob > 180
			alice < 180
			wait 10s` + gone + `
			alice < 486 A
			alice > ACK A
			dave < MESSAGE | bob: Alice A <101> to 103, no answer
			dave > 200
			trudy < MESSAGE | carol: Alice A <101> to 103, busy
			trudy > 200`,
		"answered elsewhere behind Local channels": `
			alice > INVITE 106 call=A
			alice < 100
			bob < INVITE call=B
			carol < INVITE call=C
			carol > 180
			alice < 180
			bob > 200 B
			bob < ACK B
			carol < CANCEL C
			carol > 200
			carol > 487 C
			carol < ACK C
			alice < 200 A
			alice > ACK A
			alice > BYE A
			alice < 200
			bob < BYE B
			bob > 200
			dave < nothing 1m`,
		"picked up by a colleague": `
			alice > INVITE 102 call=A` + ring + `
			carol > INVITE 200 call=C
			carol < 100
			carol < 200 C
			carol > ACK C` + gone + `
			alice < 200 A
			alice > ACK A
			carol > BYE C
			carol < 200 C
			alice < BYE A
			alice > 200
			dave < nothing 1m`,
		"forwarded to nobody who answers": `
			alice > INVITE 102 call=A
			alice < 100
			bob < INVITE call=B
			bob > 302 | Contact: <sip:107@127.0.60.1>
			bob < ACK B
			alice < 181
			carol < INVITE call=C
			carol > 486
			carol < ACK C
			alice < 486 A
			alice > ACK A
			dave < MESSAGE | bob: Alice A <101> to 102, no answer
			dave > 200
			trudy < MESSAGE | carol: Alice A <101> to 107, busy
			trudy > 200`,
		"transferred while it rings, to nobody who answers": `
			alice > INVITE 102 call=A` + ring + `
			bob > 200 B
			bob < ACK B
			alice < 200 A
			alice > ACK A
			bob > INVITE 107 call=C
			bob < 100
			carol < INVITE call=C
			carol > 180
			bob < 180
			wait 2s
			bob > REFER B | Refer-To: <sip:107@127.0.60.1?Replaces={C}>
			bob < 202 B
			bob < NOTIFY B | SIP/2.0 200 OK
			bob > 200
			bob < 603 C
			bob > ACK C
			bob > BYE B
			bob < 200 B
			dave < nothing 8s
			carol < CANCEL C
			carol > 200
			carol > 487 C
			carol < ACK C
			alice < BYE A
			alice > 200
			trudy < MESSAGE | carol: Bob B <102> to 107, no answer, 10 s, 1x
			trudy > 200
			dave < nothing 1m`,
		"somebody without a section": `
			alice > INVITE 109 call=A
			alice < 100
			trudy < INVITE call=B
			trudy > 486
			trudy < ACK B
			alice < 486 A
			alice > ACK A
			dave < nothing 1m`,
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, map[string]string{"sip.conf": awaySIP, "extensions.conf": missedPlan, "missed.conf": missedConf}, script+`
			wait 1m
			show "missed show" 0 calls are followed`)
		})
	}
}

// TestMissedLater: what cannot be delivered is tried again, also by the exchange of the
// next morning, and not for ever.
func TestMissedLater(t *testing.T) {
	const busy = `
		alice > INVITE 102 call=A
		alice < 100
		bob < INVITE call=B
		bob > 486
		bob < ACK B
		alice < 486 A
		alice > ACK A
		dave < MESSAGE
		dave > 480
		wait 1s
		show "missed show" message  sip:dave  1      480`
	files := map[string]string{"sip.conf": awaySIP, "extensions.conf": missedPlan, "missed.conf": missedConf}
	t.Run("again", func(t *testing.T) {
		tell(t, files, busy+`
			wait 4s
			dave < MESSAGE
			dave > 480
			wait 10s
			dave < MESSAGE
			dave > 200
			show "missed show" 0 waiting; 1 calls missed, 1 told`)
	})
	t.Run("after a restart", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newStory(t, files)
			defer s.stop()
			s.play(busy)
			s.restart(time.Hour)
			s.play(`
				dave < MESSAGE | bob: Alice A <101> to 102, busy
				dave > 200
				dave < nothing 1h
				show "missed show" 0 waiting`)
			s.end()
		})
	})
	t.Run("not for ever", func(t *testing.T) {
		f := map[string]string{"sip.conf": awaySIP, "extensions.conf": missedPlan, "missed.conf": strings.Replace(missedConf, "[general]\n", "[general]\nkeep=60\n", 1)}
		tell(t, f, busy+`
			wait 4s
			dave < MESSAGE
			dave > 480
			wait 10s
			dave < MESSAGE
			dave > 480
			wait 20s
			dave < MESSAGE
			dave > 480
			log bob is not told of the call from Alice A <101> by message to sip:dave, tries: 4: 480
			dave < nothing 1h`)
	})
	t.Run("a phone that comes back", func(t *testing.T) {
		f := map[string]string{"sip.conf": awaySIP, "extensions.conf": missedPlan, "missed.conf": "[away]\nmessage=yes\n"}
		tell(t, f, `
			alice > INVITE 108 call=A
			alice < 100
			alice < 503 A
			alice > ACK A
			wait 1h
			show "missed show" sip:away`)
	})
}

// TestMissedCostsNothing: without users nobody listens.
func TestMissedCostsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": missedPlan})
		defer s.stop()
		listens := func() bool { return s.s.bus.Wants(event.DialFailed) }
		if listens() {
			t.Error("somebody listens without missed.conf")
		}
		write(t, s.s.opts.ConfigDir+"/missed.conf", missedConf)
		s.play(`show "core reload"`)
		if !listens() {
			t.Error("nobody listens with users either: the test does not look")
		}
		write(t, s.s.opts.ConfigDir+"/missed.conf", "[general]\ntimezone=UTC\n")
		s.play(`show "core reload"`)
		if listens() {
			t.Error("somebody listens for nobody")
		}
		s.end()
	})
}

// TestMissedTable: users that a database has.
func TestMissedTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{
			"extensions.conf": missedPlan,
			"res_odbc.conf":   "[main]\ndsn => sqlite:users.db\n",
			"extconfig.conf":  "[settings]\nmissed => odbc,main,people\n",
			"missed.conf":     "[general]\nfamily = missed\ntext = ${USER}/${NAME}: ${REASON}\n",
		})
		defer s.stop()
		src, err := s.s.sources.Source("main")
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range []string{
			"CREATE TABLE people (Device TEXT, User TEXT, Name TEXT, Mail TEXT, Webhook TEXT, Message TEXT, Reasons TEXT)",
			"INSERT INTO people VALUES ('SIP/bob', 'b', 'Bob', NULL, '', 'sip:dave', 'busy'), ('SIP/carol', 'c', 'Carol', '', '', 'sip:dave', 'no answer')",
		} {
			if _, err := src.Exec(t.Context(), nil, q); err != nil {
				t.Fatal(err)
			}
		}
		s.play(`
			alice > INVITE 103 call=A
			alice < 100
			bob < INVITE call=B
			carol < INVITE call=C
			bob > 486
			bob < ACK B
			carol > 486
			carol < ACK C
			alice < 486 A
			alice > ACK A
			dave < MESSAGE | b/Bob: busy
			dave > 200
			dave < nothing 1m`)
		s.end()
	})
}
