package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// site is a network namespace by its name; "" is the one that the tests run in.
type site string

// command is a program that runs there.
func (s site) command(name string, args ...string) *exec.Cmd {
	if s == "" {
		return exec.Command(name, args...)
	}
	return exec.Command("ip", append([]string{"netns", "exec", string(s), name}, args...)...)
}

// do runs f there, on this goroutine: sockets that it opens stay there.
func (s site) do(t *testing.T, f func()) {
	t.Helper()
	if s == "" {
		f()
		return
	}
	runtime.LockOSThread()
	home, err := os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close()
	there, err := os.Open("/run/netns/" + string(s))
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
			panic(err) // the thread is lost to the tests
		}
		runtime.UnlockOSThread()
	}()
	f()
}

// lab is two sites with a cable between them that goes through our hands: what the
// one sends is a frame to the test, which hands it on to the other or does not.
type lab struct {
	near, far site
	ends      [2]int // packet sockets of the ends of the cable that are ours: near's, far's
}

var labs atomic.Int32

// newLab makes namespaces and the cable. near is at nearAddr and far at farAddr, each
// with its prefix length. It needs the rights of root; where they are missing the test
// is skipped, or fails when CI is set.
func newLab(t *testing.T, nearAddr, farAddr string) *lab {
	t.Helper()
	tool(t, "ip")
	id := fmt.Sprintf("pbx%d-%d", os.Getpid(), labs.Add(1))
	l := &lab{near: site(id + "n"), far: site(id + "f")}
	hands := site(id + "h")
	for _, s := range []site{l.near, l.far, hands} {
		if out, err := exec.Command("ip", "netns", "add", string(s)).CombinedOutput(); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("no network namespaces: %v\n%s", err, out)
			}
			t.Skipf("no network namespaces: %v\n%s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", string(s)).Run() })
	}
	run := func(line string) {
		t.Helper()
		args := strings.Fields(line)
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	for i, end := range []struct {
		site site
		addr string
	}{{l.near, nearAddr}, {l.far, farAddr}} {
		run(fmt.Sprintf("ip link add e0 netns %s address 02:00:00:00:00:0%d type veth peer name h%d netns %s", end.site, i+1, i, hands))
		run(fmt.Sprintf("ip -n %s link set lo up", end.site))
		run(fmt.Sprintf("ip -n %s addr add %s dev e0", end.site, end.addr))
		end.site.do(t, func() { checksums(t, "e0") })
		run(fmt.Sprintf("ip -n %s link set e0 up", end.site))
		run(fmt.Sprintf("ip -n %s link set h%d up", hands, i))
		// Whoever is elsewhere is at the other end of the cable: nobody asks by ARP.
		run(fmt.Sprintf("ip -n %s route add default dev e0", end.site))
		hands.do(t, func() { l.ends[i] = packetSocket(t, fmt.Sprintf("h%d", i)) })
	}
	return l
}

// knows has a site take an address for that of the machine at the other end.
func (l *lab) knows(t *testing.T, s site, addr string) {
	t.Helper()
	mac := "02:00:00:00:00:01"
	if s == l.near {
		mac = "02:00:00:00:00:02"
	}
	if out, err := exec.Command("ip", "-n", string(s), "neigh", "replace", addr, "lladdr", mac, "dev", "e0", "nud", "permanent").CombinedOutput(); err != nil {
		t.Fatalf("neighbour %s: %v\n%s", addr, err, out)
	}
}

// checksums has a device write checksums into what it sends. A virtual one leaves that
// to hardware that is not there, and what passes through our hands would have none.
func checksums(t *testing.T, device string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	value := struct{ cmd, data uint32 }{unix.ETHTOOL_STXCSUM, 0}
	request := struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}{data: unsafe.Pointer(&value)}
	copy(request.name[:], device)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); errno != 0 {
		t.Fatalf("checksums of %s: %v", device, errno)
	}
}

// packetSocket is a socket that gets and sends the frames of a device.
func packetSocket(t *testing.T, device string) int {
	t.Helper()
	const all = 0x0300 // ETH_P_ALL in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		t.Fatal(err)
	}
	i, err := net.InterfaceByName(device)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: i.Index}); err != nil {
		t.Fatal(err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
	// The end of the test is seen within the time-out.
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// carry hands frames on until the test ends. pass says when the other end gets a frame
// of IPv4, which it may change: after each of the delays, never without one. Other
// frames pass as they are.
func (l *lab) carry(t *testing.T, pass func(fromNear bool, frame []byte) []time.Duration) {
	t.Helper()
	stop := make(chan struct{})
	var ended [2]chan struct{}
	for i := range ended {
		ended[i] = make(chan struct{})
		go func() {
			defer close(ended[i])
			l.carryFrom(i, pass, stop)
		}()
	}
	t.Cleanup(func() {
		close(stop)
		for i := range ended {
			<-ended[i]
		}
		for _, fd := range l.ends {
			_ = unix.Close(fd)
		}
	})
}

func (l *lab) carryFrom(i int, pass func(bool, []byte) []time.Duration, stop chan struct{}) {
	buf := make([]byte, 65536)
	for {
		select {
		case <-stop:
			return
		default:
		}
		n, from, err := unix.Recvfrom(l.ends[i], buf, 0)
		if err != nil {
			continue // nothing came, or the device is down
		}
		if link, ok := from.(*unix.SockaddrLinklayer); !ok || link.Pkttype == unix.PACKET_OUTGOING || n < 14 {
			continue
		}
		frame := append([]byte(nil), buf[:n]...)
		if frame[12] != 8 || frame[13] != 0 {
			_, _ = unix.Write(l.ends[1-i], frame)
			continue
		}
		for _, d := range pass(i == 0, frame) {
			if d <= 0 {
				_, _ = unix.Write(l.ends[1-i], frame)
				continue
			}
			time.AfterFunc(d, func() {
				select {
				case <-stop:
				default:
					_, _ = unix.Write(l.ends[1-i], frame)
				}
			})
		}
	}
}

// exchange starts an exchange at a site.
func (l *lab) exchange(t *testing.T, s site, archive string) *exchange {
	t.Helper()
	x := &exchange{t: t, conf: t.TempDir(), state: t.TempDir(), site: s}
	x.write(archive)
	x.start()
	t.Cleanup(func() {
		if x.cmd.ProcessState == nil {
			x.stop()
		}
		if t.Failed() {
			t.Logf("the exchange at %s printed:\n%s", s, x.out)
		}
	})
	return x
}
