package e2e

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestDescriptorsRunOut: when no connection can be accepted any more because the
// process has no descriptor left, it waits for one without burning the processor, calls
// that are up go on, new ones are refused, and all is well when the connections are
// gone.
func TestDescriptorsRunOut(t *testing.T) {
	t.Parallel()
	x := newExchange(t, strings.Replace(office, "context=nowhere\n", "context=nowhere\ntcpenable=yes\n", 1))
	held := startSIPp(t, "held", scenario{invite(), optional(100), recv(200), ack(1), pause(6 * time.Second), bye(2), recv(200)},
		x.net.host(2), x.addr(), "-s", "100", "-p", "5061")
	eventually(t, 5*time.Second, "a call up", func() bool { return strings.Contains(x.console("core show channels"), "1 active channel\n") })

	// From here on the process may have six descriptors more than it has.
	open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", x.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	limit := uint64(len(open) + 6)
	var old unix.Rlimit
	if err := unix.Prlimit(x.cmd.Process.Pid, unix.RLIMIT_NOFILE, nil, &old); err != nil {
		t.Fatal(err)
	}
	if err := unix.Prlimit(x.cmd.Process.Pid, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: old.Max}, nil); err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 30 {
		c, err := net.DialTimeout("tcp", x.addr(), time.Second) // the kernel takes them
		if err != nil {
			break
		}
		conns = append(conns, c)
	}
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	x.out.waitFor(t, "no connection can be accepted for now", 5*time.Second)
	began, cpu := time.Now(), x.cpu()
	p := newProbe(t, x.net.host(60), x.addr())
	defer p.close()
	for time.Since(began) < 2*time.Second {
		if _, err := p.options(500 * time.Millisecond); err != nil {
			t.Fatalf("nobody answers over UDP: %v", err)
		}
		if _, err := p.read(50 * time.Millisecond); err == nil {
			t.Error("a second answer")
		}
	}
	if used := x.cpu() - cpu; used > time.Since(began)/5 {
		t.Errorf("%v of processor time in %v", used, time.Since(began))
	}
	// A call needs two descriptors for its audio, and there are none.
	startSIPp(t, "refused", scenario{invite(), optional(100), recv(503), ackFailure(1)}, x.net.host(2), x.addr(), "-s", "100", "-p", "5062").ok()
	held.ok()

	for _, c := range conns {
		c.Close()
	}
	eventually(t, 10*time.Second, "a connection is served again", func() bool {
		c, err := net.DialTimeout("tcp", x.addr(), time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		fmt.Fprintf(c, "OPTIONS sip:x@%s SIP/2.0\r\nVia: SIP/2.0/TCP %s;branch=z9hG4bKd\r\nMax-Forwards: 70\r\nFrom: <sip:p@x>;tag=1\r\nTo: <sip:x@x>\r\nCall-ID: again\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n", x.addr(), c.LocalAddr())
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		n, err := c.Read(make([]byte, 2048))
		return err == nil && n > 0
	})
	if err := unix.Prlimit(x.cmd.Process.Pid, unix.RLIMIT_NOFILE, &old, nil); err != nil {
		t.Error(err)
	}
	x.idle()
}
