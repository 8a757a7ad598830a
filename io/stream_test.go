package io

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// Connections carry bytes both ways and know both addresses, over the machine's
// network and in memory alike.
func TestStreams(t *testing.T) {
	for name, network := range map[string]Network{"system": System(), "memory": NewMemory()} {
		for _, ip := range []string{"127.0.0.1", "::1"} {
			t.Run(name+" "+ip, func(t *testing.T) {
				l, err := network.ListenTCP(netip.AddrPortFrom(netip.MustParseAddr(ip), 0), SocketOptions{Marks: Marks{TOS: 0x60}})
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				at := l.Addr().(*net.TCPAddr).AddrPort()
				done := make(chan error, 1)
				go func() {
					c, err := l.Accept()
					if err == nil {
						_, err = io.Copy(c, c)
						_ = c.Close()
					}
					done <- err
				}()
				c, err := network.DialTCP(context.Background(), netip.Addr{}, at, SocketOptions{Marks: Marks{TOS: 0x60}})
				if err != nil {
					t.Fatal(err)
				}
				if got := c.RemoteAddr().(*net.TCPAddr).AddrPort(); got != at {
					t.Errorf("connected to %v, not %v", got, at)
				}
				if got := c.LocalAddr().(*net.TCPAddr).AddrPort(); got.Addr() != at.Addr() || got.Port() == 0 {
					t.Errorf("connected from %v", got)
				}
				buf := make([]byte, 4)
				if _, err := c.Write([]byte("ping")); err != nil {
					t.Error(err)
				}
				if _, err := io.ReadFull(c, buf); err != nil || string(buf) != "ping" {
					t.Errorf("%q, %v", buf, err)
				}
				_ = c.Close()
				if err := <-done; err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// A listener on :: takes both families, unless it must not.
func TestStreamFamilies(t *testing.T) {
	for name, v6only := range map[string]bool{"both": false, "IPv6 alone": true} {
		t.Run(name, func(t *testing.T) {
			l, err := System().ListenTCP(netip.MustParseAddrPort("[::]:0"), SocketOptions{V6Only: v6only})
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			port := l.Addr().(*net.TCPAddr).AddrPort().Port()
			for _, ip := range []string{"127.0.0.1", "::1"} {
				c, err := System().DialTCP(context.Background(), netip.Addr{}, netip.AddrPortFrom(netip.MustParseAddr(ip), port), SocketOptions{})
				if refused := err != nil; refused != (v6only && ip == "127.0.0.1") {
					t.Errorf("%s: %v", ip, err)
				}
				if err == nil {
					_ = c.Close()
				}
			}
		})
	}
}

// In memory a connection is refused, stays unanswered or comes late as the route
// has it.
func TestMemoryConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		at := netip.MustParseAddrPort("192.0.2.1:5060")
		dial := func() (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			began := time.Now()
			c, err := m.DialTCP(ctx, netip.Addr{}, at, SocketOptions{})
			if err == nil {
				_ = c.Close()
			}
			return time.Since(began), err
		}
		if _, err := dial(); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("nobody listens: %v", err)
		}
		l, err := m.ListenTCP(at, SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.ListenTCP(at, SocketOptions{}); !errors.Is(err, unix.EADDRINUSE) {
			t.Errorf("listening twice: %v", err)
		}
		if d, err := dial(); err != nil || d != 0 {
			t.Errorf("%v, %v", d, err)
		}
		m.SetRoute(func(netip.AddrPort, netip.AddrPort, []byte) []time.Duration { return nil })
		if d, err := dial(); !errors.Is(err, context.DeadlineExceeded) || d != 5*time.Second {
			t.Errorf("unreachable: %v after %v", err, d)
		}
		m.SetRoute(func(netip.AddrPort, netip.AddrPort, []byte) []time.Duration { return []time.Duration{time.Second} })
		if d, err := dial(); err != nil || d != time.Second {
			t.Errorf("far: %v, %v", d, err)
		}
		_ = l.Close()
		if _, err := dial(); !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("after it closed: %v", err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("accept after it closed: %v", err)
		}
	})
}

// A connection in memory has room for some bytes, and deadlines, as others have.
func TestMemoryConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory()
		at := netip.MustParseAddrPort("192.0.2.1:5060")
		l, err := m.ListenTCP(at, SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		near, err := m.DialTCP(t.Context(), netip.Addr{}, at, SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_ = near.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := near.Write(make([]byte, memoryWindow+1)); n != memoryWindow || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d octets without a reader, %v", n, err)
		}
		_ = far.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := io.ReadFull(far, make([]byte, memoryWindow)); err != nil {
			t.Error(n, err)
		}
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("nothing to read: %v", err)
		}
		_ = far.SetReadDeadline(time.Time{})
		_ = near.SetWriteDeadline(time.Time{})
		if _, err := near.Write([]byte("last words")); err != nil {
			t.Error(err)
		}
		_ = near.Close()
		if b, err := io.ReadAll(far); err != nil || string(b) != "last words" {
			t.Errorf("%q, %v", b, err)
		}
		if _, err := far.Write([]byte("x")); err == nil {
			t.Error("nobody reads that")
		}
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		_ = far.Close()
	})
}

// WriteNow writes what the socket takes and no more; an end that is gone is an error.
func TestWriteNow(t *testing.T) {
	l, err := System().ListenTCP(netip.MustParseAddrPort("127.0.0.1:0"), SocketOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	sent := 0
	for b := make([]byte, 1<<20); ; {
		n, err := WriteNow(raw, b)
		if err != nil {
			t.Fatal(err)
		}
		if sent += n; n == 0 {
			break
		}
	}
	if n, err := io.CopyN(io.Discard, far, int64(sent)); err != nil {
		t.Errorf("%d of %d bytes came: %v", n, sent, err)
	}
	if n, err := WriteNow(raw, []byte("more")); n != 4 || err != nil {
		t.Errorf("%d, %v when there is room again", n, err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if _, err := WriteNow(raw, []byte("more")); !errors.Is(err, unix.EPIPE) {
		t.Errorf("%v after the end", err)
	}
	_ = c.Close()
	if _, err := WriteNow(raw, []byte("more")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("%v when it is closed", err)
	}
	_ = far.Close()
}
