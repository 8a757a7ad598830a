package media

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	pbxio "pbx/io"
	"pbx/media/rtp"
)

// loadEnv makes the test binary the far end of BenchmarkCalls: a process of its
// own, so that the CPU time of the engine can be told.
const loadEnv = "PBX_MEDIA_LOAD"

func TestMain(m *testing.M) {
	if os.Getenv(loadEnv) != "" {
		if err := load(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const loadTime = 6 * time.Second

// BenchmarkCalls relays calls with G.711 in 20 ms packets between real sockets
// and reports what they cost: %core, and the latency and loss that the far end
// saw.
func BenchmarkCalls(b *testing.B) {
	for _, calls := range []int{10, 100, 400} {
		b.Run(fmt.Sprint(calls), func(b *testing.B) {
			for b.Loop() {
				benchmarkCalls(b, calls)
			}
		})
	}
}

func benchmarkCalls(b *testing.B, calls int) {
	e, err := NewEngine(pbxio.System(), EngineOptions{Bind: netip.MustParseAddr("127.0.0.1"), RTPStart: 20000, RTPEnd: 29999})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", loadEnv, calls))
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for range calls {
		var legs [2]*Session
		for i := range legs {
			if !lines.Scan() {
				b.Fatal("the far end is gone")
			}
			if legs[i], err = e.NewSession(SessionOptions{Near: legs[0]}); err != nil {
				b.Fatal(err)
			}
			legs[i].Configure(Remote{RTP: netip.MustParseAddrPort(lines.Text()), Send: Payload{0, "ulaw"}})
			fmt.Fprintln(in, legs[i].Local())
		}
		if err := Join(legs[0], legs[1]); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(time.Second) // the far end's ports are told, its clock starts
	before, start := cpu(), time.Now()
	time.Sleep(loadTime - 2*time.Second)
	used, took := cpu()-before, time.Since(start)
	b.ReportMetric(100*float64(used)/float64(took), "%core")
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		var v float64
		_, _ = fmt.Sscan(f[1], &v)
		b.ReportMetric(v, f[0])
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// load is the far end: two phones a call, on one loop.
func load() error {
	var calls int
	_, _ = fmt.Sscan(os.Getenv(loadEnv), &calls)
	type end struct {
		sock pbxio.Socket
		to   netip.AddrPort
		seq  uint16
	}
	net := pbxio.System()
	poller, err := net.NewPoller()
	if err != nil {
		return err
	}
	ctx := pbxio.NewContext(poller)
	ends := make([]end, 2*calls)
	var lat []time.Duration
	base := time.Now()
	buf := make([]byte, maxPacket)
	in := bufio.NewScanner(os.Stdin)
	for i := range ends {
		e := &ends[i]
		if e.sock, err = net.ListenUDP(netip.MustParseAddrPort("127.0.0.2:0"), pbxio.SocketOptions{}); err != nil {
			return err
		}
		fmt.Println(e.sock.Local())
		if !in.Scan() {
			return in.Err()
		}
		e.to = netip.MustParseAddrPort(in.Text())
		_, _ = ctx.Add(e.sock.FD(), pbxio.In, func(pbxio.ID, pbxio.Events) bool {
			for {
				n, _, err := e.sock.Recv(buf)
				if err != nil || n < rtp.HeaderSize+160 {
					return true
				}
				lat = append(lat, time.Since(base)-time.Duration(binary.BigEndian.Uint64(buf[rtp.HeaderSize:])))
			}
		})
	}
	packet := make([]byte, rtp.HeaderSize+160)
	time.Sleep(300 * time.Millisecond)
	start, sent := time.Now(), 0
	for time.Since(start) < loadTime {
		// Packets are spread evenly over the 20 ms.
		due := int(int64(time.Since(start)) * int64(len(ends)) / int64(block))
		for ; sent < due; sent++ {
			e := &ends[sent%len(ends)]
			rtp.Header{Sequence: e.seq, Timestamp: uint32(e.seq) * 160, SSRC: uint32(sent % len(ends))}.Put(packet)
			e.seq++
			binary.BigEndian.PutUint64(packet[rtp.HeaderSize:], uint64(time.Since(base)))
			_ = e.sock.Send(packet, e.to)
		}
		_, _ = ctx.Wait(200 * time.Microsecond)
	}
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
		_, _ = ctx.Wait(time.Millisecond)
	}
	slices.Sort(lat)
	if len(lat) > 0 {
		fmt.Println("p50-µs", lat[len(lat)/2].Microseconds())
		fmt.Println("p99-µs", lat[len(lat)*99/100].Microseconds())
		fmt.Println("max-µs", lat[len(lat)-1].Microseconds())
	}
	fmt.Println("lost", sent-len(lat))
	return nil
}
