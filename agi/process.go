package agi

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"pbx/dialplan"
	"pbx/dialplan/program"
	"pbx/media"
)

// exitTime is how long a script that ended the conversation may take to exit: one
// that takes longer has gone on without the call, and its status is not asked for.
const exitTime = time.Second

// lastWords is how long what a script said to its standard error is waited for when
// the conversation is over.
const lastWords = 100 * time.Millisecond

// script is a program to be started.
type script struct {
	name  string // a path, or a name in the AGI directory
	args  []string
	hears bool // what the caller says is on its descriptor 3
	// complain takes the lines of its standard error, on a goroutine; nil sends them
	// where the exchange's go.
	complain func(line string)
}

// process is a script that runs. The exchange writes to its standard input and
// reads from its standard output.
type process struct {
	cmd          *exec.Cmd
	in, out, err *os.File
	exited       chan struct{} // closed when the script was waited for
	told         chan struct{} // closed when its complaints are over, nil without any
	audio        *audio        // what EAGI hears, nil for none
}

// launch starts a script for the call of a thread.
func (a *AGI) launch(t *dialplan.Thread, s script) (*process, status) {
	d, log := &a.deps, t.Log()
	path := s.name
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.Directory, path)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		log.Warn("Failed to execute '" + path + "': File does not exist.")
		return nil, notFound
	}
	release, err := d.Programs.Take()
	if err != nil {
		log.Error("AGI " + s.name + ": " + err.Error())
		return nil, failure
	}
	p, err := a.start(t, path, s, release)
	if err != nil {
		release()
		var reason syscall.Errno
		text := err.Error()
		if errors.As(err, &reason) {
			text = reason.Error()
		}
		log.Warn(s.name + ": Failed to execute '" + path + "': " + text)
		return nil, failure
	}
	return p, ""
}

func (a *AGI) start(t *dialplan.Thread, path string, s script, release func()) (_ *process, err error) {
	p := &process{exited: make(chan struct{})}
	cmd := exec.Command(path, s.args...)
	cmd.Env = append(append(cmd.Environ(), a.deps.Environ...), program.Environ(t)...)
	cmd.Stderr = a.deps.Stderr
	// A group of its own, so that what it started goes with it when it is killed.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd = cmd
	var theirs []*os.File
	defer func() {
		for _, f := range theirs {
			_ = f.Close()
		}
		if err != nil {
			_ = p.Close()
		}
	}()
	pipe := func(ours **os.File, reads bool) (*os.File, error) {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		if reads {
			r, w = w, r
		}
		*ours = w
		theirs = append(theirs, r)
		return r, nil
	}
	stdin, err := pipe(&p.in, false)
	if err != nil {
		return nil, err
	}
	stdout, err := pipe(&p.out, true)
	if err != nil {
		return nil, err
	}
	cmd.Stdin, cmd.Stdout = stdin, stdout
	if s.complain != nil {
		stderr, err := pipe(&p.err, true)
		if err != nil {
			return nil, err
		}
		cmd.Stderr = stderr
	}
	var hears *os.File
	if s.hears {
		fd, err := pipe(&hears, false)
		if err != nil {
			return nil, err
		}
		p.audio = newAudio(hears)
		cmd.ExtraFiles = []*os.File{fd}
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if p.audio != nil {
		p.audio.start(t.Channel().Media())
	}
	if s.complain != nil {
		p.told = make(chan struct{})
		go p.complaints(s.complain)
	}
	go func() {
		_ = cmd.Wait() // its status is in ProcessState
		close(p.exited)
		release()
	}()
	return p, nil
}

func (p *process) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *process) Write(b []byte) (int, error) { return p.in.Write(b) }

func (p *process) SetWriteDeadline(t time.Time) error { return p.in.SetWriteDeadline(t) }

func (p *process) hangup() { _ = p.cmd.Process.Signal(syscall.SIGHUP) }

// kill ends the script and what it started.
func (p *process) kill() {
	select {
	case <-p.exited: // its number may be another's by now
	default:
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	}
	_ = p.out.Close()
}

func (p *process) Close() error {
	if p.audio != nil {
		p.audio.close()
	}
	for _, f := range []*os.File{p.in, p.out} {
		if f != nil {
			_ = f.Close()
		}
	}
	if p.err != nil {
		if p.told != nil { // what it said last
			_ = p.err.SetReadDeadline(time.Now().Add(lastWords))
			<-p.told
		}
		_ = p.err.Close()
	}
	return nil
}

// complaints hands on the lines of the script's standard error.
func (p *process) complaints(complain func(string)) {
	defer close(p.told)
	r := bufio.NewReaderSize(p.err, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		if len(line) > 0 {
			complain(strings.TrimRight(string(line), "\r\n"))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

// status is the exit status of a script that has ended the conversation, 0 for one
// that goes on and for a server.
func (s *session) status() int {
	p, ok := s.wire.(*process)
	if !ok {
		return 0
	}
	// One that still reads or writes sees the end.
	_, _ = p.in.Close(), p.out.Close()
	t := time.NewTimer(exitTime)
	defer t.Stop()
	select {
	case <-p.exited:
		s.exit, s.exited = p.cmd.ProcessState.ExitCode(), true
		if w, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && w.Signaled() {
			s.exit = 128 + int(w.Signal())
		}
		return s.exit
	case <-t.C:
		return 0
	}
}

// audio hands what the caller says to a script's descriptor 3, as 16-bit samples
// of 8 kHz in the machine's order of bytes. What the script does not read in time
// is lost.
type audio struct {
	to      *os.File
	capture *media.Capture
	from    *media.Session
	done    chan struct{}
}

func newAudio(to *os.File) *audio { return &audio{to: to, done: make(chan struct{})} }

func (a *audio) start(from *media.Session) {
	if from == nil {
		return
	}
	a.from, a.capture = from, media.NewCapture(true)
	from.SetTap(a.capture)
	go func() {
		defer close(a.done)
		var block [1024]byte // less than PIPE_BUF: it goes whole or not at all
		for {
			n, err := a.capture.Read(block[:])
			if err != nil {
				return
			}
			_ = a.to.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
			if _, err := a.to.Write(block[:n]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
				return // the script has closed it
			}
		}
	}()
}

func (a *audio) close() {
	if a.capture != nil {
		a.from.RemoveTap(a.capture)
		a.capture.Close()
		<-a.done
		a.capture = nil
	}
	_ = a.to.Close()
}
