package console

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxSessions is how many consoles may be connected at once.
const maxSessions = 100

// ErrRunning says that another exchange answers on the socket.
var ErrRunning = errors.New("an exchange is already running here")

// Server answers consoles on a unix socket.
type Server struct {
	commands *Commands
	ask      Asker
	logger   *Logger
	log      *slog.Logger
	path     string
	listener net.Listener

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	sessions map[*Session]struct{}
}

// Asker answers a request of the JSON interface for the operator.
type Asker func(ctx context.Context, method, target string, body []byte) (status int, answer []byte)

// Listen opens the socket at path with the permissions mode (0600 unless the
// office says otherwise) and begins to answer. A socket that a dead exchange left
// is replaced; a living one is ErrRunning. ask may be nil.
func Listen(path string, mode os.FileMode, commands *Commands, ask Asker, logger *Logger) (*Server, error) {
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		_ = c.Close()
		return nil, fmt.Errorf("console socket %s: %w", path, ErrRunning)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("console socket: %w", err)
	}
	// Nobody may connect before the permissions are right: the socket is made
	// under another name and moved to its place, over what a dead exchange left.
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	_ = os.Remove(fresh)
	l, err := net.Listen("unix", fresh)
	if err != nil {
		return nil, fmt.Errorf("console socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	err = os.Chmod(fresh, mode)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		_ = l.Close()
		_ = os.Remove(fresh)
		return nil, fmt.Errorf("console socket %s: %w", path, err)
	}
	s := &Server{
		commands: commands, ask: ask, logger: logger, log: slog.New(logger.Handler()), path: path, listener: l,
		sessions: make(map[*Session]struct{}),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.wg.Add(1)
	go s.accept()
	return s, nil
}

// Path is where the socket is.
func (s *Server) Path() string { return s.path }

// Close ends every session and removes the socket.
func (s *Server) Close() {
	s.cancel()
	_ = os.Remove(s.path)
	_ = s.listener.Close()
	s.mu.Lock()
	for c := range s.sessions {
		c.hangUp()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *Server) accept() {
	defer s.wg.Done()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if s.ctx.Err() != nil {
				return
			}
			// Out of descriptors, most likely: they come back.
			s.log.Warn("console connection not accepted", "error", err)
			select {
			case <-time.After(time.Second):
			case <-s.ctx.Done():
				return
			}
			continue
		}
		c := newSession(s, conn)
		s.mu.Lock()
		full := len(s.sessions) >= maxSessions
		if !full {
			s.sessions[c] = struct{}{}
		}
		s.mu.Unlock()
		if full {
			_ = conn.Close()
			continue
		}
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			c.serve(s.ctx)
			s.mu.Lock()
			delete(s.sessions, c)
			s.mu.Unlock()
		}()
	}
}
