package sched

// less orders two slots by time and then by order of adding.
func (s *Scheduler) less(a, b int32) bool {
	p, q := &s.slots[a], &s.slots[b]
	return p.when < q.when || p.when == q.when && p.order < q.order
}

func (s *Scheduler) place(at int, i int32) {
	s.heap[at] = i
	s.slots[i].heap = int32(at)
}

// up moves the entry at a position towards the root as far as it belongs.
func (s *Scheduler) up(at int) {
	i := s.heap[at]
	for at > 0 {
		parent := (at - 1) / 2
		if !s.less(i, s.heap[parent]) {
			break
		}
		s.place(at, s.heap[parent])
		at = parent
	}
	s.place(at, i)
}

// down moves the entry at a position away from the root as far as it belongs.
func (s *Scheduler) down(at int) {
	i := s.heap[at]
	for {
		child := 2*at + 1
		if child >= len(s.heap) {
			break
		}
		if child+1 < len(s.heap) && s.less(s.heap[child+1], s.heap[child]) {
			child++
		}
		if !s.less(s.heap[child], i) {
			break
		}
		s.place(at, s.heap[child])
		at = child
	}
	s.place(at, i)
}

// remove takes the entry at a position out of the heap.
func (s *Scheduler) remove(at int) {
	last := len(s.heap) - 1
	i := s.heap[last]
	s.heap = s.heap[:last]
	if at == last {
		return
	}
	s.place(at, i)
	s.up(at)
	s.down(int(s.slots[i].heap))
}
