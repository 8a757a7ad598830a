package agi

import (
	"fmt"
	"os"
	osexec "os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pbx/apps/appstest"
	"pbx/channel"
	"pbx/channel/channeltest"
	exec "pbx/dialplan/program"
)

const scripts = `[t]
exten => agi,1,AGI(script,a1,two words,)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS} EXIT=${PROGRAM_EXIT} X=${X})
 same => n,Hangup()
exten => none,1,AGI(nosuch)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => plain,1,AGI(plain)
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => _ab.,1,AGI(${EXTEN})
 same => n,Log(NOTICE,AGISTATUS=${AGISTATUS})
exten => h,1,Log(NOTICE,h AGISTATUS=${AGISTATUS})
`

// shop runs one script of the shell; its clock is the real one, for processes know
// no other.
func shop(t *testing.T, script string, limits exec.Limits, agi Limits) *appstest.Office {
	t.Helper()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"script": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), mode); err != nil {
			t.Fatal(err)
		}
	}
	null, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { null.Close() })
	return appstest.New(t, scripts, func(o *appstest.Office) {
		a := New(Deps{
			Engine: o.Engine, Player: o.Player(), Database: &o.Database, Directory: dir, Programs: exec.NewRunner(limits),
			Environ: []string{"AST_AGI_DIR=" + dir}, Limits: func() Limits { return agi }, Stderr: null,
		})
		o.Engine.AddApplications(a.Applications())
	})
}

// read takes the agi_ lines and answers of a command.
const read = `
while read line && [ "$line" ]; do :; done
say() { echo "$1"; read answer; }
`

func TestScript(t *testing.T) {
	for name, tt := range map[string]struct{ exten, script, want string }{
		"a conversation":  {"agi", read + `say "SET VARIABLE X \"$answer $#:$1,$2,$3 $AST_AGI_DIR\""`, "AGISTATUS=SUCCESS EXIT=0 X= 3:a1,two words, @DIR@"},
		"exit status":     {"agi", "exit 3", "AGISTATUS=FAILURE EXIT=3 X="},
		"a signal":        {"agi", read + "kill -9 $$", "AGISTATUS=FAILURE EXIT=137 X="},
		"reads nothing":   {"agi", "exit 0", "AGISTATUS=SUCCESS EXIT=0 X="},
		"goes on alone":   {"agi", "exec sleep 3 <&- >&- 2>&-", "AGISTATUS=SUCCESS EXIT= X="},
		"no such file":    {"none", "", "AGISTATUS=NOTFOUND"},
		"not to be run":   {"plain", "", "AGISTATUS=FAILURE"},
		"a caller's name": {"ab/../script", "", "AGISTATUS=FAILURE"},
		"a plain name":    {"abscript", "", "AGISTATUS=NOTFOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			o := shop(t, tt.script, exec.DefaultLimits(), Limits{})
			o.Run(tt.exten)
			dir := ""
			got := o.Log.Notices()
			if i := strings.Index(fmt.Sprint(got), os.TempDir()); i >= 0 {
				dir = strings.TrimRight(fmt.Sprint(got)[i:], "] ")
				dir, _, _ = strings.Cut(dir, " ")
			}
			if len(got) == 0 || strings.TrimSpace(got[0]) != strings.TrimSpace(strings.ReplaceAll(tt.want, "@DIR@", dir)) {
				t.Errorf("notices: %q, want %q; warnings %q", got, tt.want, o.Log.Warnings())
			}
		})
	}
}

// A script has the descriptors that any child of this process has, and no more.
func TestScriptDescriptors(t *testing.T) {
	const list = `list=$(echo $(ls /proc/self/fd))
echo "SET VARIABLE X \"$list\""`
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	plain, err := osexec.Command("/bin/sh", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	o := shop(t, read+list+"\nread answer", exec.DefaultLimits(), Limits{})
	o.Run("agi")
	_, want, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(string(plain)), `"`, ""), "X ")
	if n := o.Log.Notices(); len(n) == 0 || n[0] != "AGISTATUS=SUCCESS EXIT=0 X="+want {
		t.Errorf("notices: %q, want %s", n, want)
	}
}

