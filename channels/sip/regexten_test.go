package sip

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/channel"
	pbxio "pbx/io"
)

// steps is a dialplan that notes what is made in it.
type steps struct {
	mu   sync.Mutex
	made map[string]string
}

func (s *steps) AddStep(context, exten string, step channel.OwnStep) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made == nil {
		s.made = make(map[string]string)
	}
	s.made[exten+"@"+context] = step.App + "(" + step.Args + ")"
}

func (s *steps) RemoveStep(context, exten string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.made, exten+"@"+context)
}

func (s *steps) step(at string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made[at]
}

func (s *steps) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(slices.Sorted(maps.Keys(s.made)), " ")
}

const regExtens = listen + `regcontext=reg&other
[alice]
type=friend
host=dynamic
[bob]
type=friend
host=dynamic
regexten=102&202@other
[usr]
type=user
regexten=103
`

func planned(t *testing.T, text string, plan *steps) *rig {
	t.Helper()
	cfg, _ := loadText(t, text)
	return startRigWith(t, pbxio.NewMemory(), cfg, func(d *Deps) { d.DNS, d.Extensions = &scriptedDNS{}, plan })
}

// TestRegExten: the extensions of a peer are in the dialplan while it is registered.
func TestRegExten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := &steps{}
		r := planned(t, regExtens, plan)
		a, b := r.phone("127.0.50.10:5070", "alice"), r.phone("127.0.50.11:5070", "bob")
		want := func(when, list string) {
			t.Helper()
			synctest.Wait()
			if got := plan.String(); got != list {
				t.Errorf("%s: %q, want %q", when, got, list)
			}
		}
		want("at the start", "")
		a.ask("REGISTER", "", a.contact()+"Expires: 100\n", "")
		want("alice", "alice@other alice@reg")
		b.ask("REGISTER", "", b.contact()+"Expires: 200\n", "")
		want("and bob", "102@other 102@reg 202@other alice@other alice@reg")
		if step := plan.step("102@reg"); step != "NoOp(bob)" {
			t.Errorf("the step is %s", step)
		}
		time.Sleep(101 * time.Second)
		want("alice expired", "102@other 102@reg 202@other")
		cfg, _ := loadText(t, strings.Replace(strings.Replace(regExtens, "102&", "112&", 1), "&other\n", "\n", 1))
		r.Reload(cfg)
		want("another regexten", "112@reg 202@other")
		cfg, _ = loadText(t, strings.Replace(regExtens, "[bob]", "[carol]", 1))
		r.Reload(cfg)
		want("bob is gone", "")
	})
}

// TestRegExtenOnQualify: with the option they are there while the peer answers.
func TestRegExtenOnQualify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := &steps{}
		r := planned(t, strings.Replace(monitored, "[q]", "regcontext=reg\nregextenonqualify=yes\n[q]", 1), plan)
		p := r.phone("127.0.50.32:5070", "q")
		// The first OPTIONS may be out before the phone is there; it comes again.
		time.Sleep(700 * time.Millisecond)
		p.reply()
		if got := plan.String(); got != "q@reg" {
			t.Errorf("it answers: %q", got)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := plan.String(); got != "" {
			t.Errorf("it is silent: %q", got)
		}
	})
}
