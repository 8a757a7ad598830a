package sip

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/decl"
)

// oneThread is the thread of one channel.
type oneThread struct {
	channel.Thread
	ch *channel.Channel
}

func (t oneThread) Channel() *channel.Channel { return t.ch }
func (t oneThread) Log() *slog.Logger         { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

const inviteText = `INVITE sip:1000@127.0.50.1 SIP/2.0
Via: SIP/2.0/UDP 127.0.50.10:5070;branch=z9hG4bKx
Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKy
f: "Eve" <sip:eve@127.0.50.1>;tag=1
To: <sip:1000@127.0.50.1>
Call-ID: x
CSeq: 1 INVITE
Max-Forwards: 70
X-Account: 17&SIP/1
User-Agent: Phone 1.0
Content-Length: 0

`

// withCall hands body a thread whose channel is a SIP call that came with
// inviteText.
func withCall(t *testing.T, body func(r *rig, th oneThread)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, phones, nil)
		var m message.Message
		if err := m.Parse([]byte(strings.ReplaceAll(inviteText, "\n", "\r\n"))); err != nil {
			t.Fatal(err)
		}
		p := &pvt{d: r.Driver, peer: r.Driver.peer("alice"), settings: &r.cfg.General.Defaults, invite: m.Clone(), useragent: "Phone 1.0"}
		p.setChannel(r.registry.New(channel.Options{Name: "alice", Tech: r.Driver, Leg: p}))
		body(r, oneThread{ch: p.channel})
	})
}

// read calls a function with the text of its arguments.
func (r *rig) read(t *testing.T, th channel.Thread, name, text string) (value string, tainted bool, err error) {
	t.Helper()
	for _, f := range r.Functions() {
		if f.Name == name {
			args := &decl.Args{Raw: text, Pos: decl.Split(text, 0)}
			value, err = f.Read(th, args)
			return value, args.Tainted, err
		}
	}
	t.Fatalf("no function %s", name)
	return "", false, nil
}

func TestFunctions(t *testing.T) {
	withCall(t, func(r *rig, th oneThread) {
		p := r.phone("127.0.50.10:5070", "alice")
		p.register("alicepw", p.contact()+"Expires: 300\nUser-Agent: Soft\n")
		time.Sleep(time.Second)
		for _, c := range []struct {
			name, args, want string
			tainted, fails   bool
		}{
			{"SIP_HEADER", "X-Account", "17&SIP/1", true, false},
			{"SIP_HEADER", "from", `"Eve" <sip:eve@127.0.50.1>;tag=1`, true, false},
			{"SIP_HEADER", "Via,2", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKy", true, false},
			{"SIP_HEADER", "Via,3", "", true, false},
			{"SIP_HEADER", "X-None", "", true, false},
			{"SIP_HEADER", "", "", false, true},
			{"SIP_HEADER", "Via,x", "", false, true},
			{"SIP_HEADERS", "", "Via,From,To,Call-ID,CSeq,Max-Forwards,X-Account,User-Agent,Content-Length", true, false},
			{"SIP_HEADERS", "x-", "X-Account", true, false},
			{"SIPCHANINFO", "useragent", "Phone 1.0", true, false},
			{"SIPCHANINFO", "peername", "alice", false, false},
			{"SIPCHANINFO", "nosuch", "", false, true},
			{"SIPPEER", "alice", "127.0.50.10", false, false},
			{"SIPPEER", "alice,ip", "127.0.50.10", false, false},
			{"SIPPEER", "alice:port", "5070", false, false},
			{"SIPPEER", "many,ip", "(null)", false, false},
			{"SIPPEER", "alice,expire", "299", false, false},
			{"SIPPEER", "alice,status", "Unmonitored", false, false},
			{"SIPPEER", "alice,dynamic", "yes", false, false},
			{"SIPPEER", "alice,useragent", "Soft", true, false},
			{"SIPPEER", "alice,codec[0]", "ulaw", false, false},
			{"SIPPEER", "alice,codec[9]", "", false, false},
			{"SIPPEER", "alice,nosuch", "", false, true},
			{"SIPPEER", "nosuch,ip", "", false, false},
			{"CHECKSIPDOMAIN", "example.com", "", false, false},
		} {
			got, tainted, err := r.read(t, th, c.name, c.args)
			if got != c.want || tainted != c.tainted || (err != nil) != c.fails {
				t.Errorf("%s(%s): %q tainted %v, %v; want %q tainted %v", c.name, c.args, got, tainted, err, c.want, c.tainted)
			}
		}
	})
}

func TestAddedHeaders(t *testing.T) {
	withCall(t, func(r *rig, th oneThread) {
		run := func(name, text string) {
			for _, a := range r.Applications() {
				if a.Name == name {
					args := &decl.Args{Raw: text, Pos: decl.Split(text, 0)}
					if err := a.Run(th, args); err != nil {
						t.Errorf("%s(%s): %v", name, text, err)
					}
				}
			}
		}
		list := func() string {
			var out []string
			for _, v := range th.ch.Variables() {
				out = append(out, v.Prefixed()+"="+v.Value.S)
			}
			return strings.Join(out, "|")
		}
		run("SIPAddHeader", "X-A: 1, two")
		run("SIPAddHeader", "X-B: 2")
		run("SIPAddHeader", "no colon")
		run("SIPAddHeader", "X-C: a\r\nX-Evil: b")
		run("SIPAddHeader", "")
		if got := list(); got != "__SIPADDHEADER01=X-A: 1, two|__SIPADDHEADER02=X-B: 2" {
			t.Errorf("added %q", got)
		}
		run("SIPRemoveHeader", "X-A:")
		run("SIPAddHeader", "X-D: 4")
		if got := list(); !strings.Contains(got, "01=X-D: 4") || strings.Contains(got, "X-A") {
			t.Errorf("after the removal %q", got)
		}
		run("SIPRemoveHeader", "")
		if got := list(); got != "" {
			t.Errorf("all removed: %q", got)
		}
		run("SIPDtmfMode", "info")
		if got := r.call(th).dtmf(); got != DTMFInfo {
			t.Errorf("mode %s", got)
		}
		run("SIPDtmfMode", "nonsense")
		if got := r.call(th).dtmf(); got != DTMFInfo {
			t.Errorf("mode %s", got)
		}
	})
}

// TestDomains: local domains bound what may register, and CHECKSIPDOMAIN knows
// them.
func TestDomains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, strings.Replace(phones, "minexpiry", "domain=example.com,inside\nminexpiry", 1), nil)
		if got, _, _ := r.read(t, nil, "CHECKSIPDOMAIN", "Example.COM"); got != "Example.COM" {
			t.Errorf("CHECKSIPDOMAIN: %q", got)
		}
		p := r.phone("127.0.50.10:5070", "alice")
		if m := p.ask("REGISTER", "", p.contact(), ""); statusOf(m) != 401 {
			t.Errorf("REGISTER for another domain: %d", statusOf(m))
		}
		if r.logs.count("Not a local domain") != 1 {
			t.Error("not logged")
		}
		if out := r.console("sip show domains"); !strings.Contains(out, "example.com") || !strings.Contains(out, "inside") {
			t.Errorf("sip show domains:\n%s", out)
		}
	})
}