// The caller hangs up: SIGHUP once, and the script goes on.
func TestScriptHangup(t *testing.T) {
	// As the exchange does: else scripts inherit it ignored from who started us so.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	ready := filepath.Join(t.TempDir(), "ready")
	if err := syscall.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	o := shop(t, read+`trap 'n=$((n+1))' HUP
: >'`+ready+`'
while [ -z "$n" ]; do sleep 0.01; done
say "CHANNEL STATUS"; one=$answer
say "SET VARIABLE X \"$n $one\""
say "VERBOSE \"$n $one\" 1"`, exec.DefaultLimits(), Limits{Dead: time.Minute})
	go func() {
		if f, err := os.Open(ready); err == nil { // once the script opens it too
			_ = f.Close()
		}
		for _, ch := range o.Registry.Channels() {
			ch.FarHangup(channel.CauseNormalClearing)
		}
	}()
	o.Run("agi")
	if n := o.Log.Notices(); !slices.Equal(n, []string{"h AGISTATUS=HANGUP"}) {
		t.Errorf("notices: %q", n)
	}
	if v := o.Log.Verbose(1); !slices.Contains(v, "script,a1,two words,: 1 511 Command Not Permitted on a dead channel or intercept routine") {
		t.Errorf("verbose: %q", v)
	}
}

// Scripts that do not end are ended, with what they started, and cost no other
// call.
func TestScriptLimits(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		limits Limits
		hangup time.Duration
		want   string
	}{
		"time":            {read + "sleep 1000", Limits{Time: 200 * time.Millisecond}, 0, "AGISTATUS=FAILURE EXIT=137 X="},
		"after":           {"trap '' HUP\n" + read + "sleep 1000", Limits{Dead: 200 * time.Millisecond}, 100 * time.Millisecond, "h AGISTATUS=HANGUP"},
		"flood":           {read + "while :; do echo NOOP; done", Limits{Time: 500 * time.Millisecond}, 0, "AGISTATUS=FAILURE EXIT=137 X="},
		"an endless line": {read + "yes | tr -d '\\n'", Limits{}, 0, "AGISTATUS=FAILURE EXIT=141 X="},
	} {
		t.Run(name, func(t *testing.T) {
			o := shop(t, tt.script, exec.DefaultLimits(), tt.limits)
			var steps []channeltest.Step
			if tt.hangup > 0 {
				steps = append(steps, channeltest.Hangup(tt.hangup, channel.CauseNormalClearing))
			}
			begun := time.Now()
			o.Run("agi", steps...)
			if d := time.Since(begun); d > 15*time.Second {
				t.Errorf("it took %v", d)
			}
			if n := o.Log.Notices(); len(n) == 0 || n[0] != tt.want {
				t.Errorf("notices: %q, want %q", n, tt.want)
			}
		})
	}
}

func TestTooManyScripts(t *testing.T) {
	o := shop(t, "exit 0", exec.Limits{Processes: 0}, Limits{})
	o.Run("agi")
	if n := o.Log.Notices(); len(n) == 0 || n[0] != "AGISTATUS=FAILURE EXIT= X=" {
		t.Errorf("notices: %q", n)
	}
}

// A hundred calls leave no process, no descriptor and no goroutine behind.
func TestNothingIsLeft(t *testing.T) {
	o := shop(t, read+"say NOOP", exec.DefaultLimits(), Limits{})
	o.Run("agi")
	settle(t, "the first script ends", func() bool { return len(children(t)) == 0 })
	descriptors, goroutines := open(t), runtime.NumGoroutine()
	for range 20 {
		for range 5 {
			o.Call("agi")
		}
		<-o.Registry.Empty()
	}
	settle(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	settle(t, "no process is left", func() bool { return len(children(t)) == 0 })
	settle(t, "no descriptor is left", func() bool { return open(t) <= descriptors })
}

// settle waits for what follows the end of a call.
func settle(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 5 s: %s", what)
		}
	}
}

func open(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// children are the processes of this one, zombies too.
func children(t *testing.T) (list []string) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range dirs {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 1 && f[1] == fmt.Sprint(os.Getpid()) {
			list = append(list, string(text))
		}
	}
	return list
}
