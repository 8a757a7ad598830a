package console

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Session is one connected console.
type Session struct {
	server *Server
	conn   net.Conn
	who    *Peer
	// out carries frames to the writer. Answers wait for room in it; log lines do
	// not.
	out    chan []byte
	closed chan struct{}
	once   sync.Once

	mu   sync.Mutex
	sink *Sink // set by watch
	lost int   // log lines that did not fit
	mute atomic.Bool
}

type sessionKey struct{}

// SessionFrom returns the console a command was typed on, nil when it came from
// anywhere else.
func SessionFrom(ctx context.Context) *Session {
	s, _ := ctx.Value(sessionKey{}).(*Session)
	return s
}

func newSession(s *Server, conn net.Conn) *Session {
	return &Session{server: s, conn: conn, who: peerOf(conn), out: make(chan []byte, 256), closed: make(chan struct{})}
}

// Watching reports whether the console shows log lines; one that was opened for
// a single command does not.
func (s *Session) Watching() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink != nil
}

// Verbose is the class up to which this console shows verbose lines.
func (s *Session) Verbose() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sink == nil {
		return 0
	}
	return s.sink.Levels().Verbose
}

// Mute keeps log lines from the console, or shows them again; it returns whether they are
// kept from it now.
func (s *Session) Mute() bool {
	muted := !s.mute.Load()
	s.mute.Store(muted)
	return muted
}

// SetLevel shows lines of a level on this console, or keeps them from it until logger.conf
// is read again. It is false for a word that is no level.
func (s *Session) SetLevel(name string, on bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sink != nil && s.sink.setLevel(name, on)
}

// SetVerbose changes it and returns what it was.
func (s *Session) SetVerbose(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sink == nil {
		return 0
	}
	return s.sink.SetVerbose(n)
}

func (s *Session) hangUp() {
	s.once.Do(func() {
		close(s.closed)
		_ = s.conn.SetReadDeadline(time.Now()) // the reader leaves; the writer closes
	})
}

func (s *Session) serve(ctx context.Context) {
	var writer sync.WaitGroup
	writer.Add(1)
	go func() {
		defer writer.Done()
		s.write()
	}()
	ctx = context.WithValue(ctx, sessionKey{}, s)
	r := bufio.NewReader(s.conn)
	for {
		verb, rest, err := readRequest(r)
		if err != nil {
			break
		}
		s.answer(ctx, verb, rest)
	}
	s.mu.Lock()
	sink := s.sink
	s.mu.Unlock()
	if sink != nil {
		sink.Close()
	}
	s.hangUp()
	writer.Wait()
}

func (s *Session) answer(ctx context.Context, verb, rest string) {
	switch verb {
	case "run":
		w := bufio.NewWriterSize(frames{s}, chunkLimit)
		err := s.server.commands.Run(ctx, rest, w)
		_ = w.Flush()
		text := ""
		if err != nil {
			text = cmp.Or(err.Error(), "failed")
		}
		s.send("end", []byte(text[:min(len(text), fieldLimit)]))
	case "complete":
		words := strings.Join(s.server.commands.CompleteFor(ctx, rest), "\n")
		s.send("words", []byte(words[:min(len(words), frameLimit)]))
	case "api":
		s.request(ctx, rest)
	case "watch":
		n, err := strconv.Atoi(rest)
		if err != nil {
			s.send("end", []byte("watch wants a number"))
			return
		}
		s.watch(max(0, min(n, 10)))
		s.send("end", nil)
	default:
		s.send("end", []byte("unknown request"))
	}
}

// request answers a request of the JSON interface.
func (s *Session) request(ctx context.Context, line string) {
	method, line, _ := strings.Cut(line, " ")
	target, body, _ := strings.Cut(line, " ")
	if s.server.ask == nil {
		s.send("end", []byte("404"))
		return
	}
	if !s.server.commands.Permissions().AllowsRequest(s.who, method, target) {
		s.send("out", []byte(`{"title":"Forbidden","status":403,"detail":"cli_permissions.conf does not permit this"}`+"\n"))
		s.send("end", []byte("403"))
		return
	}
	status, answer := s.server.ask(ctx, method, target, []byte(body))
	for chunk := range slices.Chunk(answer, chunkLimit) {
		s.send("out", chunk)
	}
	if status/100 == 2 {
		s.send("end", nil)
	} else {
		s.send("end", []byte(strconv.Itoa(status)))
	}
}

func (s *Session) watch(verbose int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sink == nil {
		s.sink = s.server.logger.Attach("remote console", s.server.logger.consoleLevels(), s.logLine)
	}
	s.sink.SetVerbose(verbose)
}

// logLine is called by the logger's goroutine and never waits.
func (s *Session) logLine(_ slog.Level, line []byte) {
	if s.mute.Load() {
		return
	}
	// The body of a log frame is shared by the consoles; the frame is not.
	f := appendFrame(make([]byte, 0, len(line)+16), "log", line)
	if s.lost > 0 {
		f = appendFrame(f, "log", fmt.Appendf(nil, "(%d lines not shown)\n", s.lost))
	}
	select {
	case s.out <- f:
		s.lost = 0
	default:
		s.lost++
	}
}

// send queues an answer, waiting for room as long as the console is there.
func (s *Session) send(kind string, body []byte) {
	select {
	case s.out <- appendFrame(nil, kind, body):
	case <-s.closed:
	}
}

// write sends frames until the session is over, and then what is still queued.
func (s *Session) write() {
	defer func() { _ = s.conn.Close() }()
	for {
		select {
		case f := <-s.out:
			_ = s.conn.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := s.conn.Write(f); err != nil {
				s.hangUp()
				return
			}
		case <-s.closed:
			_ = s.conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
			for {
				select {
				case f := <-s.out:
					if _, err := s.conn.Write(f); err != nil {
						return
					}
				default:
					return
				}
			}
		}
	}
}

// frames writes a command's answer as "out" frames.
type frames struct{ s *Session }

func (f frames) Write(p []byte) (int, error) {
	for chunk := range slices.Chunk(p, chunkLimit) {
		f.s.send("out", chunk)
	}
	return len(p), nil
}
