package registry

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pbx/channels/sip/message"
)

// play runs a registration through a script and compares what it wants and how it
// stands after each line. The clock moves by the waits, and by what a line says.
func TestRegistration(t *testing.T) {
	second := time.Second
	tests := []struct {
		name   string
		policy Policy
		asked  time.Duration
		script string // event > step, state
	}{
		{"golden: challenged, then registered", Policy{Timeout: 20 * second}, 600 * second, `
			due > send 600, Request Sent
			401 proof > send 600, Auth. Sent
			200 granted 300 > wait 285, Registered
			due > send 600, Registered
			200 granted 300 > wait 285 again, Registered`},
		{"golden: 403 is the end", Policy{Timeout: 20 * second}, 600 * second, `
			due > send 600, Request Sent
			403 > stop, No Authentication`},
		{"register_retry_403", Policy{Timeout: 20 * second, RetryForbidden: true}, 600 * second, `
			due > send 600, Request Sent
			403 > wait 60, No Authentication
			due > send 600, Request Sent
			200 granted 100 > wait 85, Registered`},
		{"what is granted lasts as long as was asked where nothing is said", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			200 > wait 105, Registered`},
		{"short bindings", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			200 granted 30 > wait 24, Registered
			due > send 120, Registered
			200 granted 1 > wait 0.5 again, Registered
			due > send 120, Registered
			200 granted 0 > wait 60, Rejected`},
		{"silence: the same pace, then slower", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			silent after 20 > wait 0.5, Timeout
			due > send 120, Request Sent
			silent after 20 > wait 0.5, Timeout
			due > send 120, Request Sent
			silent after 20 > wait 0.5, Timeout
			due > send 120, Request Sent
			silent after 20 > wait 20, Timeout
			due > send 120, Request Sent
			silent after 20 > wait 60, Timeout
			due > send 120, Request Sent
			silent after 20 > wait 140, Timeout
			due > send 120, Request Sent
			silent after 20 > wait 160, Timeout
			due > send 120, Request Sent
			silent after 20 > wait 160, Timeout
			due > send 120, Request Sent
			200 granted 100 > wait 85, Registered
			due > send 120, Registered
			silent after 20 > wait 0.5, Timeout`},
		{"nothing could be sent", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			unsent > wait 20, Unregistered`},
		{"registerattempts", Policy{Timeout: 20 * second, Attempts: 2}, 120 * second, `
			due > send 120, Request Sent
			silent after 20 > wait 0.5, Timeout
			due > send 120, Request Sent
			503 > stop, Failed`},
		{"a registrar in trouble", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			500 > wait 20, Unregistered
			due > send 120, Request Sent
			503 after-header 90 > wait 90, Unregistered
			due > send 120, Request Sent
			503 after-header 100000 > wait 3600, Unregistered
			due > send 120, Request Sent
			480 > wait 40, Unregistered`},
		{"wrong secret", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			401 proof > send 120, Auth. Sent
			401 > wait 60, No Authentication
			due > send 120, Request Sent
			407 > wait 120, No Authentication
			due > send 120, Request Sent
			407 > wait 240, No Authentication
			due > send 120, Request Sent
			404 > wait 480, Rejected
			due > send 120, Request Sent
			404 > wait 960, Rejected
			due > send 120, Request Sent
			404 > wait 1800, Rejected
			due > send 120, Request Sent
			404 > wait 1800, Rejected`},
		{"423", Policy{Timeout: 20 * second}, 60 * second, `
			due > send 60, Request Sent
			423 minimum 300 > send 300, Request Sent
			200 granted 300 > wait 285, Registered
			due > send 300, Registered
			423 minimum 300 > wait 60, Rejected
			due > send 300, Request Sent
			423 > wait 120, Rejected`},
		{"423 without end", Policy{Timeout: 20 * second}, 60 * second, `
			due > send 60, Request Sent
			423 minimum 61 > send 61, Request Sent
			423 minimum 62 > send 62, Request Sent
			423 minimum 63 > send 63, Request Sent
			423 minimum 64 > wait 60, Rejected`},
		{"a refused refresh", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			200 granted 120 > wait 105, Registered
			due > send 120, Registered
			503 > wait 20, Unregistered`},
		{"leaving", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			200 granted 120 > wait 105, Registered
			leave > send 0, Registered
			401 proof > send 0, Registered
			200 granted 0 > stop, Unregistered`},
		{"leaving what was never there", Policy{Timeout: 20 * second}, 120 * second, `
			leave > stop, Unregistered`},
		{"leaving while the answer is awaited", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			leave > send 0, Request Sent
			silent > stop, Unregistered`},
		{"leaving is refused", Policy{Timeout: 20 * second}, 120 * second, `
			due > send 120, Request Sent
			200 > wait 105, Registered
			leave > send 0, Registered
			403 > stop, Unregistered`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.Unix(1000, 0)
			r := New(Line{User: "u", Host: "h"}, tt.policy, tt.asked, func() uint64 { return 0 })
			for line := range strings.Lines(tt.script) {
				event, want, ok := strings.Cut(strings.TrimSpace(line), " > ")
				if !ok {
					continue
				}
				var step Step
				w := strings.Fields(event)
				value := func(name string) time.Duration {
					for i := 1; i+1 < len(w); i++ {
						if w[i] == name {
							var n float64
							if _, err := fmt.Sscan(w[i+1], &n); err != nil {
								t.Fatal(err)
							}
							return time.Duration(n * float64(second))
						}
					}
					return -1
				}
				now = now.Add(max(value("after"), 0))
				switch w[0] {
				case "due":
					step = r.Due(now)
				case "leave":
					step = r.Leave(now)
				case "silent":
					step = r.Silent(now)
				case "unsent":
					step = r.Unsent(now, errors.New("no such host"))
				default:
					a := Reply{Granted: value("granted"), Minimum: max(value("minimum"), 0), After: max(value("after-header"), 0), Proof: strings.Contains(event, "proof")}
					if _, err := fmt.Sscan(w[0], &a.Status); err != nil {
						t.Fatal(err)
					}
					step = r.Answered(now, a)
				}
				got := "stop"
				switch {
				case step.Send:
					got = fmt.Sprintf("send %v", r.Asked.Seconds())
				case step.Wait > 0:
					got = fmt.Sprintf("wait %v", step.Wait.Seconds())
				}
				if step.Again {
					got += " again"
				}
				if got += ", " + r.State(now).String(); got != want {
					t.Fatalf("%s: %s, want %s", event, got, want)
				}
				if !step.Send && event != "leave" && !strings.HasPrefix(tt.name, "leaving") && step.Note == "" {
					t.Errorf("%s says nothing", event)
				}
				now = now.Add(step.Wait)
			}
		})
	}
}

// TestBindingEnds: a binding that nobody refreshed is not there any more.
func TestBindingEnds(t *testing.T) {
	now := time.Unix(1000, 0)
	r := New(Line{}, Policy{Timeout: 20 * time.Second}, time.Minute, nil)
	if r.Idle(now) != true {
		t.Error("a new one is busy")
	}
	r.Due(now)
	if r.Idle(now) {
		t.Error("idle while an answer is awaited")
	}
	r.Answered(now, Reply{Status: 200, Granted: -1})
	for after, want := range map[time.Duration]State{0: Registered, 59 * time.Second: Registered, time.Minute: Unregistered} {
		if got := r.State(now.Add(after)); got != want {
			t.Errorf("after %v: %v", after, got)
		}
	}
}

// TestSpread: what slows down does not come back in step.
func TestSpread(t *testing.T) {
	seen := map[time.Duration]bool{}
	for i := range uint64(20) {
		now := time.Unix(1000, 0)
		r := New(Line{}, Policy{Timeout: 20 * time.Second}, time.Minute, func() uint64 { return i * 1e9 })
		var step Step
		for range 5 {
			r.Due(now)
			step = r.Silent(now)
			now = now.Add(step.Wait)
		}
		if step.Wait > 80*time.Second || step.Wait < 60*time.Second {
			t.Errorf("waits %v", step.Wait)
		}
		seen[step.Wait] = true
	}
	if len(seen) < 10 {
		t.Errorf("%d different waits", len(seen))
	}
}

func TestReadReply(t *testing.T) {
	const own = "sip:7@192.0.2.1:5060"
	for _, c := range []struct {
		name, headers string
		status        int
		want          Reply
	}{
		{"at our Contact", "Contact: <sip:8@x>;expires=1, <sip:7@192.0.2.1>;expires=60\r\nExpires: 9\r\n", 200, Reply{Granted: time.Minute}},
		{"golden: in Expires", "Contact: <sip:prov@127.0.50.40:5070>\r\nExpires: 300\r\n", 200, Reply{Granted: 5 * time.Minute}},
		{"our Contact without", "Contact: <sip:7@192.0.2.1:5060>\r\nExpires: 300\r\n", 200, Reply{Granted: 5 * time.Minute}},
		{"seen through a NAT", "Contact: <sip:7@203.0.113.9:40000>;expires=50\r\n", 200, Reply{Granted: 50 * time.Second}},
		{"those of others", "Contact: <sip:7@203.0.113.9>;expires=50,<sip:7@203.0.113.8>;expires=60\r\n", 200, Reply{Granted: -1}},
		{"nothing", "", 200, Reply{Granted: -1}},
		{"423", "Min-Expires: 300\r\n", 423, Reply{Granted: -1, Minimum: 5 * time.Minute}},
		{"503", "Retry-After: 30 (busy);duration=5\r\n", 503, Reply{Granted: -1, After: 30 * time.Second}},
	} {
		m := answer(t, c.status, c.headers)
		c.want.Status = c.status
		if got := ReadReply(m, own); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestServiceRoute(t *testing.T) {
	for headers, want := range map[string]string{
		"": "[]",
		"Service-Route: <sip:a.example;lr>, <sip:192.0.2.9:5070;lr>\r\nService-Route: <sip:b;lr>\r\n": "[sip:a.example;lr sip:192.0.2.9:5070;lr sip:b;lr]",
		"Service-Route: <tel:1>\r\n": "[]",
		"Service-Route: " + strings.Repeat("<sip:a;lr>,", 17) + "<sip:a;lr>\r\n": "[]",
	} {
		if got := fmt.Sprint(ServiceRoute(answer(t, 200, headers))); got != want {
			t.Errorf("%s: %s", headers, got)
		}
	}
}

func answer(t *testing.T, status int, headers string) *message.Message {
	t.Helper()
	m := &message.Message{}
	if err := m.Parse(fmt.Appendf(nil, "SIP/2.0 %d x\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n%s\r\n", status, headers)); err != nil {
		t.Fatal(err)
	}
	return m
}
