package transport

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"pbx/channels/sip/resolve"
)

// nameServer is a small DNS on a loopback address: UDP and TCP at one port.
type nameServer struct {
	udp     net.PacketConn
	tcp     net.Listener
	asked   atomic.Int32
	streams atomic.Int32
	// respond fills the answer to a question; false says nothing at all.
	respond func(q dnsmessage.Question, overTCP bool, b *dnsmessage.Builder, h *dnsmessage.Header) bool
}

// startNameServer listens at host, on a free port when port is 0.
func startNameServer(t *testing.T, host string, port uint16, respond func(dnsmessage.Question, bool, *dnsmessage.Builder, *dnsmessage.Header) bool) (*nameServer, uint16) {
	t.Helper()
	s := &nameServer{respond: respond}
	var err error
	if s.udp, err = net.ListenPacket("udp", fmt.Sprintf("%s:%d", host, port)); err != nil {
		t.Fatal(err)
	}
	if s.tcp, err = net.Listen("tcp", s.udp.LocalAddr().String()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		buf := make([]byte, 1500)
		for {
			n, from, err := s.udp.ReadFrom(buf)
			if err != nil {
				return
			}
			s.asked.Add(1)
			if b := s.reply(buf[:n], false); b != nil {
				_, _ = s.udp.WriteTo(b, from)
			}
		}
	}()
	go func() {
		defer func() { done <- struct{}{} }()
		for {
			c, err := s.tcp.Accept()
			if err != nil {
				return
			}
			s.streams.Add(1)
			var size [2]byte
			if _, err := io.ReadFull(c, size[:]); err == nil {
				b := make([]byte, binary.BigEndian.Uint16(size[:]))
				if _, err := io.ReadFull(c, b); err == nil {
					b = s.reply(b, true)
					_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
				}
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_, _ = s.udp.Close(), s.tcp.Close()
		<-done
		<-done
	})
	return s, netip.MustParseAddrPort(s.udp.LocalAddr().String()).Port()
}

func (s *nameServer) reply(b []byte, stream bool) []byte {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil {
		return nil
	}
	q, err := p.Question()
	if err != nil {
		return nil
	}
	h.Response = true
	// The header comes first and is known last: the answer is built twice.
	for range 2 {
		out := dnsmessage.NewBuilder(nil, h)
		if errors.Join(out.StartQuestions(), out.Question(q), out.StartAnswers()) != nil || !s.respond(q, stream, &out, &h) {
			return nil
		}
		if b, err = out.Finish(); err != nil {
			return nil
		}
	}
	return b
}

func aRecord(b *dnsmessage.Builder, q dnsmessage.Question, addr string) {
	_ = b.AResource(dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 60}, dnsmessage.AResource{A: netip.MustParseAddr(addr).As4()})
}

// system makes a Resolver with its own files; its servers listen at port.
func system(t *testing.T, port uint16, conf, hosts string, servers ...string) *Resolver {
	t.Helper()
	dir := t.TempDir()
	o := ResolverOptions{Conf: filepath.Join(dir, "resolv.conf"), Hosts: filepath.Join(dir, "hosts")}
	for _, s := range servers {
		o.Servers = append(o.Servers, netip.AddrPortFrom(netip.MustParseAddr(s), port))
	}
	for path, text := range map[string]string{o.Conf: conf, o.Hosts: hosts} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return NewResolver(o)
}

func lookup(t *testing.T, r *Resolver, name string, limit time.Duration) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	a := r.Lookup(ctx, resolve.Question{Name: name, Kind: resolve.A})
	text := strings.Trim(fmt.Sprint(a.Addrs), "[]")
	if a.Local {
		text += " local"
	}
	return text, a.Err
}

