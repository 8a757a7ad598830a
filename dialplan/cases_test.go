package dialplan_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pbx/apps"
	"pbx/cdr"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/channel/devstate"
	"pbx/channel/memory"
	"pbx/channels/local"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/event"
	"pbx/funcs"
	"pbx/media/sound"
	"pbx/media/tone"
	"pbx/sounds"
)

// missing are the names in the cases that the exchange does not have yet.
var missing = map[string]string{
	"Queue": "application",
}

// deviations are the cases whose answer is a slip of the field's that nobody can
// rely on; each says what the exchange answers.
var deviations = map[string]string{
	"strftime019": "20 EDT", // the zone that the hour is told in, not UTC
}

type testCase struct {
	ID, Area, Kind, Input, Expect, Dialplan, Start, Done, Var string
	Set                                                       []string
	Quirk                                                     bool
}

func readCases(tb testing.TB) []testCase {
	tb.Helper()
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		tb.Fatal(err)
	}
	var file struct{ Cases []testCase }
	if err := json.Unmarshal(data, &file); err != nil {
		tb.Fatal(err)
	}
	return file.Cases
}

// office is an exchange with every application and function, and UserEvent,
// which tells that a case is done.
type office struct {
	engine   *dialplan.Engine
	registry *channel.Registry
	tech     *channeltest.Tech
	bus      *event.Bus

	mu   sync.Mutex
	done map[string]func()
}

func newOffice(tb testing.TB, log *slog.Logger) *office {
	tb.Helper()
	o := &office{bus: new(event.Bus), done: make(map[string]func())}
	o.registry = channel.NewRegistry(o.bus, log, time.Now, "")
	o.engine = dialplan.NewEngine(dialplan.EngineOptions{Channels: o.registry, MaxSteps: 20_000, System: map[string]string{"ASTETCDIR": "/etc/pbx"}})
	db := new(memory.Database)
	records := cdr.New(o.bus, time.Now, cdr.Defaults(), func([]*cdr.Row) {}, nil)
	o.engine.AddApplications(apps.All(apps.Deps{
		Sounds: sound.NewLibrary(nil, sounds.FS()), Dialplan: o.engine, Database: db, Records: records,
		Tones: func(string, string) (tone.List, bool) { return tone.List{}, false },
	}))
	o.engine.AddApplications([]channel.Application{{
		Name: "UserEvent", Synopsis: "Tell an event", Raw: true,
		Run: func(_ channel.Thread, a *decl.Args) error {
			_, id, _ := strings.Cut(a.Raw, "Id: ")
			o.mu.Lock()
			f := o.done[id]
			o.mu.Unlock()
			if f != nil {
				f()
			}
			return nil
		},
	}})
	states := devstate.New(devstate.Deps{Bus: o.bus})
	states.Register(o.registry)
	o.engine.AddFunctions(states.Functions(o.registry))
	o.engine.AddFunctions(funcs.All(funcs.Deps{Engine: o.engine, Database: db, Records: records, Version: "1.0", Random: rand.NewChaCha8([32]byte{})}))
	o.tech = channeltest.New("Local", o.registry)
	o.registry.Register(local.New(local.Deps{Registry: o.registry, Dialplan: o.engine}))
	return o
}

func (o *office) load(tb testing.TB, text string) []string {
	tb.Helper()
	plan, findings, err := o.engine.Parse("extensions.conf", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	o.engine.Swap(plan)
	var out []string
	for _, f := range findings {
		out = append(out, f.String())
	}
	return out
}

// call runs an extension to its end.
func (o *office) call(context, exten string, steps ...channeltest.Step) *channeltest.Leg {
	l := o.tech.Inbound(channel.Options{Name: exten, State: channel.Ring, Location: channel.Location{Context: context, Exten: exten, Priority: 1}}, steps...)
	o.engine.Start(l.Channel())
	<-l.Gone()
	<-o.registry.Empty()
	return l
}

// originate runs an extension to its end as it was run in the field: by a call
// through a Local channel.
func (o *office) originate(tb testing.TB, context, exten string) {
	tb.Helper()
	ch, err := o.registry.Request("Local/"+exten+"@"+context+"/n", channel.Request{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := ch.Leg().Call(); err == nil {
		for {
			if _, err := ch.Wait(-1); err != nil {
				break
			}
		}
	}
	ch.Hangup()
	<-o.registry.Empty()
}

func TestCases(t *testing.T) {
	cases := readCases(t)
	catalog := newOffice(t, slog.New(slog.DiscardHandler)).engine.Catalog()
	for name, what := range missing {
		if _, ok := catalog.Application(name); ok && what == "application" {
			t.Errorf("%s is there now: take it off the table", name)
		}
		if _, ok := catalog.Function(name); ok && what == "function" {
			t.Errorf("%s is there now: take it off the table", name)
		}
	}
	skipped := make(map[string]int)
	ran := make(map[string]int)
	for _, c := range cases {
		if why := c.lacks(catalog); why != "" {
			skipped[why]++
			continue
		}
		area, _, _ := strings.Cut(c.Area, ":")
		ran[area]++
		t.Run(c.ID, func(t *testing.T) { synctest.Test(t, c.run) })
	}
	t.Logf("ran %v of %d, could not run for want of %v", ran, len(cases), skipped)
}

var names = regexp.MustCompile(`[A-Za-z_]+`)

// lacks names what a case needs that is not there.
func (c *testCase) lacks(catalog *dialplan.Catalog) string {
	text := c.Input + "\n" + strings.Join(c.Set, "\n")
	if c.Kind == "flow" {
		text = c.Dialplan
	}
	for _, n := range names.FindAllString(text, -1) {
		if missing[n] != "" {
			return n
		}
	}
	return ""
}

func (c *testCase) run(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	text, context, exten, id, variable := c.Dialplan, "", "", c.Done, c.Var
	if c.Kind == "eval" {
		context, exten, id, variable = "eval", c.ID, c.ID, "R_"+c.ID
		var b strings.Builder
		fmt.Fprintf(&b, "[eval]\nexten => %s,1,NoOp()\n", exten)
		for _, s := range append(slices.Clone(c.Set), "GLOBAL("+variable+")="+c.Input) {
			fmt.Fprintf(&b, " same => n,Set(%s)\n", strings.ReplaceAll(s, ";", `\;`))
		}
		fmt.Fprintf(&b, " same => n,UserEvent(CaseDone,Id: %s)\n", id)
		text = b.String()
	} else {
		exten, context, _ = strings.Cut(c.Start, "@")
	}
	findings := o.load(t, text)
	got := "<nomatch>"
	o.done[id] = func() { got, _ = o.engine.Global(variable) }
	o.originate(t, context, exten)
	if want, ok := deviations[c.ID]; ok {
		if got != want || got == c.Expect {
			t.Errorf("%s: a deviation: got %q, want %q (the field: %q)", c.Input, got, want, c.Expect)
		}
		return
	}
	if got != c.Expect {
		t.Errorf("%s %q: got %q, want %q\n%s", c.Input, c.Set, got, c.Expect, strings.Join(findings, "\n"))
	}
}
