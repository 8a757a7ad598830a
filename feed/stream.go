package feed

import (
	"bufio"
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/event"
	pbxio "pbx/io"
)

// Streams are unix sockets and TCP: JSON lines, one an event.

const (
	// writeTime is how long a program may take to read what is sent.
	writeTime = 10 * time.Second
	// secretTime is how long it may take to say its secret, and maxSecret its length.
	secretTime = 10 * time.Second
	maxSecret  = 512
	maxStreams = 100
	firstTry   = time.Second
	lastTry    = 30 * time.Second
)

// listener is a sink that programs connect to.
type listener struct {
	s    *Sinks
	sink *sink
	want Selection
	l    net.Listener
	tls  atomic.Pointer[tls.Config] // nil: none is spoken

	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup
	mu     sync.Mutex
	conns  map[net.Conn]struct{}
}

func (s *Sinks) listen(x *sink, want Selection, l net.Listener) *listener {
	t := &listener{s: s, sink: x, want: want, l: l, conns: make(map[net.Conn]struct{})}
	t.tls.Store(x.tls)
	t.ctx, t.cancel = context.WithCancel(context.Background())
	t.group.Go(t.accept)
	return t
}

func (s *Sinks) listenTCP(x *sink, want Selection) (*opened, error) {
	l, err := s.deps.Network.ListenTCP(x.Bind, pbxio.SocketOptions{})
	if err != nil {
		return nil, err
	}
	t := s.listen(x, want, l)
	return &opened{close: t.close, state: t.state, renew: t.tls.Store}, nil
}

// listenUnix makes the socket under another name first: nobody may connect before its
// permissions are right.
func (s *Sinks) listenUnix(x *sink, want Selection) (*opened, error) {
	if err := os.MkdirAll(filepath.Dir(x.Path), 0o750); err != nil {
		return nil, err
	}
	if st, err := os.Lstat(x.Path); err == nil && st.Mode()&os.ModeSocket == 0 {
		return nil, fmt.Errorf("%s is there and is no socket", x.Path)
	}
	if c, err := net.DialTimeout("unix", x.Path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("somebody listens at %s already", x.Path)
	}
	fresh := fmt.Sprintf("%s.%d", x.Path, os.Getpid())
	_ = os.Remove(fresh) // of an exchange that was killed
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false)
	if err = os.Chmod(fresh, os.FileMode(x.Mode)); err == nil {
		err = os.Rename(fresh, x.Path)
	}
	if err != nil {
		_ = l.Close()
		_ = os.Remove(fresh)
		return nil, err
	}
	t := s.listen(x, want, l)
	return &opened{state: t.state, close: func() {
		t.close()
		_ = os.Remove(x.Path)
	}}, nil
}

// state is how many programs are connected.
func (t *listener) state() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("%d connected", len(t.conns))
}

func (t *listener) close() {
	t.cancel()
	_ = t.l.Close()
	t.mu.Lock()
	for c := range t.conns {
		_ = c.SetDeadline(time.Unix(1, 0))
	}
	t.mu.Unlock()
	t.group.Wait()
}

func (t *listener) warn(format string, args ...any) {
	t.s.deps.Log.Warn("events [" + t.sink.Name + "]: " + fmt.Sprintf(format, args...))
}

func (t *listener) accept() {
	for {
		conn, err := t.l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || t.ctx.Err() != nil {
				return
			}
			t.warn("a connection could not be taken: %v", err)
			select { // out of descriptors: not again at once
			case <-t.ctx.Done():
				return
			case <-time.After(time.Second):
			}
			continue
		}
		if !t.admit(conn) {
			_ = conn.Close()
			continue
		}
		t.group.Go(func() { t.serve(conn) })
	}
}

// admit says whether a connection is one that may be.
func (t *listener) admit(conn net.Conn) bool {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok && !t.sink.acl.Allows(a.AddrPort().Addr()) {
		t.warn("%s is turned away: no permit line is for it", a.AddrPort().Addr().Unmap())
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.conns) >= maxStreams || t.ctx.Err() != nil {
		t.s.deps.Log.Warn(fmt.Sprintf("events [%s]: a connection is turned away: there are %d", t.sink.Name, len(t.conns)))
		return false
	}
	t.conns[conn] = struct{}{}
	return true
}

