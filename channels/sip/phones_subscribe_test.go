package sip

import "testing"

// TestSubscribeHabits: how phones of other makes ask for lamps and mailboxes.
func TestSubscribeHabits(t *testing.T) {
	const ends = `
			alice > SUBSCRIBE | Event: dialog | Expires: 0
			alice < 200
			alice < NOTIFY | Subscription-State: terminated
			alice > 200`
	for name, script := range map[string]string{
		"parameters of the event": `
			alice > SUBSCRIBE 107 | Event: dialog;include-session-description | Accept: application/dialog-info+xml | Expires: 600
			alice < 200
			alice < NOTIFY | Event: dialog | application/dialog-info+xml
			alice > 200` + ends,
		"anything is accepted": `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/*, */* | Expires: 600
			alice < 200
			alice < NOTIFY | application/dialog-info+xml
			alice > 200` + ends,
		"several lines of Accept": `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: multipart/related | Accept: application/rlmi+xml, application/dialog-info+xml | Supported: eventlist | Expires: 600
			alice < 200
			alice < NOTIFY | application/dialog-info+xml
			alice > 200` + ends,
		"the first kind of presence": `
			alice > SUBSCRIBE 107 | Event: presence | Accept: application/xpidf+xml | Expires: 600
			alice < 200
			alice < NOTIFY | application/xpidf+xml
			alice > 200
			alice > SUBSCRIBE | Event: presence | Expires: 0
			alice < 200
			alice < NOTIFY | Subscription-State: terminated
			alice > 200`,
		"once": `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 0
			alice < 200
			alice < NOTIFY | Subscription-State: terminated | <dialog-info
			alice > 200
			alice < nothing 5s`,
		"no Expires": `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml
			alice < 200 | Expires:
			alice < NOTIFY
			alice > 200` + ends,
		"a refresh from another port": `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 600
			alice < 200
			alice < NOTIFY
			alice > 200
			alice > SUBSCRIBE contact=sip:alice@192.0.2.10:5065 | Event: dialog | Accept: application/dialog-info+xml | Expires: 600
			alice < 200
			alice5 < NOTIFY | NOTIFY sip:alice@192.0.2.10:5065
			alice5 > 200
			alice > SUBSCRIBE contact=sip:alice@192.0.2.10:5065 | Event: dialog | Expires: 0
			alice < 200
			alice5 < NOTIFY | Subscription-State: terminated
			alice5 > 200`,
		"a refresh without Accept": `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 600
			alice < 200
			alice < NOTIFY
			alice > 200
			alice > SUBSCRIBE | Event: dialog | Expires: 600
			alice < 200
			alice < NOTIFY | <dialog-info
			alice > 200` + ends,
		"the phone knows it no more": `
			alice > SUBSCRIBE 107 | Event: dialog | Accept: application/dialog-info+xml | Expires: 600
			alice < 200
			alice < NOTIFY
			alice > 481
			alice < nothing 700s`,
		"what other exchanges have": `
			alice > SUBSCRIBE 107 | Event: as-feature-event | Expires: 600
			alice < 489
			alice > SUBSCRIBE 107 call=new | Event: ua-profile;profile-type="device";vendor="x" | Accept: application/url | Expires: 0
			alice < 489
			alice > SUBSCRIBE 107 call=new | Event: call-info | Expires: 600
			alice < 489
			alice > SUBSCRIBE 107 call=new | Event: line-seize | Expires: 15
			alice < 489`,
	} {
		t.Run(name, func(t *testing.T) { runFlow(t, office, nil, script) })
	}
}
