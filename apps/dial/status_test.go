package dial_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
)

// plan is the dialplan that the results of the field were recorded with, as far
// as Dial is concerned.
const plan = `
[t]
exten => _dl-.,1,Dial(SIP/${EXTEN:3}@uas,5)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE} DT=${DIALEDTIME} AT=${ANSWEREDTIME} RT=${RINGTIME} PT=${PROGRESSTIME} DPN=${DIALEDPEERNAME} DPNUM=${DIALEDPEERNUMBER})
 same => n,NoOp(end)
exten => h,1,Log(NOTICE,HEXT DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE} DT=${DIALEDTIME} AT=${ANSWEREDTIME} RT=${RINGTIME} DPN=${DIALEDPEERNAME} DPNUM=${DIALEDPEERNUMBER})
exten => _dg-.,1,Dial(SIP/${EXTEN:3}@uas,5,g)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE} DT=${DIALEDTIME} AT=${ANSWEREDTIME} RT=${RINGTIME} DPN=${DIALEDPEERNAME} DPNUM=${DIALEDPEERNUMBER})
 same => n,Hangup()
exten => _dh-.,1,Dial(SIP/${EXTEN:3}@uas,5)
 same => n,Hangup()
exten => unkpeer,1,Dial(SIP/nosuchpeer,5)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => baddest,1,Dial(SIP/,5)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => badtech,1,Dial(NOSUCH/x,5)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => noarg,1,Dial()
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => badto,1,Dial(SIP/486@uas,abc)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => zeroto,1,Dial(SIP/ring@uas,0)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => fracto,1,Dial(SIP/ring@uas,1.5)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE} DTMS=${DIALEDTIME_MS})
exten => silent2,1,Dial(SIP/silent@uas,2)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => early,1,Dial(SIP/silent@uas,20^3)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => earlyring,1,Dial(SIP/ring@uas,20^3)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => _f-X.,1,Dial(SIP/${EXTEN:2:3}@uas&SIP/${EXTEN:6}@uas2,3)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => ringring,1,Dial(SIP/ring@uas&SIP/ring@uas2,3)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => ring486,1,Dial(SIP/ring@uas&SIP/486@uas2,3)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => ansring,1,Dial(SIP/ansbye@uas&SIP/ring@uas2,3)
exten => mix1,1,Dial(SIP/486@uas&SIP/unreg,3)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => mix2,1,Dial(SIP/ring@uas&SIP/unreg,2)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => mix3,1,Dial(SIP/unreg&SIP/nosuchpeer,2)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => limit,1,Dial(SIP/ans@uaslim,3)
 same => n,Log(NOTICE,RES DIALSTATUS=${DIALSTATUS} HANGUPCAUSE=${HANGUPCAUSE})
exten => lim2,1,Dial(SIP/ans@uas,5,S(1))
 same => n,Log(NOTICE,RES S(1))
exten => rring,1,Dial(SIP/ansbye@uas,5,r)
`

// moment is when the first device fails, second when the other one does.
const (
	moment = 50 * time.Millisecond
	second = 60 * time.Millisecond
)

// answers are what a SIP driver makes of a callee's final response.
var answers = map[string]struct {
	control channel.Control
	cause   channel.Cause
}{
	"400": {channel.ControlHangup, 127}, "401": {channel.ControlCongestion, 21}, "402": {channel.ControlHangup, 127},
	"403": {channel.ControlHangup, 21}, "404": {channel.ControlHangup, 1}, "407": {channel.ControlCongestion, 21},
	"408": {channel.ControlHangup, 18}, "409": {channel.ControlHangup, 41}, "410": {channel.ControlCongestion, 22},
	"420": {channel.ControlHangup, 3}, "480": {channel.ControlBusy, 19}, "482": {channel.ControlCongestion, 127},
	"483": {channel.ControlHangup, 19}, "484": {channel.ControlHangup, 28}, "486": {channel.ControlBusy, 17},
	"487": {channel.ControlHangup, 16}, "488": {channel.ControlHangup, 58}, "500": {channel.ControlCongestion, 38},
	"501": {channel.ControlHangup, 29}, "502": {channel.ControlCongestion, 27}, "503": {channel.ControlCongestion, 34},
	"504": {channel.ControlCongestion, 102}, "600": {channel.ControlBusy, 17}, "603": {channel.ControlBusy, 21},
	"604": {channel.ControlHangup, 1}, "606": {channel.ControlHangup, 58},
}

