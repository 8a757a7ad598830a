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
// Wake would cost a system call and a switch of threads. How long to wait is the
// business of a timer descriptor among those watched: a timer of the runtime's would
// wake the runtime's monitor thread as well (docs/adr/0006).
type epoll struct {
	file   *os.File // of the epoll descriptor
	conn   syscall.RawConn
	fd     int
	events [maxReady]unix.EpollEvent
	closed atomic.Bool
	woken  atomic.Bool
	moved  atomic.Bool // Wake set the deadline of file

	timer int
	armed time.Time // when timer goes off; zero when it does not

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
	timer, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("io: timer descriptor: %w", err)
	}
	p := &epoll{fd: fd, file: os.NewFile(uintptr(fd), "epoll"), timer: timer}
	p.look = func(uintptr) bool {
		p.found, p.errno = p.wait(p.room)
		return p.found != 0 || p.errno != 0
	}
	if p.conn, err = p.file.SyscallConn(); err == nil {
		err = p.file.SetReadDeadline(time.Time{}) // fails where the runtime cannot wait for it
	}
	if err == nil { // told once each time that it goes off: there is nothing to read then
		err = unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, timer, &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET, Fd: int32(timer)})
	}
	if err != nil {
		_ = p.file.Close()
		_ = unix.Close(timer)
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
	n := 0
	for i := range p.events[:p.found] {
		e := &p.events[i]
		if int(e.Fd) == p.timer {
			p.armed = time.Time{}
			continue
		}
		out[n] = Ready{FD: int(e.Fd), Events: fromEpoll(e.Events)}
		n++
	}
	return n, nil
}

// park looks, and waits in the runtime's poller until there is something to see,
// the time is over or Wake moved it to the past.
func (p *epoll) park(timeout time.Duration) error {
	p.found, p.errno = 0, 0
	if err := p.arm(timeout); err != nil {
		return err
	}
	if p.moved.Swap(false) {
		if err := p.file.SetReadDeadline(time.Time{}); err != nil {
			return p.gone(err)
		}
	}
	// A Wake before this set woken, one after it moves the deadline.
	if p.woken.Swap(false) {
		return nil
	}
	err := p.conn.Read(p.look)
	p.woken.Store(false)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		p.moved.Store(true) // a Wake may have moved it after the deadline was set back
		return nil
	default:
		return p.gone(err)
	}
}

// arm has the timer go off in timeout. A negative one leaves it alone: to go off early
// costs a turn of the loop and no more.
func (p *epoll) arm(timeout time.Duration) error {
	if timeout < 0 {
		return nil
	}
	end := time.Now().Add(timeout)
	if early := end.Sub(p.armed); early >= 0 && early < sameTime {
		return nil
	}
	p.armed = end
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(int64(timeout), 1))}
	_, _, errno := unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(p.timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	if errno != 0 {
		return p.gone(fmt.Errorf("io: timerfd_settime: %w", errno))
	}
	return nil
}

// sameTime is how far two calculations of the same instant lie apart, far less than
// what a Scheduler's functions may run early.
const sameTime = 100 * time.Microsecond

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
	p.moved.Store(true)
	_ = p.file.SetReadDeadline(past)
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

func (p *epoll) Close() error {
	if p.closed.Swap(true) {
		return ErrClosed
	}
	return errors.Join(p.file.Close(), unix.Close(p.timer))
}
