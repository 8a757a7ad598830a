package program

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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
		r, err := (*Runner)(nil).Run(t.Context(), Command{Line: tt.line, Env: []string{"GREETING=hello"}})
		if string(r.Output) != tt.out || r.Status != tt.status || !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %d, %v", tt.line, r.Output, r.Status, err)
		}
	}
}

func TestRunBoundsTheOutput(t *testing.T) {
	r, err := NewRunner(Limits{Output: 1000, Processes: 1}).Run(t.Context(), Command{Line: "head -c 3000000 /dev/zero"})
	if len(r.Output) != 1000 || err != nil {
		t.Errorf("%d bytes, %v", len(r.Output), err)
	}
}

// What the shell began goes with it.
func TestRunIsKilled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r, err := (*Runner)(nil).Run(ctx, Command{Line: "sleep 1000 & wait"}); err == nil && r.Status == 0 {
		t.Errorf("it ended by itself: %+v", r)
	}
}

func TestRunnerLimits(t *testing.T) {
	short := NewRunner(Limits{Time: 50 * time.Millisecond, Output: 100, Processes: 1})
	if _, err := short.Run(t.Context(), Command{Line: "sleep 1000 & wait"}); !errors.Is(err, ErrTime) {
		t.Errorf("a command without end: %v", err)
	}
	r := NewRunner(Limits{Time: time.Minute, Output: 100, Processes: 1})
	release, err := r.Take()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Run(t.Context(), Command{Line: "true"}); !errors.Is(err, ErrBusy) {
		t.Errorf("a second program: %v", err)
	}
	release()
	release() // twice is harmless
	if r.Running() != 0 {
		t.Errorf("%d programs run", r.Running())
	}
	got, err := r.Run(t.Context(), Command{Line: "cat", Stdin: strings.NewReader("request")})
	if string(got.Output) != "request" || err != nil {
		t.Errorf("%q, %v", got.Output, err)
	}
}

func TestResponse(t *testing.T) {
	for _, tt := range []struct {
		table          string
		status, answer int
		ok             bool
	}{
		{"1=403,2=486", 2, 486, true},
		{" 1 = 403 , 3-9=503, *=500", 5, 503, true},
		{"1=403,*=500", 17, 500, true},
		{"1=403,*=500", 0, 0, true}, // nothing is wrong
		{"0=486", 0, 486, true},
		{"1=403", 2, 0, true},
		{"1=200", 1, 0, false},
		{"x=403", 1, 0, false},
		{"1", 1, 0, false},
	} {
		got, err := response(tt.table, tt.status)
		if got != tt.answer || (err == nil) != tt.ok {
			t.Errorf("%q, status %d: %d, %v", tt.table, tt.status, got, err)
		}
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
