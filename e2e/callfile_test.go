package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKillKeepsCallFiles kills the exchange at random while it works off call files: no
// phone is called twice for one file, and each file comes to its end.
func TestKillKeepsCallFiles(t *testing.T) {
	n := newNetwork()
	x := newExchangeOn(t, n, `
-- sip.conf --
[general]
bindaddr=@PBX@
[phone]
type=peer
host=@2@
port=5062
-- extensions.conf --
[x]
exten => s,1,Hangup()
`)
	var mu sync.Mutex
	rang := map[string]map[string]bool{} // Call-IDs by file
	newAgent(t, n.host(2)+":5062", x.addr(), func(l *leg, invite string) {
		file, _, _ := strings.Cut(strings.TrimPrefix(invite, "INVITE sip:"), "@")
		mu.Lock()
		if rang[file] == nil {
			rang[file] = map[string]bool{}
		}
		rang[file][l.id] = true
		mu.Unlock()
		l.reply(invite, "486 Busy Here", "")
	})
	spool := filepath.Join(x.state, "spool")
	count := 0
	drop := func() {
		count++
		name := fmt.Sprintf("file%d", count)
		aside := filepath.Join(spool, name)
		text := fmt.Sprintf("Channel: SIP/phone/%s\nContext: x\nExtension: s\nWaitTime: 2\nRetryTime: 1\nArchive: yes\n", name)
		if err := os.WriteFile(aside, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(aside, filepath.Join(spool, "outgoing", name)); err != nil {
			t.Fatal(err)
		}
	}
	for range kills() {
		for range 20 {
			drop()
		}
		time.Sleep(rand.N(100 * time.Millisecond)) // the moment of the kill is the test's chance
		x.kill()
		x.start()
	}
	for range 20 {
		drop()
	}
	eventually(t, time.Minute, "an empty spool", func() bool {
		left, err := os.ReadDir(filepath.Join(spool, "outgoing"))
		return err == nil && len(left) == 0
	})
	done, err := os.ReadDir(filepath.Join(spool, "outgoing_done"))
	if err != nil {
		t.Fatal(err)
	}
	if len(done) != count {
		t.Errorf("%d of %d files came to their end", len(done), count)
	}
	for _, f := range done {
		text, err := os.ReadFile(filepath.Join(spool, "outgoing_done", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if starts := strings.Count(string(text), "StartRetry:"); starts != 1 || strings.Count(string(text), "Status: Expired") != 1 {
			t.Errorf("%s:\n%s", f.Name(), text)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for file, calls := range rang {
		if len(calls) > 1 {
			t.Errorf("the phone was called %d times for %s", len(calls), file)
		}
	}
	for n := count - 19; n <= count; n++ { // nothing was killed any more
		if file := fmt.Sprintf("file%d", n); len(rang[file]) != 1 {
			t.Errorf("the phone was called %d times for %s", len(rang[file]), file)
		}
	}
}
