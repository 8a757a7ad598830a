package sip

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/channels/sip/message"
	pbxio "pbx/io"
	"pbx/media"
	"pbx/media/tone"
)

// fieldRecords are call records that note what is set.
type fieldRecords struct {
	channel.NoRecords
	set []string
	err error
}

func (r *fieldRecords) SetField(_, name, value string) error {
	r.set = append(r.set, name+"="+value)
	return r.err
}

// TestClientCode: an account code that is typed into a phone during the call.
func TestClientCode(t *testing.T) {
	for name, tt := range map[string]struct {
		conf, header, want string
		err                error
		status             string
	}{
		"taken":                    {"[alice](+)\nuseclientcode=yes\n", "4711", "userfield=4711", nil, "200"},
		"off by default":           {"", "4711", "", nil, "403"},
		"nothing to break out of":  {"[alice](+)\nuseclientcode=yes\n", "4'7", "userfield=4?7", nil, "200"},
		"no record to write it in": {"[alice](+)\nuseclientcode=yes\n", "4711", "userfield=4711", channel.ErrHangup, "403"},
	} {
		t.Run(name, func(t *testing.T) {
			withFlow(t, office+tt.conf, map[string]func(*channel.Channel){"1000": answerAndWait}, func(f *flow) {
				records := &fieldRecords{err: tt.err}
				f.d.records = records
				f.play(`
			alice > INVITE 1000 sdp
			alice < 100
			alice < 200 sdp
			alice > ACK
			alice > INFO | X-ClientCode: ` + tt.header + `
			alice < ` + tt.status + `
			alice > BYE
			alice < 200`)
				if got := strings.Join(records.set, ","); got != tt.want {
					t.Errorf("set %q, want %q", got, tt.want)
				}
			})
		})
	}
}

// TestDisallowedMethods: what a device says it takes and chokes on is not sent.
func TestDisallowedMethods(t *testing.T) {
	for _, tt := range []struct {
		conf, app, want string
	}{
		{"", "update", "UPDATE"},
		{"disallowed_methods=update", "update", "INVITE"},
		{"", "text", "MESSAGE"},
		{"disallowed_methods=MESSAGE, info", "text", "nothing"},
		{"", "digit", "INFO"},
		{"disallowed_methods=MESSAGE, info", "digit", "nothing"},
		{"", "transfer", "REFER"},
		{"disallowed_methods=REFER", "transfer", "nothing"},
	} {
		t.Run(tt.app+" "+tt.conf, func(t *testing.T) {
			plan := map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
				_ = ch.Leg().Answer()
				_, _ = ch.Wait(time.Second)
				switch tt.app {
				case "text":
					_ = ch.Leg().SendText("hello")
				case "digit":
					_ = ch.Leg().SendDigit('1', 100*time.Millisecond)
				case "transfer":
					_ = ch.Leg().Transfer("2000")
				}
				untilHangup(ch)
			}}
			expect := "alice < " + tt.want
			switch {
			case tt.want == "nothing":
				expect += " 10s"
			case tt.app == "update":
				expect += " @45s\nalice > 200\n"
				if tt.want == "INVITE" {
					expect = "alice < INVITE @45s sdp\nalice > 200 sdp\nalice < ACK\n"
				}
			default:
				expect += " @1s\nalice > 200\n"
			}
			timer := ""
			if tt.app == "update" {
				timer = " | Supported: timer | Session-Expires: 90;refresher=uas"
			}
			runFlow(t, office+"[alice](+)\ndtmfmode=info\n"+tt.conf+"\n", plan, `
			alice > INVITE 1000 sdp | Allow: INVITE, UPDATE, MESSAGE, INFO, REFER`+timer+`
			alice < 100
			alice < 200 sdp
			alice > ACK
			`+expect+`
			alice > BYE
			alice < 200`)
		})
	}
	for line, want := range map[string]string{
		"disallowed_methods=INVITE": "INVITE cannot be left out", "disallowed_methods=UPDAT": `"UPDAT" is not a method`, "disallowed_methods=": "", "disallowed_methods=notify,UPDATE": "",
	} {
		cfg, findings := loadText(t, listen+"[p]\ntype=peer\nhost=192.0.2.1\n"+line+"\n")
		if got := fmt.Sprint(findings); want != "" && !strings.Contains(got, want) || want == "" && strings.Contains(got, "disallowed") {
			t.Errorf("%s: %s", line, got)
		}
		if strings.Contains(line, "notify") && !cfg.Peers[0].disallows(message.NOTIFY) {
			t.Errorf("%s: NOTIFY may be sent", line)
		}
	}
}

// TestRingingInband: progressinband=yes has a caller hear the tone besides the 180.
func TestRingingInband(t *testing.T) {
	zones := tone.Builtin()
	for name, tt := range map[string]struct{ conf, script string }{
		"no": {"", `
			alice < 180
			alice < nothing 1s`},
		"yes": {"[alice](+)\nprogressinband=yes\n", `
			alice < 180
			alice < 183 sdp
			alice < nothing 1s`},
	} {
		t.Run(name, func(t *testing.T) {
			var tones *tonePlayer
			plan := map[string]func(*channel.Channel){"1000": func(ch *channel.Channel) {
				tones = &tonePlayer{Session: ch.Media()}
				p := prompt.New(nil, zones.Tone, func(*channel.Channel) prompt.Session { return tones })
				_ = p.Indicate(ch, channel.ControlRinging)
				untilHangup(ch)
			}}
			runFlow(t, office+tt.conf, plan, `
			alice > INVITE 1000 sdp
			alice < 100`+tt.script+`
			alice > CANCEL
			alice < 200
			alice < 487
			alice > ACK`)
			if want := map[string]int{"no": 0, "yes": 1}[name]; tones.played != want {
				t.Errorf("%d tones were played, want %d", tones.played, want)
			}
		})
	}
}

// TestMarksOfListeners: tos_sip and cos_sip, also when a reload changes them.
func TestMarksOfListeners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := netip.MustParseAddrPort(rigAddr)
		general := "udpbindaddr=" + rigAddr + "\ntcpenable=yes\n"
		r := newRig(t, "[general]\n"+general+"tos_sip=cs3\n", nil)
		for _, tt := range []struct {
			conf string
			want pbxio.Marks
		}{
			{"", pbxio.Marks{Priority: 4}},
			{"tos_sip=ef\ncos_sip=6\n", pbxio.Marks{TOS: 0xb8, Priority: 6}},
			{"tos_sip=0\ncos_sip=0\n", pbxio.Marks{}},
		} {
			r.reloadText(general + tt.conf)
			if udp, tcp := r.net.MarksOf(at); udp != tt.want || tcp != tt.want {
				t.Errorf("%q: UDP is marked %+v, TCP %+v, want %+v", tt.conf, udp, tcp, tt.want)
			}
		}
	})
}

// tonePlayer counts what is played into a session.
type tonePlayer struct {
	prompt.Session
	played int
}

func (p *tonePlayer) Play(src media.Source, repeat bool) media.PlayID {
	p.played++
	return p.Session.Play(src, repeat)
}
