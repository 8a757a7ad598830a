package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

const timerOffice = `
-- sip.conf --
[general]
bindaddr=@PBX@
allowguest=no
-- extensions.conf --
[in]
exten => tick,1,System(echo ${TIMER_DUE} >>@LOG@)
-- timers.conf --
[tick]
every=1
context=in
extension=tick
`

// TestTimersKilled kills the exchange again and again while a timer is due every second:
// no due time is run twice.
func TestTimersKilled(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "ticks")
	x := newExchange(t, strings.Replace(timerOffice, "@LOG@", log, 1))
	ticks := func() (list []int64) {
		b, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		for word := range strings.FieldsSeq(string(b)) {
			n, err := strconv.ParseInt(word, 10, 64)
			if err != nil {
				t.Fatalf("%q in the log", word)
			}
			list = append(list, n)
		}
		return list
	}
	for range 10 {
		n := len(ticks())
		eventually(t, 15*time.Second, "a timer that runs", func() bool { return len(ticks()) > n })
		time.Sleep(rand.N(1200 * time.Millisecond)) // the moment of the kill is the test's chance
		x.kill()
		x.start()
	}
	n := len(ticks())
	eventually(t, 15*time.Second, "a timer that runs", func() bool { return len(ticks()) > n+2 })
	if x.stop() != 0 {
		t.Error("it did not stop well")
	}
	seen := map[int64]bool{}
	for _, due := range ticks() {
		if seen[due] {
			t.Errorf("%d was run twice", due)
		}
		seen[due] = true
	}
}
