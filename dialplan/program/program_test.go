package program

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
)

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		line, out string
		status    int
		err       error
	}{
		{"printf a,b", "a,b", 0, nil},
		{"exit 3", "", 3, nil},
		{"/no/such/thing", "", 127, ErrNotRun},
		{"kill -9 $$", "", 137, nil},
		{"printf %s $GREETING", "hello", 0, nil},
		{"cat", "", 0, nil}, // there is nothing to read
	} {
		r, err := Run(t.Context(), tt.line, []string{"GREETING=hello"})
		if string(r.Output) != tt.out || r.Status != tt.status || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %d, %v", tt.line, r.Output, r.Status, err)
		}
	}
}

func TestRunBoundsTheOutput(t *testing.T) {
	r, err := Run(t.Context(), "head -c 3000000 /dev/zero", nil)
	if len(r.Output) != MaxOutput || err != nil {
		t.Errorf("%d bytes, %v", len(r.Output), err)
	}
}

// What the shell began goes with it.
func TestRunIsKilled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := Run(ctx, "sleep 1000 & wait", nil); err == nil && r.Status == 0 {
		t.Errorf("it ended by itself: %+v", r)
	}
}

func TestCheck(t *testing.T) {
	for text, ok := range map[string]bool{
		"echo <1000>": true, "echo <John Smith>": true, "echo '<+49 89/123>'": true, "echo <Jürgen>": true,
		"echo <a;rm -rf x>": false, "echo <$(id)>": false, "echo <`id`>": false, "echo \"<\"$X\">": false, "cat <../x>": false,
		"rm <-rf>": false, "rm x<-y>": true, "rm <a -rf>": false, "echo <a\nb>": false, "echo <a|b>": false, "echo <a #b>": false, "echo $(id)": true,
	} {
		v := channel.Value{S: strings.NewReplacer("<", "", ">", "").Replace(text)}
		if i, j := strings.IndexByte(text, '<'), strings.LastIndexByte(text, '>'); i >= 0 {
			v.Taint = []decl.Span{{Start: i, End: j - 1}}
		}
		if err := Check(v); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