func TestResolver(t *testing.T) {
	records := func(q dnsmessage.Question, stream bool, b *dnsmessage.Builder, h *dnsmessage.Header) bool {
		switch q.Name.String() {
		case "example.com.":
			aRecord(b, q, "192.0.2.1")
		case "gw.office.example.":
			aRecord(b, q, "192.0.2.2")
		case "big.example.com.":
			if h.Truncated = !stream; stream {
				aRecord(b, q, "192.0.2.3")
			}
		case "refused.example.com.":
			h.RCode = dnsmessage.RCodeRefused
		case "silent.example.com.":
			return false
		default:
			h.RCode = dnsmessage.RCodeNameError
		}
		return true
	}
	silent := func(dnsmessage.Question, bool, *dnsmessage.Builder, *dnsmessage.Header) bool { return false }
	refuses := func(_ dnsmessage.Question, _ bool, _ *dnsmessage.Builder, h *dnsmessage.Header) bool {
		h.RCode = dnsmessage.RCodeServerFailure
		return true
	}
	good, port := startNameServer(t, "127.0.53.1", 0, records)
	dead, _ := startNameServer(t, "127.0.53.2", port, silent)
	startNameServer(t, "127.0.53.3", port, refuses)

	t.Run("answers", func(t *testing.T) {
		r := system(t, port, "search office.example lan.example\n", "192.0.2.9 pbx pbx.example\n::1 six\n", "127.0.53.1")
		for _, tt := range []struct {
			name, want string
			err        error
		}{
			{"example.com", "192.0.2.1", nil},
			{"gw", "192.0.2.2", nil},
			{"big.example.com", "192.0.2.3", nil},
			{"nobody.example.com", "", resolve.ErrNone},
			{"pbx.example", "192.0.2.9 local", nil},
			{"localhost", "127.0.0.1 local", nil},
			{"six", " local", resolve.ErrNone},
		} {
			if got, err := lookup(t, r, tt.name, 5*time.Second); got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("%s: %q, %v", tt.name, got, err)
			}
		}
		if good.streams.Load() != 1 {
			t.Errorf("%d questions over TCP", good.streams.Load())
		}
	})
	t.Run("a dead server is passed over, and remembered", func(t *testing.T) {
		r := system(t, port, "", "", "127.0.53.2", "127.0.53.3", "127.0.53.1")
		if got, err := lookup(t, r, "example.com", 5*time.Second); got != "192.0.2.1" {
			t.Errorf("%q, %v", got, err)
		}
		if dead.asked.Load() == 0 || r.good != 2 {
			t.Errorf("the next question goes to server %d first", r.good)
		}
	})
	t.Run("every server refuses", func(t *testing.T) {
		r := system(t, port, "", "", "127.0.53.1", "127.0.53.3")
		var e *resolve.ServerError
		if _, err := lookup(t, r, "refused.example.com", 5*time.Second); !errors.As(err, &e) {
			t.Error(err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		r := system(t, port, "", "", "127.0.53.99")
		if _, err := lookup(t, r, "example.com", 5*time.Second); err == nil || errors.Is(err, resolve.ErrNone) {
			t.Error(err)
		}
	})
	t.Run("the limit holds", func(t *testing.T) {
		r := system(t, port, "", "", "127.0.53.2")
		begun := time.Now()
		if _, err := lookup(t, r, "example.com", 100*time.Millisecond); err == nil || errors.Is(err, resolve.ErrNone) {
			t.Error(err)
		}
		if took := time.Since(begun); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
	t.Run("use-vc", func(t *testing.T) {
		before := good.streams.Load()
		r := system(t, port, "options use-vc ndots:2\n", "", "127.0.53.1")
		if got, err := lookup(t, r, "example.com", 5*time.Second); got != "192.0.2.1" || good.streams.Load() != before+1 {
			t.Errorf("%q, %v", got, err)
		}
	})
	t.Run("a file that changes", func(t *testing.T) {
		r := system(t, port, "", "192.0.2.9 here\n", "127.0.53.1")
		if got, _ := lookup(t, r, "here", time.Second); got != "192.0.2.9 local" {
			t.Error(got)
		}
		if err := os.WriteFile(r.options.Hosts, []byte("192.0.2.10 here\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, _ := lookup(t, r, "here", time.Second); got != "192.0.2.10 local" {
			t.Error(got)
		}
	})
}

func TestResolvConf(t *testing.T) {
	addr := func(s string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(s), 53) }
	tests := []struct {
		name, text string
		want       resolvConf
	}{
		{"empty", "", resolvConf{servers: []netip.AddrPort{addr("127.0.0.1")}, ndots: 1}},
		{"all of it", "# a comment\n; another\nnameserver 192.0.2.1\nnameserver\tfe80::1%eth0\nnameserver nonsense\nnameserver 192.0.2.3\nnameserver 192.0.2.4\n" +
			"domain old.example\nsearch Office.Example. lan\noptions timeout:1 ndots:2 rotate use-vc\n", resolvConf{
			servers: []netip.AddrPort{addr("192.0.2.1"), addr("fe80::1%eth0"), addr("192.0.2.3")}, search: []string{"office.example", "lan"}, ndots: 2, stream: true,
		}},
		{"ndots out of bounds", "options ndots:99\nnameserver 192.0.2.1\n", resolvConf{servers: []netip.AddrPort{addr("192.0.2.1")}, ndots: maxDots}},
	}
	for _, tt := range tests {
		if got := parseResolvConf(tt.text); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
	c := resolvConf{search: []string{"a.example", "b.example"}, ndots: 1}
	for name, want := range map[string]string{
		"gw": "gw.a.example gw.b.example gw", "gw.lan": "gw.lan", "_sip._udp.gw": "_sip._udp.gw.a.example _sip._udp.gw.b.example _sip._udp.gw",
		"_sip._udp.example.com": "_sip._udp.example.com", "_x": "_x.a.example _x.b.example _x",
	} {
		if got := strings.Join(c.candidates(name), " "); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
}

func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 192.0.2.1\nsearch a b\noptions ndots:3 use-vc\n192.0.2.9 pbx # comment\n")
	f.Fuzz(func(t *testing.T, text string) {
		c := parseResolvConf(text)
		if len(c.servers) == 0 || len(c.servers) > maxServers || len(c.search) > maxSearch || c.ndots < 0 || c.ndots > maxDots {
			t.Fatalf("%+v", c)
		}
		if list := c.candidates("_sip._udp.host"); len(list) == 0 || len(list) > maxSearch+1 {
			t.Fatalf("%q", list)
		}
		if parseHosts(text)["localhost"] == nil {
			t.Fatal("localhost is nowhere")
		}
	})
}
