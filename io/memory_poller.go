package io

import (
	"time"

	"golang.org/x/sys/unix"
)

// memoryPoller is the Poller of a Memory; the network's lock guards it.
type memoryPoller struct {
	net  *Memory
	wake chan struct{}
	next int // the descriptor to look at first, so that all get their turn
}

// NewPoller returns a poller for the sockets of this network.
func (m *Memory) NewPoller() (Poller, error) {
	return &memoryPoller{net: m, wake: make(chan struct{}, 1)}, nil
}

func (p *memoryPoller) socket(fd int) (*memorySocket, error) {
	if fd < 0 || fd >= len(p.net.fds) || p.net.fds[fd] == nil {
		return nil, unix.EBADF
	}
	return p.net.fds[fd], nil
}

func (p *memoryPoller) Add(fd int, ev Events) error {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	s, err := p.socket(fd)
	if err != nil {
		return err
	}
	s.poller, s.events = p, ev
	p.Wake()
	return nil
}

func (p *memoryPoller) Change(fd int, ev Events) error {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	s, err := p.socket(fd)
	if err != nil {
		return err
	}
	if s.poller != p {
		return unix.ENOENT
	}
	s.events = ev
	p.Wake()
	return nil
}

func (p *memoryPoller) Remove(fd int) error {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	if s, err := p.socket(fd); err == nil && s.poller == p {
		s.poller = nil
	}
	return nil
}

// collect fills out with the sockets that are ready, beginning after the last
// one that it reported before.
func (p *memoryPoller) collect(out []Ready) (n int) {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	fds := p.net.fds
	for i := range fds {
		fd := (p.next + i) % len(fds)
		s := fds[fd]
		if s == nil || s.poller != p {
			continue
		}
		ev := s.events & Out
		if len(s.queue) > 0 {
			ev |= s.events & In
		}
		if len(s.errors) > 0 {
			ev |= Err
		}
		if ev == 0 {
			continue
		}
		if n == len(out) {
			p.next = fd
			break
		}
		out[n] = Ready{FD: fd, Events: ev}
		n++
	}
	return n
}

func (p *memoryPoller) Wait(timeout time.Duration, out []Ready) (int, error) {
	if n := p.collect(out); n > 0 || timeout == 0 {
		return n, nil
	}
	var expired <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		expired = t.C
	}
	select {
	case <-p.wake:
	case <-expired:
	}
	return p.collect(out), nil
}

func (p *memoryPoller) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *memoryPoller) Close() error {
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	for _, s := range p.net.fds {
		if s != nil && s.poller == p {
			s.poller = nil
		}
	}
	return nil
}
