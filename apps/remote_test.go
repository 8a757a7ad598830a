package apps_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
)

// another begins a call to an extension of the context o, whose channel the first
// one may look for.
func another(o *appstest.Office, name, exten string, steps ...channeltest.Step) *channeltest.Leg {
	l := o.SIP.Inbound(channel.Options{
		Name: name, Location: channel.Location{Context: "o", Exten: exten, Priority: 1},
		Identity: channel.Identity{Caller: channel.Party{Number: name, HasNumber: true}},
	}, steps...)
	o.Engine.Start(l.Channel())
	return l
}

// What one channel does to another that is in the dialplan.
func TestOtherChannels(t *testing.T) {
	for _, tt := range []struct {
		name, plan string
		notices    string
		steps      []channeltest.Step
		other      []channeltest.Step
		took       time.Duration
	}{
		{
			name: "ChannelRedirect", plan: "exten => x,1,Wait(1)\n same => n,ChannelRedirect(SIP/bob-00000000,o,there,1)\n same => n,Log(NOTICE,${CHANNELREDIRECT_STATUS})\n" +
				"[o]\nexten => s,1,Answer()\n same => n,Wait(60)\nexten => there,1,Log(NOTICE,there)",
			notices: "SUCCESS | there", took: time.Second,
		},
		{
			name: "ChannelRedirect to a label of where it is", plan: "exten => x,1,Wait(1)\n same => n,ChannelRedirect(SIP/bob-00000000,label)\n" +
				"[o]\nexten => s,1,Answer()\n same => n,Wait(60)\n same => n(label),Log(NOTICE,label)",
			notices: "label", took: time.Second,
		},
		{
			name: "ChannelRedirect of a channel that is not there", plan: "exten => x,1,ChannelRedirect(SIP/nobody,o,s,1)\n same => n,Log(NOTICE,${CHANNELREDIRECT_STATUS})\n[o]\nexten => s,1,NoOp()",
			notices: "NOCHANNEL",
		},
		{
			name: "ChannelRedirect of itself", plan: "exten => x,1,ChannelRedirect(${CHANNEL},y,1)\n same => n,Log(NOTICE,not reached)\nexten => y,1,Log(NOTICE,y ${CHANNELREDIRECT_STATUS})\n[o]\nexten => s,1,NoOp()",
			notices: "y SUCCESS",
		},
		{
			name: "ChannelRedirect to nowhere", plan: "exten => x,1,ChannelRedirect(${CHANNEL},nowhere)\n same => n,Log(NOTICE,not reached)\nexten => h,1,Log(NOTICE,h)\n[o]\nexten => s,1,NoOp()",
			notices: "h",
		},
		{
			name: "Bridge", plan: "exten => x,1,Wait(1)\n same => n,Bridge(SIP/bob-00000000,p)\n same => n,Log(NOTICE,not reached)\nexten => h,1,Log(NOTICE,h ${BRIDGERESULT})\n" +
				"[o]\nexten => s,1,Answer()\n same => n,Wait(60)\n same => n,Wait(1)\n same => n,Log(NOTICE,goes on)",
			steps: []channeltest.Step{hangup(5 * time.Second)}, notices: "h SUCCESS | goes on", took: 6 * time.Second,
		},
		{
			name: "Bridge, and the other leaves", plan: "exten => x,1,Wait(1)\n same => n,Bridge(SIP/bob-00000000)\n same => n,Log(NOTICE,${BRIDGERESULT})\n" +
				"[o]\nexten => s,1,Answer()\n same => n,Wait(60)\nexten => h,1,NoOp()",
			other: []channeltest.Step{hangup(4 * time.Second)}, notices: "SUCCESS", took: 4 * time.Second,
		},
		{
			name: "Bridge with a limit, and x", plan: "exten => x,1,Wait(1)\n same => n,Bridge(SIP/bob-00000000,xS(3))\n same => n,Log(NOTICE,${BRIDGERESULT})\n" +
				"[o]\nexten => s,1,Answer()\n same => n,Wait(60)\n same => n,Log(NOTICE,not reached)",
			notices: "SUCCESS", took: 4 * time.Second,
		},
		{
			name: "Bridge with F", plan: "exten => x,1,Wait(1)\n same => n,Bridge(SIP/bob-00000000,F(o^after^1))\n" +
				"[o]\nexten => s,1,Answer()\n same => n,Wait(60)\nexten => after,1,Log(NOTICE,after)",
			steps: []channeltest.Step{hangup(3 * time.Second)}, notices: "after", took: 3 * time.Second,
		},
		{
			name: "Bridge with one in the clear, where TLS is wanted", plan: "exten => x,1,Wait(1)\n same => n,Set(CHANNEL(secure_bridge_signaling)=1)\n same => n,Bridge(SIP/bob-00000000)\n same => n,Log(NOTICE,${BRIDGERESULT})\n" +
				"[o]\nexten => s,1,Answer()\n same => n,Wait(2)\n same => n,Log(NOTICE,stays)\nexten => h,1,NoOp()",
			notices: "INCOMPATIBLE | stays", took: 2 * time.Second,
		},
		{
			name: "Bridge with nobody, itself, and one that is not up", plan: "exten => x,1,Bridge(SIP/nobody)\n same => n,Log(NOTICE,${BRIDGERESULT})\n same => n,Bridge(${CHANNEL})\n same => n,Log(NOTICE,${BRIDGERESULT})\n" +
				" same => n,Bridge(SIP/bob-00000000,n)\n same => n,Log(NOTICE,${BRIDGERESULT})\n[o]\nexten => s,1,Wait(1)",
			notices: "NONEXISTENT | LOOP | FAILURE", took: time.Second,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, "[t]\n"+tt.plan+"\n")
				start := time.Now()
				another(o, "bob", "s", tt.other...)
				o.Run("x", tt.steps...)
				// Two threads speak, in any order.
				got, want := slices.Sorted(slices.Values(o.Log.Notices())), strings.Split(tt.notices, " | ")
				if slices.Sort(want); !slices.Equal(got, want) {
					t.Errorf("plan: %q\nwant: %q\n%q", got, want, o.Log.Warnings())
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// Record writes a file below the office's sounds; what it holds is the media's part.
func TestRecord(t *testing.T) {
	for _, tt := range []struct {
		name, plan, notices, told string
		steps                     []channeltest.Step
		files                     string
		took                      time.Duration
	}{
		{
			name: "a key", plan: "exten => x,1,Record(a/b.wav)\n same => n,Log(NOTICE,${RECORD_STATUS})", steps: key(2*time.Second, "1#"),
			notices: "DTMF", told: "answer hangup(16)", files: "a/b.wav", took: 2200 * time.Millisecond,
		},
		{
			name: "the limit, any key, two files", plan: "exten => x,1,Record(m%d:sln,,3,q)\n same => n,Record(m%d:sln,,3,qy)\n same => n,Log(NOTICE,${RECORD_STATUS})", steps: key(4*time.Second, "5"),
			notices: "DTMF", told: "answer hangup(16)", files: "m0.sln m1.sln", took: 4 * time.Second,
		},
		{name: "the operator", plan: "exten => x,1,Record(m.ulaw,,,oq)\n same => n,Log(NOTICE,${RECORD_STATUS})", steps: key(time.Second, "0"), notices: "OPERATOR", told: "answer hangup(16)", files: "m.ulaw", took: time.Second},
		{name: "no key", plan: "exten => x,1,Record(m.alaw,,2,xq)\n same => n,Log(NOTICE,${RECORD_STATUS})", steps: key(time.Second, "#"), notices: "TIMEOUT", told: "answer hangup(16)", files: "m.alaw", took: 2 * time.Second},
		{name: "not answered", plan: "exten => x,1,Record(m.wav,,2,s)\n same => n,Log(NOTICE,${RECORD_STATUS})", notices: "SKIP", told: "hangup(0)"},
		{name: "the caller leaves", plan: "exten => x,1,Record(m.wav)\nexten => h,1,Log(NOTICE,${RECORD_STATUS})", steps: []channeltest.Step{hangup(time.Second)}, notices: "HANGUP", told: "answer hangup(16)", took: time.Second},
		{name: "and it is kept", plan: "exten => x,1,Record(m.wav,,,k)\nexten => h,1,Log(NOTICE,${RECORD_STATUS})", steps: []channeltest.Step{hangup(time.Second)}, notices: "HANGUP", told: "answer hangup(16)", files: "m.wav", took: time.Second},
		{
			name: "and what is told of it", plan: "exten => x,1,Set(a=[${RECORDING_INFO(duration)}])\n same => n,Record(m.wav,,2,xq)\n same => n,Log(NOTICE,${a} ${RECORDING_INFO(duration)} ${RECORDING_INFO(Duration)} [${RECORDING_INFO(size)}])",
			notices: "[] 0 0 []", told: "answer hangup(16)", files: "m.wav", took: 2 * time.Second,
		},
		{name: "no format", plan: "exten => x,1,Record(m)\nexten => h,1,Log(NOTICE,${RECORD_STATUS})", notices: "ERROR", told: "hangup(0)"},
		{name: "a format that is not written", plan: "exten => x,1,Record(m.mp3)\nexten => h,1,Log(NOTICE,${RECORD_STATUS})", notices: "ERROR", told: "hangup(0)"},
		{name: "a name out of the network", plan: "exten => x,1,Set(n=../../${CALLERID(num)})\n same => n,Record(${n}.wav)\nexten => h,1,Log(NOTICE,${RECORD_STATUS})", notices: "ERROR", told: "hangup(0)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, "[t]\n"+tt.plan+"\n")
				start := time.Now()
				caller := o.Run("x", tt.steps...)
				if got := strings.Join(o.Log.Notices(), " | "); got != tt.notices {
					t.Errorf("plan: %s\nwant: %s\n%q", got, tt.notices, o.Log.Warnings())
				}
				if got := caller.Heard(); got != tt.told {
					t.Errorf("told: %s\nwant: %s", got, tt.told)
				}
				var files []string
				_ = filepath.WalkDir(o.Recordings, func(path string, d os.DirEntry, err error) error {
					if err == nil && !d.IsDir() {
						name, _ := filepath.Rel(o.Recordings, path)
						files = append(files, name)
					}
					return err
				})
				if got := strings.Join(files, " "); got != tt.files {
					t.Errorf("files: %s\nwant:  %s", got, tt.files)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}

// Callers from outside are told, asked and let in.
func TestStrangers(t *testing.T) {
	codes := filepath.Join(t.TempDir(), "codes")
	if err := os.WriteFile(codes, []byte("; codes\n1111,inner,\"Inner\" <900>\n2222\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const plans = "\n[disa]\nexten => 2XX,1,NoOp()\nexten => _2XX,1,Log(NOTICE,disa ${EXTEN} ${CALLERID(all)} ${CHANNEL(accountcode)})\n" +
		"[inner]\nexten => _3XX,1,Log(NOTICE,inner ${EXTEN} ${CALLERID(all)})\nexten => i,1,Log(NOTICE,i ${INVALID_EXTEN})\n"
	for _, tt := range []struct {
		name, plan, notices, told, heard string
		steps                            []channeltest.Step
		took                             time.Duration
	}{
		{
			name: "DISA", plan: "exten => x,1,DISA(4711)", steps: append(key(time.Second, "4711#"), key(3*time.Second, "201")...),
			notices: `disa 201 "Alice A" <101> 4711`, told: "answer hangup(16)", heard: "tone stop tone stop", took: 3400 * time.Millisecond,
		},
		{
			name: "DISA with a wrong code", plan: "exten => x,1,DISA(4711)\n same => n,Log(NOTICE,not reached)", steps: key(time.Second, "4712#"),
			told: "answer hangup(16)", heard: "tone stop tone stop", took: 11800 * time.Millisecond,
		},
		{
			name: "DISA without a code", plan: "exten => x,1,DISA(no-password,inner,9)", steps: key(time.Second, "301"),
			notices: `inner 301 "" <9>`, told: "answer hangup(16)", heard: "tone stop", took: 1400 * time.Millisecond,
		},
		{
			name: "DISA with a number that ends with #", plan: "exten => x,1,DISA(no-password,inner,,,p)", steps: key(time.Second, "3#"),
			notices: "i 3", told: "answer hangup(16)", heard: "tone stop", took: 1200 * time.Millisecond,
		},
		{
			name: "DISA and a file", plan: "exten => x,1,DISA(" + codes + ")", steps: append(key(time.Second, "1111#"), key(3*time.Second, "301")...),
			notices: `inner 301 "Inner" <900>`, told: "answer hangup(16)", heard: "tone stop tone stop", took: 3400 * time.Millisecond,
		},
		{
			name: "DISA and the caller leaves", plan: "exten => x,1,DISA(1)\nexten => h,1,Log(NOTICE,h)", steps: []channeltest.Step{hangup(2 * time.Second)},
			notices: "h", told: "answer hangup(16)", heard: "tone stop", took: 2 * time.Second,
		},
		{
			name: "PrivacyManager with a number", plan: "exten => x,1,PrivacyManager()\n same => n,Log(NOTICE,[${PRIVACYMGRSTATUS}] ${CALLERID(num)})",
			notices: "[] 101", told: "hangup(0)",
		},
		{
			name: "PrivacyManager", plan: "exten => x,1,Set(CALLERID(num)=)\n same => n,PrivacyManager(2,5,,inner)\n same => n,Log(NOTICE,${PRIVACYMGRSTATUS} ${CALLERID(all)})",
			steps: append(key(9*time.Second, "12#"), key(16*time.Second, "30123#")...), notices: "FAILED \"Alice A\" <>", told: "answer hangup(16)", heard: "-", took: -1,
		},
		{
			name: "PrivacyManager succeeds", plan: "exten => x,1,Set(CALLERID(num)=)\n same => n,PrivacyManager(2,5)\n same => n,Log(NOTICE,${PRIVACYMGRSTATUS} ${CALLERID(all)})",
			steps: append(key(9*time.Second, "12#"), key(16*time.Second, "30123#")...), notices: "SUCCESS \"Privacy Manager\" <30123>", told: "answer hangup(16)", heard: "-", took: -1,
		},
		{
			name: "Zapateller", plan: "exten => x,1,Zapateller(answer)\n same => n,Log(NOTICE,${ZAPATELLERSTATUS})\n same => n,Zapateller(nocallerid)\n same => n,Log(NOTICE,${ZAPATELLERSTATUS})",
			notices: "ZAPPED | NOTHING", told: "answer hangup(16)", heard: "tone stop", took: 1990 * time.Millisecond,
		},
		{
			name: "Zapateller and the caller gives up", plan: "exten => x,1,Zapateller(answer&nocallerid)\n same => n,Set(CALLERID(num)=)\n same => n,Zapateller(answer&nocallerid)\nexten => h,1,Log(NOTICE,${ZAPATELLERSTATUS})",
			steps: []channeltest.Step{hangup(time.Second)}, notices: "ANSWERED", told: "answer hangup(16)", heard: "tone stop", took: time.Second,
		},
		{
			name: "Milliwatt", plan: "exten => x,1,Milliwatt(m)\nexten => h,1,Log(NOTICE,h)", steps: []channeltest.Step{hangup(3 * time.Hour)},
			notices: "h", told: "answer hangup(16)", heard: "tone stop", took: 3 * time.Hour,
		},
		{
			name: "SAYFILES", plan: "exten => x,1,Log(NOTICE,${SAYFILES(a1)} ${SAYFILES(1*,digits)} ${SAYFILES(21,number)} ${SAYFILES(2,ordinal)} ${SAYFILES(1.50,money)} ${SAYFILES(b,phonetic)} ${SAYFILES(x,number)}.)",
			notices: "letters/a&digits/1 digits/1&digits/star digits/20&digits/1 digits/h-2 digits/1&dollar&and&digits/50&cents phonetic/b_p .", told: "hangup(0)",
		},
		{
			name: "CHANNEL() of what Dial reads", plan: "exten => x,1,Set(CHANNEL(namedcallgroup)=a, b)\n same => n,Set(CHANNEL(namedpickupgroup)=c)\n same => n,Log(NOTICE,${CHANNEL(namedcallgroup)} ${CHANNEL(namedpickupgroup)} ${CHANNEL(max_forwards)})\n" +
				" same => n,Set(CHANNEL(max_forwards)=0)\n same => n,Dial(SIP/nobody,1)\n same => n,Log(NOTICE,not reached)\nexten => h,1,Log(NOTICE,h ${DIALSTATUS})",
			notices: "a, b c 20 | h BUSY", told: "hangup(0)",
		},
		{
			name: "StoreDTMF", plan: "exten => x,1,StoreDTMF(RX,KEYS)\n same => n,Wait(2)\n same => n,Log(NOTICE,${KEYS})\n same => n,StoreDTMF(remove)\n same => n,Wait(2)\n same => n,Log(NOTICE,${KEYS})",
			steps: append(key(time.Second, "12#"), key(3*time.Second, "5")...), notices: "12# | 12#", told: "hangup(0)", took: 4 * time.Second,
		},
		{
			name: "ControlPlayback to its end", plan: "exten => x,1,Answer()\n same => n,ControlPlayback(beep)\n same => n,Log(NOTICE,${CPLAYBACKSTATUS} ${CPLAYBACKOFFSET} ${CPLAYBACKSTOPKEY})",
			notices: "SUCCESS 350 ", told: "answer hangup(16)", heard: "sound(350ms)", took: 350 * time.Millisecond,
		},
		{
			name: "ControlPlayback and a key that stops it", plan: "exten => x,1,Answer()\n same => n,ControlPlayback(demo-congrats,1000,3,1,0,2,4)\n same => n,Log(NOTICE,${CPLAYBACKSTATUS} ${CPLAYBACKSTOPKEY})\nexten => 0,1,Log(NOTICE,not reached)",
			steps: append(key(time.Second, "14"), key(2*time.Second, "0")...), notices: "USERSTOPPED 0", told: "answer hangup(16)", heard: "-", took: 2 * time.Second,
		},
		{
			name: "ControlPlayback of what is not there", plan: "exten => x,1,Answer()\n same => n,ControlPlayback(nowhere)\n same => n,Log(NOTICE,${CPLAYBACKSTATUS})",
			notices: "ERROR", told: "answer hangup(16)",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := appstest.New(t, "[t]\n"+tt.plan+"\n"+plans)
				start := time.Now()
				caller := o.Run("x", tt.steps...)
				if got := strings.Join(o.Log.Notices(), " | "); got != tt.notices {
					t.Errorf("plan: %s\nwant: %s\n%q", got, tt.notices, o.Log.At(slog.LevelWarn))
				}
				if got := caller.Heard(); got != tt.told {
					t.Errorf("told: %s\nwant: %s", got, tt.told)
				}
				if got := o.Session(caller.Channel()).Heard(); got != tt.heard && tt.heard != "-" {
					t.Errorf("heard: %s\nwant:  %s", got, tt.heard)
				}
				if took := time.Since(start); took != tt.took && tt.took >= 0 {
					t.Errorf("took %v, want %v", took, tt.took)
				}
			})
		})
	}
}