func newOffice(t *testing.T, plan string) *appstest.Office {
	o := appstest.New(t, plan)
	for peer, after := range map[string]time.Duration{"@uas": moment, "@uas2": second} {
		for code, a := range answers {
			fail := channeltest.Fail(after, a.control, a.cause, "SIP "+code+" Test")
			o.SIP.Script(code+peer, fail)
			o.SIP.Script("r"+code+peer, channeltest.Ringing(0), func() channeltest.Step { fail.After = 200 * time.Millisecond; return fail }())
		}
		o.SIP.Script("ring"+peer, channeltest.Ringing(moment))
		o.SIP.Script("silent" + peer)
		o.SIP.Script("ans"+peer, channeltest.Ringing(moment), channeltest.Answer(400*time.Millisecond))
		o.SIP.Script("ansbye"+peer, channeltest.Ringing(moment), channeltest.Answer(400*time.Millisecond), channeltest.Hangup(1500*time.Millisecond, channel.CauseNormalClearing))
	}
	o.SIP.Refuse("unreg", channel.CauseSubscriberAbsent)
	o.SIP.Refuse("ans@uaslim", channel.CauseUserBusy)
	return o
}

// The results of the field, golden/dial-status.md.
func TestStatus(t *testing.T) {
	tests := []struct {
		exten string
		hear  string // what the caller's phone is told
		res   string // DIALSTATUS HANGUPCAUSE at the next priority, "" when it is not reached
		h     string // and in h
		took  time.Duration
	}{
		{"dl-400", "congestion", "CHANUNAVAIL 127", "CHANUNAVAIL 34", moment},
		{"dl-401", "congestion", "CONGESTION 21", "CONGESTION 34", moment},
		{"dl-402", "congestion", "CHANUNAVAIL 127", "CHANUNAVAIL 34", moment},
		{"dl-403", "congestion", "CHANUNAVAIL 21", "CHANUNAVAIL 34", moment},
		{"dl-404", "congestion", "CHANUNAVAIL 1", "CHANUNAVAIL 34", moment},
		{"dl-407", "congestion", "CONGESTION 21", "CONGESTION 34", moment},
		{"dl-408", "congestion", "CHANUNAVAIL 18", "CHANUNAVAIL 34", moment},
		{"dl-409", "congestion", "CHANUNAVAIL 41", "CHANUNAVAIL 34", moment},
		{"dl-410", "congestion", "CONGESTION 22", "CONGESTION 34", moment},
		{"dl-420", "congestion", "CHANUNAVAIL 3", "CHANUNAVAIL 34", moment},
		{"dl-480", "busy", "BUSY 19", "BUSY 17", moment},
		{"dl-482", "congestion", "CONGESTION 127", "CONGESTION 34", moment},
		{"dl-483", "", "NOANSWER 19", "NOANSWER 19", moment},
		{"dl-484", "congestion", "CHANUNAVAIL 28", "CHANUNAVAIL 34", moment},
		{"dl-486", "busy", "BUSY 17", "BUSY 17", moment},
		{"dl-487", "", "NOANSWER 16", "NOANSWER 16", moment},
		{"dl-488", "congestion", "CHANUNAVAIL 58", "CHANUNAVAIL 34", moment},
		{"dl-500", "congestion", "CONGESTION 38", "CONGESTION 34", moment},
		{"dl-501", "congestion", "CHANUNAVAIL 29", "CHANUNAVAIL 34", moment},
		{"dl-502", "congestion", "CONGESTION 27", "CONGESTION 34", moment},
		{"dl-503", "congestion", "CONGESTION 34", "CONGESTION 34", moment},
		{"dl-504", "congestion", "CONGESTION 102", "CONGESTION 34", moment},
		{"dl-600", "busy", "BUSY 17", "BUSY 17", moment},
		{"dl-603", "busy", "BUSY 21", "BUSY 17", moment},
		{"dl-604", "congestion", "CHANUNAVAIL 1", "CHANUNAVAIL 34", moment},
		{"dl-606", "congestion", "CHANUNAVAIL 58", "CHANUNAVAIL 34", moment},
		{"dl-r486", "ringing busy", "BUSY 17", "BUSY 17", 200 * time.Millisecond},
		{"dl-r404", "ringing congestion", "CHANUNAVAIL 1", "CHANUNAVAIL 34", 200 * time.Millisecond},
		{"dl-r503", "ringing congestion", "CONGESTION 34", "CONGESTION 34", 200 * time.Millisecond},
		{"dg-486", "", "BUSY 17", "BUSY 17", moment},
		{"dh-486", "", "", "BUSY 17", moment},
		{"dh-404", "", "", "CHANUNAVAIL 1", moment},
		{"dh-ring", "ringing", "", "NOANSWER 16", 5 * time.Second},
		{"dl-ring", "ringing", "NOANSWER 0", "NOANSWER 0", 5 * time.Second},
		{"dl-silent", "", "NOANSWER 0", "NOANSWER 0", 5 * time.Second},
		{"unkpeer", "congestion", "CHANUNAVAIL 20", "CHANUNAVAIL 34", 0},
		{"baddest", "", "", "INVALIDARGS 0", 0},
		{"badtech", "congestion", "CHANUNAVAIL 66", "CHANUNAVAIL 34", 0},
		{"noarg", "congestion", "CHANUNAVAIL 0", "CHANUNAVAIL 34", 0},
		{"badto", "busy", "BUSY 17", "BUSY 17", moment},
		{"fracto", "ringing", "NOANSWER 0", "NOANSWER 0", 1500 * time.Millisecond},
		{"silent2", "", "NOANSWER 0", "NOANSWER 0", 2 * time.Second},
		{"early", "", "NOANSWER 0", "NOANSWER 0", 3 * time.Second},
		{"earlyring", "ringing", "NOANSWER 0", "NOANSWER 0", 20 * time.Second},
		{"f-486-486", "busy", "BUSY 17", "BUSY 17", second},
		{"f-486-404", "busy", "BUSY 1", "BUSY 17", second},
		{"f-486-503", "busy", "BUSY 34", "BUSY 17", second},
		{"f-503-404", "congestion", "CONGESTION 1", "CONGESTION 34", second},
		{"f-404-404", "congestion", "CHANUNAVAIL 1", "CHANUNAVAIL 34", second},
		{"f-480-486", "busy", "BUSY 17", "BUSY 17", second},
		{"f-503-503", "congestion", "CONGESTION 34", "CONGESTION 34", second},
		{"ringring", "ringing", "NOANSWER 0", "NOANSWER 0", 3 * time.Second},
		{"ring486", "ringing", "NOANSWER 17", "NOANSWER 17", 3 * time.Second},
		{"mix1", "busy", "BUSY 17", "BUSY 17", moment},
		{"mix2", "ringing", "NOANSWER 20", "NOANSWER 20", 2 * time.Second},
		{"mix3", "congestion", "CHANUNAVAIL 20", "CHANUNAVAIL 34", 0},
		{"limit", "congestion", "CHANUNAVAIL 17", "CHANUNAVAIL 34", 0},
	}
	for _, tt := range tests {
		t.Run(tt.exten, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, plan)
				start := time.Now()
				caller := o.Run(tt.exten)
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				heard := strings.Fields(caller.Heard())
				heard = heard[:len(heard)-1] // the hang-up
				if got := strings.Join(heard, " "); got != tt.hear {
					t.Errorf("caller heard %q, want %q", got, tt.hear)
				}
				var res, h string
				for _, line := range o.Log.Notices() {
					var status, cause string
					if word, rest, _ := strings.Cut(line, " "); word == "RES" || word == "HEXT" {
						for _, f := range strings.Fields(rest) {
							if v, ok := strings.CutPrefix(f, "DIALSTATUS="); ok {
								status = v
							}
							if v, ok := strings.CutPrefix(f, "HANGUPCAUSE="); ok {
								cause = v
							}
							for _, empty := range []string{"DT=", "AT=", "DPN=", "DPNUM="} {
								if strings.HasPrefix(f, empty) && f != empty {
									t.Errorf("unanswered, yet %s", f)
								}
							}
						}
						if word == "RES" {
							res = status + " " + cause
						} else {
							h = status + " " + cause
						}
					}
				}
				if res != tt.res {
					t.Errorf("after Dial: %q, want %q", res, tt.res)
				}
				if h != tt.h {
					t.Errorf("in h: %q, want %q", h, tt.h)
				}
			})
		})
	}
}

