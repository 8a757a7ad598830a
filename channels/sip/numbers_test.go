package sip

import (
	"strings"
	"testing"

	"pbx/channel"
)

// TestTelURIs: numbers that are no SIP URIs, where they may stand.
func TestTelURIs(t *testing.T) {
	for name, tt := range map[string]struct {
		target, from, to string
		exten, caller    string
		context          string // SIPURIPHONECONTEXT
		status           string
	}{
		"dialled":               {"tel:+49301000", "", "<tel:+49301000>", "+49301000", "alice", "", "200 sdp"},
		"with a phone context":  {"tel:1000;phone-context=+4930", "", "<tel:1000;phone-context=+4930>", "1000", "alice", "+4930", "200 sdp"},
		"the caller":            {"sip:1000@192.0.2.1", "<tel:+49-30-555>;tag=x", "<sip:1000@192.0.2.1>", "1000", "+4930555", "", "200 sdp"},
		"in the user part":      {"sip:1000@192.0.2.1", "<sip:+49-30-555;phone-context=+49@x>;tag=x", "<sip:1000@192.0.2.1>", "1000", "+4930555", "", "200 sdp"},
		"all of them":           {"tel:1000", "<tel:+4930555>;tag=x", "<tel:1000>", "1000", "+4930555", "", "200 sdp"},
		"a number that is none": {"tel:2000", "", "<tel:2000>", "", "", "", "404"},
	} {
		t.Run(name, func(t *testing.T) {
			var at, caller, context string
			answer := func(ch *channel.Channel) {
				at, caller = ch.Location().Exten, ch.Identity().Caller.Number
				v, _ := ch.Var("SIPURIPHONECONTEXT")
				context = v.S
				answerAndWait(ch)
			}
			withFlow(t, office, map[string]func(*channel.Channel){"1000": answer, "+49301000": answer}, func(f *flow) {
				p := f.phone("alice")
				p.target, p.remote = tt.target, tt.to
				if tt.from != "" {
					p.local = tt.from
				}
				script := "alice > INVITE sdp\n"
				if tt.exten != "" {
					script += "alice < 100\nalice < " + tt.status + "\nalice > ACK\nalice > BYE\nalice < 200"
				} else {
					script += "alice < " + tt.status + "\nalice > ACK"
				}
				f.play(script)
			})
			if at != tt.exten || caller != tt.caller || context != tt.context {
				t.Errorf("extension %q called by %q with %q, want %q by %q with %q", at, caller, context, tt.exten, tt.caller, tt.context)
			}
		})
	}
}

// TestCallingPres: what a device's section says of showing its number, on the channel
// and to the phone that rings.
func TestCallingPres(t *testing.T) {
	for name, tt := range map[string]struct {
		option, from, identity string
		pres                   channel.Presentation
	}{
		"by default":           {"", `From: "Alice" <sip:101@192.0.2.1>`, `P-Asserted-Identity: "Alice" <sip:101@192.0.2.1>`, channel.AllowedNotScreened},
		"allowed":              {"callingpres=allowed_passed_screen", `From: "Alice" <sip:101@192.0.2.1>`, `P-Asserted-Identity: "Alice" <sip:101@192.0.2.1>`, channel.AllowedPassedScreen},
		"withheld":             {"callingpres=prohib_passed_screen", `From: "Anonymous" <sip:anonymous@anonymous.invalid>`, "!Alice", channel.ProhibitedPassed},
		"withheld, by number":  {"callingpres=32", `From: "Anonymous" <sip:anonymous@anonymous.invalid>`, "!101@", channel.ProhibitedNotScreened},
		"there is none at all": {"callingpres=unavailable", "", "", channel.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			conf := strings.NewReplacer("[alice]\n", "[alice]\ncallerid=\"Alice\" <101>\n"+tt.option+"\n", "[bob]\n", "[bob]\nsendrpid=pai\n").Replace(office)
			var pres channel.Presentation
			call := dial(nil, "SIP/bob")
			plan := map[string]func(*channel.Channel){"2000": func(ch *channel.Channel) {
				pres = ch.Identity().Caller.Presentation
				call(ch)
			}}
			runFlow(t, conf, plan, `
				alice > INVITE 2000 sdp
				alice < 100
				bob < INVITE sdp | `+tt.from+` | `+tt.identity+`
				bob > 486
				bob < ACK
				alice < 503
				alice > ACK`)
			if pres != tt.pres {
				t.Errorf("the channel has %v, want %v", pres, tt.pres)
			}
		})
	}
}
