package feature_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/channels/local"
)

// TestApplicationAlone: who hangs up while the other one runs an application has left the
// conversation at that moment.
func TestApplicationAlone(t *testing.T) {
	const plan = "[t]\nexten => x,1,Set(__DYNAMIC_FEATURES=slow#slowpeer)\n same => n,Dial(SIP/bob,20)\n"
	const sec = time.Second
	for _, tt := range []struct {
		name, keys string
		alice, bob []channeltest.Step
		want       string
	}{
		{"the callee leaves", "*1", nil, []channeltest.Step{hangup(5 * sec)}, "    1.0 alice>01 bob=ANSWER bob>01\n    5.0 bob<01\n   13.2 alice. alice<01 bob.\n"},
		{"the caller leaves", "*2", []channeltest.Step{hangup(5 * sec)}, nil, "    1.0 alice>01 bob=ANSWER bob>01\n    5.0 alice<01\n   13.2 alice. bob. bob<01\n"},
		{"nobody leaves", "*1", []channeltest.Step{hangup(15 * sec)}, nil, "    1.0 alice>01 bob=ANSWER bob>01\n   15.0 alice. alice<01 bob. bob<01\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, plan)
				f := channel.DefaultFeatures()
				for name, line := range map[string]string{"slow": "*1,self,Wait,10", "slowpeer": "*2,peer,Wait,10"} {
					a, err := channel.ParseFeatureApplication(name, line)
					if err != nil {
						t.Fatal(err)
					}
					f.Applications = append(f.Applications, a)
				}
				o.Registry.SetFeatures(f)
				s := tell(o)
				o.SIP.Script("bob", append([]channeltest.Step{channeltest.Answer(sec)}, tt.bob...)...)
				o.Run("x", append(keys(3*sec, tt.keys), tt.alice...)...)
				if got := s.read(); got != tt.want {
					t.Errorf("\n%swant\n%s", got, tt.want)
				}
			})
		})
	}
}

// TestApplications are what the parties of a call run by dialling.
func TestApplications(t *testing.T) {
	const plan = `[t]
exten => x,1,Set(__DYNAMIC_FEATURES=say#sayself#bye#them#more#blind#ask)
 same => n,Dial(SIP/bob,20,tTg)
 same => n,Log(NOTICE,next)
exten => y,1,Set(DYNAMIC_FEATURES=say#blind)
 same => n,Dial(SIP/bob,20)
exten => 104,1,Log(NOTICE,104 ${CHANNEL})
 same => n,Answer()
 same => n,Wait(5)
exten => h,1,Log(NOTICE,h)
exten => out,1,BlindTransfer(104)
 same => n,AttendedTransfer(104)
 same => n,Log(NOTICE,${BLINDTRANSFERSTATUS} ${ATTENDEDTRANSFERSTATUS})
[other]
exten => 5,1,Log(NOTICE,other ${CHANNEL})
 same => n,Wait(5)
`
	const sec = time.Second
	for _, tt := range []struct {
		name, exten, alice, bob, notices string
	}{
		{"on the other one", "x", "*1", "", "h | next | say SIP/bob-00000001 for SIP/alice-00000000"},
		{"on oneself", "x", "*2", "", "h | next | sayself SIP/alice-00000000 for SIP/alice-00000000"},
		{"by the callee, on the other one", "x", "", "*1", "h | next | say SIP/alice-00000000 for SIP/bob-00000001"},
		{"by the callee, on oneself", "x", "", "*2", "h | next | sayself SIP/bob-00000001 for SIP/bob-00000001"},
		{"it is not inherited", "y", "", "*1", "h"},
		{"it is the caller's", "y", "*1", "", "h | say SIP/bob-00000001 for SIP/alice-00000000"},
		{"a code of a group", "x", "*91", "", "h | next | say SIP/bob-00000001 for SIP/alice-00000000"},
		{"twice", "x", "*1*2", "", "h | next | say SIP/bob-00000001 for SIP/alice-00000000 | sayself SIP/alice-00000000 for SIP/alice-00000000"},
		{"hang up", "x", "*3", "", "h"},
		{"hang the other one up", "x", "*4", "", "h | next"},
		{"BlindTransfer", "x", "", "*5", "104 SIP/alice-00000000 | h"},
		{"BlindTransfer by the caller", "y", "*5", "", "104 SIP/bob-00000001 | h | h"},
		{"AttendedTransfer", "x", "", "*6", "h | next | other Local/5@other-00000000;2"},
		{"no call", "out", "", "", "INVALID FAILURE | h"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, plan, func(o *appstest.Office) {
					o.Registry.Register(local.New(local.Deps{Registry: o.Registry, Dialplan: o.Engine}))
				})
				f := channel.DefaultFeatures()
				f.AttendedTransfer = "*7"
				for name, line := range map[string]string{
					"say":     "*1,peer,Log(NOTICE,${DYNAMIC_FEATURENAME} ${CHANNEL} for ${DYNAMIC_WHO_ACTIVATED}),default",
					"sayself": "*2,self/both,Log(NOTICE,${DYNAMIC_FEATURENAME} ${CHANNEL} for ${DYNAMIC_WHO_ACTIVATED})",
					"bye":     "*3,self,Hangup",
					"them":    "*4,peer,Hangup",
					"blind":   "*5,self,BlindTransfer,104",
					"ask":     `*6,self,AttendedTransfer,"5,other"`,
				} {
					a, err := channel.ParseFeatureApplication(name, line)
					if err != nil {
						t.Fatal(err)
					}
					f.Applications = append(f.Applications, a)
				}
				grouped := f.Named("say")
				grouped[0].Digits = "*91"
				f.Groups = map[string][]channel.FeatureApplication{"more": grouped}
				o.Registry.SetFeatures(f)
				o.SIP.Script("bob", all([]channeltest.Step{channeltest.Answer(sec)}, keys(3*sec, tt.bob), []channeltest.Step{hangup(12 * sec)})...)
				o.Run(tt.exten, keys(3*sec, tt.alice)...)
				notices := o.Log.Notices()
				slices.Sort(notices)
				if got := strings.Join(notices, " | "); got != tt.notices {
					t.Errorf("%q, want %q\n%q", got, tt.notices, o.Log.Warnings())
				}
			})
		})
	}
}
