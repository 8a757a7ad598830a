package dialplan_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"golang.org/x/tools/txtar"

	"pbx/channel"
	"pbx/event"
)

// TestIdioms runs what offices write: recipes that are handed on and idioms of the
// configurations in the field. Each part of testdata/idioms.txtar is a plan; what
// stands in lines that begin with ;> is what it says by Log(NOTICE,…) when Alice
// (101) dials x in [t], at midnight before Saturday, 1 January 2000.
func TestIdioms(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/idioms.txtar")
	if err != nil {
		t.Fatal(err)
	}
	if len(archive.Files) < 150 {
		t.Fatalf("only %d idioms", len(archive.Files))
	}
	for _, f := range archive.Files {
		t.Run(f.Name, func(t *testing.T) {
			var want []string
			for line := range strings.Lines(string(f.Data)) {
				if said, ok := strings.CutPrefix(line, ";>"); ok {
					want = append(want, strings.TrimSpace(said))
				}
			}
			synctest.Test(t, func(t *testing.T) {
				var log said
				o := newOffice(t, slog.New(&log))
				findings := o.load(t, string(f.Data))
				l := o.tech.Inbound(channel.Options{
					Name: "alice", State: channel.Ring, Location: channel.Location{Context: "t", Exten: "x", Priority: 1},
					Identity: channel.Identity{Caller: channel.Party{Name: "Alice A", Number: "2015550101", HasNumber: true}, DNID: "x"},
				})
				o.engine.Start(l.Channel())
				<-l.Gone()
				<-o.registry.Empty()
				if got := strings.Join(log.texts, "\n"); got != strings.Join(want, "\n") {
					t.Errorf("said\n%s\nwant\n%s\n%s", got, strings.Join(want, "\n"), strings.Join(append(findings, log.warnings...), "\n"))
				}
			})
		})
	}
}

// said keeps what a plan says.
type said struct {
	slog.Handler
	texts, warnings []string
}

func (s *said) Enabled(_ context.Context, l slog.Level) bool { return l >= event.LevelNotice }

func (s *said) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool { text += " " + a.String(); return true })
	if r.Level != event.LevelNotice {
		s.warnings = append(s.warnings, text)
		return nil
	}
	s.texts = append(s.texts, strings.TrimSpace(text))
	return nil
}
