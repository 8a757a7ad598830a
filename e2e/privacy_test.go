package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const privacyPlan = `exten => 620,1,Set(CALLERID(num)=)
 same => n,PrivacyManager(20,4)
 same => n,Set(GLOBAL(ASKED)=${PRIVACYMGRSTATUS} ${CALLERID(num)})
 same => n,Dial(SIP/one,20,pn)
exten => 621,1,Answer()
 same => n,Record(greeting.wav,,2,q)
 same => n,Set(GLOBAL(LASTED)=${RECORDING_INFO(duration)})
 same => n,Playback(greeting)
 same => n,Wait(30)
exten => 600,1,`

// TestScreenedCall: a caller without a number types one in and says a name, which is
// played to the phone that is called before it takes the call with 1; the name is not
// kept (Dial's p and n).
func TestScreenedCall(t *testing.T) {
	t.Parallel()
	x := newExchange(t, strings.Replace(office, "exten => 600,1,", privacyPlan, 1))
	caller := newTalker(t, x.net.host(2), typePCMU, 101, 440)
	callee := newTalker(t, x.net.host(3), typePCMA, 96, 1000)
	newAgent(t, x.net.host(3)+":5070", x.addr(), func(l *leg, invite string) {
		callee.to(invite)
		l.reply(invite, "200 OK", callee.sdp("8"))
		if bye, ok := l.await("BYE ", "", time.Minute); ok {
			l.reply(bye, "200 OK", "")
		}
	})
	l := caller.calls(x, "620")
	pressed := time.Time{}
	eventually(t, 60*time.Second, "the number was taken", func() bool {
		if time.Since(pressed) > 4*time.Second { // nobody listens before the prompt
			caller.press("5551#")
			pressed = time.Now()
		}
		return strings.Contains(x.console("dialplan show globals"), "ASKED=SUCCESS 5551")
	})
	intro := filepath.Join(x.state, "sounds", "priv-callerintros", "5551.sln")
	// The caller talks on; what the callee hears of it is the recording, as long as the
	// callee has not pressed anything.
	callee.hears(440)
	if info, err := os.Stat(intro); err != nil || info.Size() < 3*16000 {
		t.Errorf("the name: %v, %v", info, err)
	}
	if isTone(caller.lately(), 1000, 2, 0.9) {
		t.Error("the caller hears the callee already")
	}
	callee.press("1")
	caller.forget()
	callee.forget()
	caller.hears(1000)
	callee.hears(440)
	if err := l.bye(); err != nil {
		t.Error(err)
	}
	x.idle()
	if _, err := os.Stat(intro); !os.IsNotExist(err) {
		t.Errorf("the name was kept: %v", err)
	}
}

// TestRecordingInfo: Record keeps what was said, and RECORDING_INFO tells how long it is.
func TestRecordingInfo(t *testing.T) {
	t.Parallel()
	x := newExchange(t, strings.Replace(office, "exten => 600,1,", privacyPlan, 1))
	k := newTalker(t, x.net.host(2), typePCMU, 101, 440)
	l := k.calls(x, "621")
	k.hears(440)
	told := regexp.MustCompile(`LASTED=(\d+)`).FindStringSubmatch(x.console("dialplan show globals"))
	if told == nil {
		t.Fatal("nothing is told of the recording")
	}
	info, err := os.Stat(filepath.Join(x.state, "sounds", "greeting.wav"))
	if err != nil {
		t.Fatal(err)
	}
	if ms, _ := strconv.Atoi(told[1]); ms < 1500 || ms > 2100 || int64(ms) != (info.Size()-44)/16 {
		t.Errorf("it lasted %s ms, the file has %d bytes", told[1], info.Size())
	}
	if err := l.bye(); err != nil {
		t.Error(err)
	}
	x.idle()
}
