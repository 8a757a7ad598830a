package io

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll is the Poller of the system. Looking is a raw epoll_wait that cannot
// block; to wait, the loop's goroutine parks in the Go runtime's own poller, in
// which the epoll descriptor is one among others. A thread that blocked in
// epoll_wait would keep its processor until the runtime takes it back, and every
// Wake would cost a system call and a switch of threads (docs/adr/0006).
type epoll struct {
	file   *os.File // of the epoll descriptor
	conn   syscall.RawConn
	fd     int
	events [maxReady]unix.EpollEvent
	closed atomic.Bool
	woken  atomic.Bool

	// What look found while the goroutine was in conn.Read, and where it looked.
	look  func(uintptr) bool
	room  int
	found int
	errno unix.Errno
}

func newEpoll() (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("io: epoll_create1: %w", err)
	}
	// os takes a descriptor into the runtime's poller only when it does not block.
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("io: epoll descriptor: %w", err)
	}
	p := &epoll{fd: fd, file: os.NewFile(uintptr(fd), "epoll")}
	p.look = func(uintptr) bool {
		p.found, p.errno = p.wait(p.room)
		return p.found != 0 || p.errno != 0
	}
	if p.conn, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // fails where the runtime cannot wait for it
	}
	if err != nil {
		_ = p.file.Close()
		return nil, fmt.Errorf("io: epoll descriptor: %w", err)
	}
	return p, nil
}

func (p *epoll) control(op, fd int, ev Events) error {
	e := unix.EpollEvent{Fd: int32(fd)}
	if ev&In != 0 {
		e.Events |= unix.EPOLLIN
	}
	if ev&Out != 0 {
		e.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(p.fd, op, fd, &e)
}

func (p *epoll) Add(fd int, ev Events) error {
	err := p.control(unix.EPOLL_CTL_ADD, fd, ev)
	if errors.Is(err, unix.EEXIST) {
		// A duplicate of a closed descriptor kept the old registration alive.
		err = p.control(unix.EPOLL_CTL_MOD, fd, ev)
	}
	return err
}

func (p *epoll) Change(fd int, ev Events) error {
	return p.control(unix.EPOLL_CTL_MOD, fd, ev)
}

func (p *epoll) Remove(fd int) error {
	err := p.control(unix.EPOLL_CTL_DEL, fd, 0)
	if errors.Is(err, unix.EBADF) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

func (p *epoll) Wait(timeout time.Duration, out []Ready) (int, error) {
	p.room = min(len(out), len(p.events))
	if timeout == 0 {
		p.found, p.errno = p.wait(p.room)
	} else if err := p.park(timeout); err != nil {
		return 0, err
	}
	if p.errno == unix.EINTR {
		return 0, nil
	}
	if p.errno != 0 {
		return 0, p.errno
	}
	for i := range p.events[:p.found] {
		e := &p.events[i]
		out[i] = Ready{FD: int(e.Fd), Events: fromEpoll(e.Events)}
	}
	return p.found, nil
}

// park looks, and waits in the runtime's poller until there is something to see,
// the time is over or Wake moved it to the past.
func (p *epoll) park(timeout time.Duration) error {
	var end time.Time
	if timeout > 0 {
		end = time.Now().Add(timeout)
	}
	p.found, p.errno = 0, 0
	if err := p.file.SetReadDeadline(end); err != nil {
		return p.gone(err)
	}
	// A Wake before this set woken, one after it moves the deadline just set.
	if p.woken.Swap(false) {
		return nil
	}
	err := p.conn.Read(p.look)
	p.woken.Store(false)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return p.gone(err)
	}
	return nil
}

// gone is the error of a poller that was closed while it waited.
func (p *epoll) gone(err error) error {
	if p.closed.Load() {
		return ErrClosed
	}
	return err
}

// wait makes the system call. It cannot block, and so is made without telling
// the scheduler.
func (p *epoll) wait(room int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(room), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func fromEpoll(e uint32) (ev Events) {
	if e&(unix.EPOLLIN|unix.EPOLLPRI|unix.EPOLLRDHUP) != 0 {
		ev |= In
	}
	if e&unix.EPOLLOUT != 0 {
		ev |= Out
	}
	if e&unix.EPOLLERR != 0 {
		ev |= Err
	}
	if e&unix.EPOLLHUP != 0 {
		ev |= Hup
	}
	return ev
}

func (p *epoll) Wake() {
	p.woken.Store(true)
	_ = p.file.SetReadDeadline(past)
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

func (p *epoll) Close() error {
	if p.closed.Swap(true) {
		return ErrClosed
	}
	return p.file.Close()
}