// serve sends events to one program until it goes.
func (t *listener) serve(raw net.Conn) {
	ctx, cancel := context.WithCancel(t.ctx)
	defer cancel()
	conn, err := t.secured(raw)
	defer func() {
		if err != nil && !errors.Is(err, context.Canceled) {
			_ = raw.Close() // it reads no farewell
		}
		_ = conn.Close()
		t.mu.Lock()
		delete(t.conns, raw)
		t.mu.Unlock()
	}()
	if err != nil {
		t.s.deps.Log.Log(t.ctx, event.LevelNotice, fmt.Sprintf("events [%s]: %s is turned away: %v", t.sink.Name, peerName(raw), err))
		return
	}
	in := bufio.NewReaderSize(conn, maxSecret)
	if t.sink.Secret != "" && !t.proven(conn, in) {
		return
	}
	r := t.s.deps.Hub.Open(t.want)
	defer r.Close()
	t.group.Go(func() { // the program says nothing more; its end is heard so
		defer cancel()
		_, _ = io.Copy(io.Discard, in)
	})
	err = pump(ctx, conn, r)
	if errors.Is(err, ErrSlow) || errors.Is(err, os.ErrDeadlineExceeded) && t.ctx.Err() == nil {
		t.warn("%s does not read what it is sent and is dropped", peerName(conn))
	}
}

// proven reads the first line, which is the secret.
func (t *listener) proven(conn net.Conn, in *bufio.Reader) bool {
	t.mu.Lock()
	if t.ctx.Err() == nil {
		_ = conn.SetReadDeadline(time.Now().Add(secretTime))
	}
	t.mu.Unlock()
	line, err := in.ReadSlice('\n')
	if err != nil || subtle.ConstantTimeCompare([]byte(strings.TrimRight(string(line), "\r\n")), []byte(t.sink.Secret)) != 1 {
		t.s.deps.Log.Log(t.ctx, event.LevelNotice, fmt.Sprintf("events [%s]: %s did not say the secret", t.sink.Name, peerName(conn)))
		return false
	}
	t.mu.Lock()
	if t.ctx.Err() == nil {
		_ = conn.SetReadDeadline(time.Time{})
	}
	t.mu.Unlock()
	return true
}

func peerName(conn net.Conn) string {
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		return netip.AddrPortFrom(a.AddrPort().Addr().Unmap(), a.AddrPort().Port()).String()
	}
	return "a program"
}

// pump writes what a reader gets, as lines, until it or the connection ends.
func pump(ctx context.Context, conn net.Conn, r *Reader) error {
	var b []byte
	for {
		list, err := r.Next(ctx)
		if err != nil {
			return err
		}
		for len(list) > 0 {
			b = b[:0]
			for len(list) > 0 && len(b) < 64<<10 {
				b = append(append(b, list[0].Text...), '\n')
				list = list[1:]
			}
			if err := conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
				return err
			}
			if _, err := conn.Write(b); err != nil {
				return err
			}
		}
	}
}

// connect keeps a connection to a collector. Nothing is queued while there is none.
func (s *Sinks) connect(x *sink, want Selection) *opened {
	var connected atomic.Bool
	var secure atomic.Pointer[tls.Config]
	secure.Store(x.tls)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		wait, said := firstTry, false
		for ctx.Err() == nil {
			conn, err := s.deps.Network.DialTCP(ctx, netip.Addr{}, x.Connect, pbxio.SocketOptions{})
			if err == nil {
				conn, err = secured(ctx, conn, secure.Load())
			}
			if err == nil {
				event.Verbose(s.deps.Log, 2, "events [%s]: connected to %v", x.Name, x.Connect)
				wait, said = firstTry, false
				connected.Store(true)
				err = s.send(ctx, conn, x, want)
				connected.Store(false)
			}
			if ctx.Err() != nil {
				return
			}
			if !said {
				said = true
				s.deps.Log.Warn(fmt.Sprintf("events [%s]: %v: %v; tried again, and what happens until then is not sent", x.Name, x.Connect, err))
			}
			select {
			case <-ctx.Done():
			case <-time.After(wait):
				wait = min(2*wait, lastTry)
			}
		}
	})
	return &opened{
		renew: secure.Store,
		close: func() {
			cancel()
			group.Wait()
		},
		state: func() string {
			if connected.Load() {
				return "connected"
			}
			return "not connected"
		},
	}
}

// send sends events on a connection that was made.
func (s *Sinks) send(ctx context.Context, conn net.Conn, x *sink, want Selection) error {
	ctx, cancel := context.WithCancel(ctx)
	var heard sync.WaitGroup
	defer heard.Wait()
	defer cancel()
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if x.Secret != "" {
		_ = conn.SetWriteDeadline(time.Now().Add(writeTime))
		if _, err := io.WriteString(conn, x.Secret+"\n"); err != nil {
			return err
		}
	}
	r := s.deps.Hub.Open(want)
	defer r.Close()
	heard.Go(func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, conn)
	})
	err := pump(ctx, conn, r)
	if errors.Is(err, context.Canceled) {
		return io.EOF // the far end has gone
	}
	return err
}
