package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// program is the exchange under test, built once by TestMain.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pbx-e2e-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "pbx")
	build := exec.Command("go", "build", "-o", program, "../cmd/pbx")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// tool returns the path of a program. Where it is missing the test is skipped,
// or fails when CI is set.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("%s is not installed; e2e/install.sh installs it", name)
	}
	t.Skipf("%s is not installed; e2e/install.sh installs it", name)
	return ""
}

// nets hands every exchange a loopback network of its own.
var nets atomic.Int32

// network is 127.77.N.0/24: the exchange is .1, phones are .2 and up.
type network int

func newNetwork() network { return network(nets.Add(1)) }

func (n network) host(i int) string { return fmt.Sprintf("127.77.%d.%d", int(n), i) }

// exchange is one running pbx.
type exchange struct {
	t     *testing.T
	net   network
	conf  string // its configuration directory
	state string
	site  site // where it runs
	cmd   *exec.Cmd
	out   *output
	done  chan struct{}
}

// output collects what a process prints, and lets a test wait for a line.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{}
}

func newOutput() *output { return &output{more: make(chan struct{})} }

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf.Write(b)
	close(o.more)
	o.more = make(chan struct{})
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// waitFor waits until the output holds text.
func (o *output) waitFor(t *testing.T, text string, limit time.Duration) {
	t.Helper()
	timeout := time.After(limit)
	for {
		o.mu.Lock()
		more, found := o.more, strings.Contains(o.buf.String(), text)
		o.mu.Unlock()
		if found {
			return
		}
		select {
		case <-more:
		case <-timeout:
			t.Fatalf("%q did not appear within %v in:\n%s", text, limit, o.String())
		}
	}
}

// newExchange writes the configuration, a txtar archive in which @PBX@ and @N@
// stand for the addresses of its network, and starts the exchange on it.
func newExchange(t *testing.T, archive string) *exchange {
	t.Helper()
	return newExchangeOn(t, newNetwork(), archive)
}

// newExchangeOn does the same on a network where something runs already.
func newExchangeOn(t *testing.T, n network, archive string) *exchange {
	t.Helper()
	x := &exchange{t: t, net: n, conf: t.TempDir(), state: t.TempDir()}
	x.write(archive)
	x.start()
	t.Cleanup(func() {
		if x.cmd.ProcessState == nil {
			x.stop()
		}
		if t.Failed() {
			t.Logf("the exchange printed:\n%s", x.out)
		}
	})
	return x
}

// write puts the files of a txtar archive into the configuration directory.
func (x *exchange) write(archive string) {
	x.t.Helper()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		text := strings.ReplaceAll(string(f.Data), "@PBX@", x.net.host(1))
		for i := 2; i < 10; i++ {
			text = strings.ReplaceAll(text, fmt.Sprintf("@%d@", i), x.net.host(i))
		}
		if err := os.WriteFile(filepath.Join(x.conf, f.Name), []byte(text), 0o600); err != nil {
			x.t.Fatal(err)
		}
	}
}

func (x *exchange) start() {
	x.t.Helper()
	x.out, x.done = newOutput(), make(chan struct{})
	x.cmd = x.site.command(program, "run", "--config", x.conf, "--state", x.state)
	x.cmd.Stdout, x.cmd.Stderr = x.out, x.out
	x.cmd.WaitDelay = 5 * time.Second // for what a program that outlives it prints
	if err := x.cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(x.cmd, x.done)
	if x.site != "" {
		eventually(x.t, 10*time.Second, "the exchange answers its console", func() bool {
			return strings.Contains(x.console("core waitfullybooted"), "fully booted")
		})
		return
	}
	x.awaitAnswer()
}

// awaitAnswer waits until the exchange answers an OPTIONS.
func (x *exchange) awaitAnswer() {
	x.t.Helper()
	addr := x.addr()
	if x.conf == "" {
		addr = "127.0.0.1:5060" // the default office
	}
	p := newProbe(x.t, x.net.host(250), addr)
	defer p.close()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		select {
		case <-x.done:
			x.t.Fatalf("the exchange ended at once:\n%s", x.out)
		default:
		}
		if _, err := p.options(200 * time.Millisecond); err == nil {
			return
		}
	}
	x.t.Fatalf("no answer to OPTIONS within 10 s:\n%s", x.out)
}

func (x *exchange) addr() string { return x.net.host(1) + ":5060" }

// stop ends the exchange the polite way and returns its exit code.
func (x *exchange) stop() int {
	x.t.Helper()
	_ = x.cmd.Process.Signal(syscall.SIGTERM)
	return x.wait(20 * time.Second)
}

// kill ends it the way a power cut does.
func (x *exchange) kill() {
	x.t.Helper()
	_ = x.cmd.Process.Kill()
	x.wait(time.Minute) // a disk that is busy keeps even a killed process
}

func (x *exchange) wait(limit time.Duration) int {
	x.t.Helper()
	select {
	case <-x.done:
	case <-time.After(limit):
		_ = x.cmd.Process.Signal(syscall.SIGQUIT)
		<-x.done
		x.t.Errorf("the exchange did not end within %v", limit)
	}
	return x.cmd.ProcessState.ExitCode()
}

// console runs one console command and returns what it printed.
func (x *exchange) console(command string) string {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	args := []string{"console", "--state", x.state, "-x", command}
	if x.conf != "" {
		args = append(args, "--config", x.conf)
	}
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		x.t.Fatalf("console -x %q: %v", command, err)
	}
	return string(out)
}

// eventually asks until f is true.
func eventually(t *testing.T, limit time.Duration, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !f(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// idle asserts that no call is left, neither channel nor RTP port.
func (x *exchange) idle() {
	x.t.Helper()
	eventually(x.t, 10*time.Second, "no active channel", func() bool {
		return strings.Contains(x.console("core show channels"), "0 active channels")
	})
}

// probe is the smallest SIP client: it sends text and reads text.
type probe struct {
	t    *testing.T
	conn *net.UDPConn
	seq  int
	mask *strings.Replacer // of what is sent, nil for none
}

func newProbe(t *testing.T, from, to string) *probe {
	t.Helper()
	raddr, err := net.ResolveUDPAddr("udp", to)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, raddr)
	if err != nil {
		t.Fatal(err)
	}
	return &probe{t: t, conn: conn}
}

func (p *probe) close() { p.conn.Close() }

func (p *probe) local() string { return p.conn.LocalAddr().String() }

// request is a request out of any dialog, complete but for what extra adds.
func (p *probe) request(method, uri, extra, body string) string {
	p.seq++
	return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK-p%d-%s;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:probe@%s>;tag=p%d\r\nTo: <%s>\r\nCall-ID: probe-%d-%s\r\nCSeq: %d %s\r\nContact: <sip:probe@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, uri, p.local(), p.seq, method, p.local(), p.seq, uri, p.seq, p.local(), p.seq, method, p.local(), extra, len(body), body)
}

func (p *probe) send(text string) {
	p.t.Helper()
	if p.mask != nil {
		text = p.mask.Replace(text)
	}
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.t.Logf("send: %v", err)
	}
}

func (p *probe) read(limit time.Duration) (string, error) {
	buf := make([]byte, 65536)
	_ = p.conn.SetReadDeadline(time.Now().Add(limit))
	n, err := p.conn.Read(buf)
	return string(buf[:n]), err
}

func (p *probe) options(limit time.Duration) (string, error) {
	p.send(p.request("OPTIONS", "sip:"+p.conn.RemoteAddr().String(), "", ""))
	return p.read(limit)
}
