package fifo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// stall is how long a request may pause before it is given up.
	stall = 2 * time.Second
	// patience is how long a request may take, and opening its reply pipe and writing to
	// it.
	patience      = 40 * time.Second
	replyPatience = 3 * time.Second
	// parallel is how many are carried out at a time.
	parallel = 16
)

// Server answers requests of a pipe.
type Server struct {
	settings Settings
	exchange Exchange
	log      *slog.Logger
	pipe     *os.File
	slots    chan struct{}
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// Listen makes the pipe and the directory of replies, and begins to answer. A pipe that
// an exchange left is replaced; anything else in its place is an error.
func Listen(set Settings, x Exchange, log *slog.Logger) (*Server, error) {
	s := &Server{settings: set, exchange: x, log: log, slots: make(chan struct{}, parallel)}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("fifo: %w", err)
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.running.Go(s.read)
	return s, nil
}

func (s *Server) open() error {
	set := &s.settings
	if err := os.MkdirAll(filepath.Dir(set.Path), 0o750); err != nil {
		return err
	}
	// Who may write requests may make the pipes for the answers.
	mode := os.FileMode(0o700)
	if set.Mode&0o020 != 0 {
		mode |= 0o070
	}
	if info, err := os.Lstat(set.Replies); err != nil {
		if err := os.MkdirAll(set.Replies, mode); err != nil {
			return err
		}
		if err := errors.Join(os.Chmod(set.Replies, mode), s.give(set.Replies)); err != nil {
			return err
		}
	} else if !info.IsDir() {
		return fmt.Errorf("%s is no directory", set.Replies)
	}
	if info, err := os.Lstat(set.Path); err == nil {
		if info.Mode()&os.ModeNamedPipe == 0 {
			return fmt.Errorf("%s is there and no pipe", set.Path)
		}
	}
	// Under another name until the permissions are right.
	fresh := fmt.Sprintf("%s.%d", set.Path, os.Getpid())
	_ = os.Remove(fresh)
	if err := unix.Mkfifo(fresh, 0o600); err != nil {
		return &os.PathError{Op: "mkfifo", Path: fresh, Err: err}
	}
	err := errors.Join(s.give(fresh), os.Chmod(fresh, set.Mode))
	if err == nil {
		err = os.Rename(fresh, set.Path)
	}
	if err != nil {
		_ = os.Remove(fresh)
		return err
	}
	// For reading and writing: there is always somebody who writes, and so no end of file.
	s.pipe, err = os.OpenFile(set.Path, os.O_RDWR|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	return err
}

func (s *Server) give(path string) error {
	if s.settings.Group < 0 {
		return nil
	}
	return os.Chown(path, -1, s.settings.Group)
}

// Close ends it and removes the pipe.
func (s *Server) Close() {
	s.cancel()
	_ = s.pipe.SetReadDeadline(time.Now())
	s.running.Wait()
	_ = s.pipe.Close()
	_ = os.Remove(s.settings.Path)
}

// read reads requests.
func (s *Server) read() {
	r := bufio.NewReaderSize(s.pipe, MaxLine+2)
	var p Parser
	long := false // the line is longer than the buffer
	for {
		_ = s.pipe.SetReadDeadline(time.Now().Add(stall))
		if s.ctx.Err() != nil { // Close may have set its deadline before
			return
		}
		line, err := r.ReadSlice('\n')
		switch {
		case err == nil && !long:
			s.take(p.Line(string(line[:len(line)-1])))
		case err == nil:
			long = false // its end
		case errors.Is(err, bufio.ErrBufferFull):
			if !long {
				s.take(p.Line(string(line))) // too long, which the parser says
			}
			long = true
		case errors.Is(err, os.ErrDeadlineExceeded):
			// What was read of a line, and is thrown away, is not of the next request.
			if len(line) > 0 && !p.Open() {
				s.log.Warn(fmt.Sprintf("fifo: %q is no request: its line does not end", line[:min(len(line), 80)]))
			}
			long = false
			s.take(p.Abandon("the request is not complete: an empty line ends one"))
		default:
			if s.ctx.Err() == nil && !errors.Is(err, io.EOF) {
				s.log.Error(fmt.Sprintf("fifo: %v", err))
			}
			return
		}
	}
}

// take has a request carried out.
func (s *Server) take(r *Request) {
	if r == nil {
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		// Still one goroutine each, which is over in no time.
		s.running.Go(func() { s.answer(r, "503 too many requests\n") })
		return
	}
	s.running.Go(func() {
		defer func() { <-s.slots }()
		ctx, cancel := context.WithTimeout(s.ctx, patience)
		defer cancel()
		s.answer(r, Run(ctx, s.exchange, r, s.settings.Commands))
	})
}

// answer writes an answer into the pipe that a request names.
func (s *Server) answer(r *Request, text string) {
	if r.Reply == "" {
		return
	}
	if err := s.reply(r.Reply, text); err != nil && s.ctx.Err() == nil {
		s.log.Warn(fmt.Sprintf("fifo: no answer to %s: %v", r.Command, err))
	}
}

// reply opens a pipe below the directory of replies and writes to it. The directory is
// held while the name is looked up, links are not followed, and what is no pipe is not
// written to: whoever names something else names nothing.
func (s *Server) reply(name, text string) error {
	dir, err := unix.Open(s.settings.Replies, unix.O_DIRECTORY|unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: s.settings.Replies, Err: err}
	}
	defer func() { _ = unix.Close(dir) }()
	var st unix.Stat_t
	if err := unix.Fstatat(dir, name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &os.PathError{Op: "stat", Path: name, Err: err}
	}
	if st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return fmt.Errorf("%s is no pipe", name) // it may be a device: not even opened
	}
	end := time.Now().Add(replyPatience)
	fd := -1
	for fd < 0 {
		// Who wants the answer may not have opened his end yet.
		fd, err = unix.Openat(dir, name, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		switch {
		case err == nil:
		case errors.Is(err, unix.ENXIO) && time.Now().Before(end) && s.ctx.Err() == nil:
			time.Sleep(20 * time.Millisecond)
		default:
			return &os.PathError{Op: "open", Path: name, Err: err}
		}
	}
	f := os.NewFile(uintptr(fd), name)
	defer func() { _ = f.Close() }()
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		return fmt.Errorf("%s is no pipe", name)
	}
	_ = f.SetWriteDeadline(time.Now().Add(replyPatience))
	_, err = io.WriteString(f, text)
	return err
}