func TestAnswered(t *testing.T) {
	run := func(name, exten string, want []string, steps ...channeltest.Step) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t, plan)
				o.Run(exten, steps...)
				if got := o.Log.Notices(); fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("logged %q, want %q", got, want)
				}
			})
		})
	}
	const talked = "DIALSTATUS=ANSWER HANGUPCAUSE=16 DT=1 AT=1 RT=0 "
	run("without g nothing follows", "dl-ansbye", []string{"HEXT " + talked + "DPN=SIP/uas-00000001 DPNUM=ansbye@uas"})
	run("with g the next priority", "dg-ansbye", []string{
		"RES " + talked + "DPN=SIP/uas-00000001 DPNUM=ansbye@uas", "HEXT " + talked + "DPN=SIP/uas-00000001 DPNUM=ansbye@uas",
	})
	run("with g, but the caller hangs up", "dg-ans", []string{"HEXT " + talked + "DPN=SIP/uas-00000001 DPNUM=ans@uas"},
		channeltest.Hangup(1450*time.Millisecond, channel.CauseNormalClearing))
	run("S ends the call", "lim2", []string{"HEXT " + talked + "DPN=SIP/uas-00000001 DPNUM=ans@uas"})
	run("of two the one that answers", "ansring", []string{"HEXT " + talked + "DPN=SIP/uas-00000001 DPNUM=ansbye@uas"})
	run("the caller gives up", "dl-ring", []string{"HEXT DIALSTATUS=CANCEL HANGUPCAUSE=0 DT= AT= RT=0 DPN= DPNUM="},
		channeltest.Hangup(800*time.Millisecond, channel.CauseNone))
	run("no time limit", "zeroto", []string{"HEXT DIALSTATUS=CANCEL HANGUPCAUSE=0 DT= AT= RT=0 DPN= DPNUM="},
		channeltest.Hangup(time.Hour, channel.CauseNone))
}
