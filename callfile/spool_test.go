package callfile

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pbx/channel"
	"pbx/event"
)

// TestResume: what a kill left half archived is archived by the next start, once told how
// it ended; hidden files that are somebody else's stay as they are.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	done := filepath.Join(dir, "outgoing_done")
	if err := os.MkdirAll(done, 0o750); err != nil {
		t.Fatal(err)
	}
	const again = "Channel: SIP/a\nStatus: Expired\n\nStartRetry: 1 1 (1)\n" // it was dropped a second time
	before := map[string]string{
		".Completed.a.call": "Channel: SIP/a\n", ".Expired.b": again, ".Expired.c": again + "Status: Expired\n", ".Completed": "mine",
		".d.call.swp": "an editor's", ".gitkeep": "",
	}
	for name, text := range before {
		if err := os.WriteFile(filepath.Join(done, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.DiscardHandler)
	if _, err := New(Deps{Dir: dir, Registry: channel.NewRegistry(&event.Bus{}, log, time.Now, ""), Log: log}); err != nil {
		t.Fatal(err)
	}
	after := map[string]string{
		"a.call": "Channel: SIP/a\nStatus: Completed\n", "b": again + "Status: Expired\n", "c": again + "Status: Expired\n", ".Completed": "mine",
		".d.call.swp": "an editor's", ".gitkeep": "",
	}
	files, err := os.ReadDir(done)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(done, f.Name()))
		if want, ok := after[f.Name()]; err != nil || !ok || string(text) != want {
			t.Errorf("%s: %q, %v, want %q", f.Name(), text, err, want)
		}
		delete(after, f.Name())
	}
	for name := range after {
		t.Errorf("%s is not there", name)
	}
}
