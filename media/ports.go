package media

import "sync"

// ports hands out the even ports of a range, each with the odd one above it.
type ports struct {
	mu    sync.Mutex
	first uint16
	taken []bool // by pair
	free  int
}

func newPorts(start, end int) *ports {
	start += start & 1
	n := max(0, (end-start+1)/2)
	return &ports{first: uint16(start), taken: make([]bool, n), free: n}
}

func (p *ports) size() int { return len(p.taken) }

// take returns the first free even port at or after a place that at chooses.
func (p *ports) take(at uint64) (port uint16, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.free == 0 {
		return 0, false
	}
	n := len(p.taken)
	for i := int(at % uint64(n)); ; i = (i + 1) % n {
		if !p.taken[i] {
			p.taken[i] = true
			p.free--
			return p.first + uint16(2*i), true
		}
	}
}

// put gives an even port back.
func (p *ports) put(port uint16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := int(port-p.first) / 2; p.taken[i] {
		p.taken[i] = false
		p.free++
	}
}

// inUse is how many pairs are taken.
func (p *ports) inUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.taken) - p.free
}
