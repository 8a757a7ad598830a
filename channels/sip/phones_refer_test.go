package sip

import (
	"testing"

	"pbx/bridge"
	"pbx/channel"
)

// TestReferHabits: how phones of other makes send a call elsewhere.
func TestReferHabits(t *testing.T) {
	const (
		talks = `
			alice > INVITE 2000 sdp
			alice < 100
			bob < INVITE sdp
			bob > 200 sdp
			bob < ACK
			alice < 200 sdp
			alice > ACK`
		told = `
			alice < 202
			alice < NOTIFY | Event: refer | Subscription-State: terminated | SIP/2.0 200`
		ends = `
			bob > BYE
			bob < 200`
	)
	for name, script := range map[string]string{
		"by the book": talks + `
			alice > REFER | Refer-To: <sip:1000@192.0.2.1> | Referred-By: <sip:alice@192.0.2.1>` + told + `
			alice > 200
			alice > BYE
			alice < 200` + ends,
		"short names": talks + `
			alice > REFER as=compact | r: sip:1000@192.0.2.1 | b: <sip:alice@192.0.2.1>` + told + `
			alice > 200
			alice > BYE
			alice < 200` + ends,
		"held before": talks + `
			alice > INVITE sdp=hold
			alice < 200 sdp
			alice > ACK
			alice > REFER | Refer-To: <sip:1000@192.0.2.1>` + told + `
			alice > 200
			alice > BYE
			alice < 200` + ends,
		"hangs up before it has heard": talks + `
			alice > REFER | Refer-To: <sip:1000@192.0.2.1>` + told + `
			alice > BYE
			alice < 200` + ends,
		"never hangs up": talks + `
			alice > REFER | Refer-To: <sip:1000@192.0.2.1>` + told + `
			alice > 200` + ends + `
			alice < BYE @32s
			alice > 200`,
		"wants no NOTIFY": talks + `
			alice > REFER | Refer-To: <sip:1000@192.0.2.1> | Refer-Sub: false | Supported: norefersub
			alice < 202 | Refer-Sub: false
			alice > BYE
			alice < 200` + ends,
		"by BYE": talks + `
			alice > BYE | Also: <sip:1000@192.0.2.1>
			alice < 200` + ends,
		"by BYE, to nobody": talks + `
			alice > BYE | Also: <sip:9999@192.0.2.1>
			alice < 200
			bob < BYE
			bob > 200`,
		"by BYE, to no number": talks + `
			alice > BYE | Also: tel:1000
			alice < 200
			bob < BYE
			bob > 200`,
		"nobody there": talks + `
			alice > REFER | Refer-To: <sip:9999@192.0.2.1>
			alice < 202
			alice < NOTIFY | SIP/2.0 404
			alice > 200
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`,
		"two places": talks + `
			alice > REFER | Refer-To: <sip:1000@192.0.2.1> | Refer-To: <sip:1000@192.0.2.1>
			alice < 400
			alice > BYE
			alice < 200
			bob < BYE
			bob > 200`,
		"the called one refers": talks + `
			bob > REFER | Refer-To: <sip:%31000@192.0.2.1>
			bob < 202
			bob < NOTIFY | SIP/2.0 200
			bob > 200
			bob > BYE
			bob < 200
			alice > BYE
			alice < 200`,
	} {
		t.Run(name, func(t *testing.T) {
			plan := map[string]func(*channel.Channel){"1000": answerAndWait, "2000": dialBridged("SIP/bob", bridge.Options{}, nil)}
			if name == "the called one refers" { // the caller's thread goes on with it
				plan["2000"] = func(ch *channel.Channel) {
					dialBridged("SIP/bob", bridge.Options{}, nil)(ch)
					if to, ok := ch.TakeRedirect(); ok {
						ch.SetLocation(to, "", "")
						untilHangup(ch)
					}
				}
			}
			runFlow(t, office, plan, script)
		})
	}
}
