package feed

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"testing"
	"time"

	"pbx/cdr"
	"pbx/event"
)

// kindNames are the constants of type event.Kind, in order: the first is 1.
func kindNames(t *testing.T) (names []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../event/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		if first, ok := g.Specs[0].(*ast.ValueSpec); !ok || first.Names[0].Name != "ChannelCreated" {
			continue
		}
		for _, s := range g.Specs {
			if v, ok := s.(*ast.ValueSpec); ok && v.Names[0].Name != "maxKind" {
				names = append(names, v.Names[0].Name)
			}
		}
	}
	return names
}

// full is an event with something in everything.
func full(k event.Kind) *event.Event {
	p := &event.Party{Channel: "SIP/b-2", Uniqueid: "2.2", StateText: "Ringing", CallerNum: "102", CallerName: "B \"Q\""}
	e := &event.Event{
		Kind: k, Time: time.Date(2030, 1, 2, 3, 4, 5, 678_000_000, time.FixedZone("x", 7200)), Channel: "SIP/a-1", Uniqueid: "1.1", Linkedid: "1.1",
		Dest: "SIP/b-2", DestUniqueid: "2.2", Other: p, State: 6, StateText: "Up", CallerNum: "101", CallerName: "A",
		ConnectedNum: "102", ConnectedName: "B", CallerANI: "101", RDNIS: "100", DNID: "102", AccountCode: "acc", AMAFlags: "3", Language: "en",
		Context: "office", Exten: "102", Priority: 3, App: "Dial", AppData: "Name: value\nOther: line", Bridge: "br", Members: 2, Name: "attended",
		Value: "X: y\nno line", Address: "192.0.2.1", Cause: 16, CauseText: "Normal", Duration: 1500 * time.Millisecond, Detail: &cdr.Row{Src: "101"},
	}
	switch k {
	case event.Transfer:
		e.Detail = &event.TransferDetail{Transferer: p, Second: p, Transferee: p, Target: p}
	case event.LocalOptimize:
		e.Detail = &event.OptimizeDetail{Source: p}
	}
	return e
}

// TestForms: every event of the bus has one form with a name of its own, and what it
// writes are the members that it tells, all of them, as valid JSON.
func TestForms(t *testing.T) {
	names := kindNames(t)
	if len(names) < 40 {
		t.Fatalf("only %d kinds found", len(names))
	}
	table := newTable()
	seen := map[string]bool{}
	for i, constant := range names {
		entry := table.byKind[event.Kind(i+1)]
		if entry == nil {
			t.Errorf("event.%s has no form", constant)
			continue
		}
		if seen[entry.name] || !regexp.MustCompile(`^[a-z]+\.[a-z_]+$`).MatchString(entry.name) || entry.help == "" {
			t.Errorf("event.%s is called %q", constant, entry.name)
		}
		seen[entry.name] = true
		var got map[string]any
		text := entry.append(nil, "id-1", full(entry.kind), nil)
		if err := json.Unmarshal(text, &got); err != nil {
			t.Errorf("%s: %v in %s", entry.name, err, text)
			continue
		}
		if got["event"] != entry.name || got["id"] != "id-1" || got["time"] != "2030-01-02T01:04:05.678Z" {
			t.Errorf("%s: %s", entry.name, text)
		}
		var told []string
		for _, f := range entry.all {
			told = append(told, f.name)
			v, ok := got[f.name]
			if !ok {
				t.Errorf("%s: %s is not there in %s", entry.name, f.name, text)
				continue
			}
			kind := map[bool]string{}
			switch v.(type) {
			case string:
				kind[true] = "string"
			case float64:
				kind[true] = "integer"
			case map[string]any:
				kind[true] = "object"
			}
			if kind[true] != f.kind {
				t.Errorf("%s: %s is a %s, told is a %s", entry.name, f.name, kind[true], f.kind)
			}
		}
		if dup := slices.Sorted(slices.Values(told)); len(slices.Compact(dup)) != len(told) {
			t.Errorf("%s has a member twice: %v", entry.name, told)
		}
		for name := range got {
			if !slices.Contains(told, name) {
				t.Errorf("%s: %s is not told", entry.name, name)
			}
		}
		// An event with nothing in it is JSON too.
		if text := entry.append(nil, "x", &event.Event{Kind: entry.kind}, nil); !json.Valid(text) {
			t.Errorf("%s: empty: %s", entry.name, text)
		}
	}
	if len(table.byKind) != len(names) {
		t.Errorf("%d forms for %d kinds", len(table.byKind), len(names))
	}
}

// TestNames: programs depend on the names, which therefore do not change.
func TestNames(t *testing.T) {
	for _, name := range []string{
		"channel.created", "channel.state", "channel.hangup", "dial.begin", "dial.end", "bridge.join", "bridge.leave", "call.record", "call.transfer",
		"peer.status", "device.state", "extension.state", "user.event", "security.event", "system.reload", "dialplan.step", "dialplan.variable", "dtmf.end",
	} {
		if !slices.Contains(newTable().names, name) {
			t.Errorf("%s is gone", name)
		}
	}
}

// FuzzString: what appendString writes is the JSON of the same text.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "ä€😀", "\xff\xfe", "a\xc3", "<&>\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got, want string
		b := appendString(nil, s)
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		reference, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(reference, &want); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	})
}
