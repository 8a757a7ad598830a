package io

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epoll is the Poller of the system. Its own eventfd is among the descriptors.
type epoll struct {
	fd, event int
	// coarse is set where epoll_pwait2 is missing: times are rounded up to
	// milliseconds.
	coarse  bool
	timeout unix.Timespec
	events  [maxReady]unix.EpollEvent
	closed  atomic.Bool
}

func newEpoll() (*epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("io: epoll_create1: %w", err)
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("io: eventfd: %w", err)
	}
	p := &epoll{fd: fd, event: event}
	if err := p.Add(event, In); err != nil {
		_ = p.Close()
		return nil, fmt.Errorf("io: watch eventfd: %w", err)
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
	room := min(len(out)+1, len(p.events)) // one more for the eventfd
	n, errno := p.wait(timeout, room)
	if (errno == unix.ENOSYS || errno == unix.EPERM) && !p.coarse {
		// An old kernel, or a container whose filter does not know the call.
		p.coarse = true
		n, errno = p.wait(timeout, room)
	}
	if errno == unix.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, errno
	}
	k := 0
	for i := range p.events[:n] {
		e := &p.events[i]
		if int(e.Fd) == p.event {
			p.drain()
			continue
		}
		if k == len(out) {
			break // level triggered: it comes again
		}
		out[k] = Ready{FD: int(e.Fd), Events: fromEpoll(e.Events)}
		k++
	}
	return k, nil
}

// wait makes the system call. One that cannot block is made without telling the
// scheduler.
func (p *epoll) wait(timeout time.Duration, room int) (int, unix.Errno) {
	events := uintptr(unsafe.Pointer(&p.events[0]))
	switch {
	case timeout == 0:
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), events, uintptr(room), 0, 0, 0)
		return int(n), errno
	case p.coarse || timeout < 0:
		ms := uintptr(math.MaxUint) // -1: no limit
		if timeout > 0 {
			ms = uintptr(min((timeout+time.Millisecond-1)/time.Millisecond, math.MaxInt32))
		}
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), events, uintptr(room), ms, 0, 0)
		return int(n), errno
	default:
		p.timeout = unix.NsecToTimespec(int64(timeout))
		n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(p.fd), events, uintptr(room),
			uintptr(unsafe.Pointer(&p.timeout)), 0, 0)
		return int(n), errno
	}
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

func (p *epoll) drain() {
	var b [8]byte
	_, _, _ = unix.RawSyscall(unix.SYS_READ, uintptr(p.event), uintptr(unsafe.Pointer(&b)), uintptr(len(b)))
}

func (p *epoll) Wake() {
	one := uint64(1)
	_, _, _ = unix.RawSyscall(unix.SYS_WRITE, uintptr(p.event), uintptr(unsafe.Pointer(&one)), unsafe.Sizeof(one))
}

func (p *epoll) Close() error {
	if p.closed.Swap(true) {
		return ErrClosed
	}
	_ = unix.Close(p.event)
	return unix.Close(p.fd)
}
