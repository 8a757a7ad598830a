package store

import (
	"maps"
	"slices"
	"sync"
)

// state is what the file says, in memory.
type state struct {
	mu       sync.RWMutex
	families map[string]map[string][]byte
	live     int64 // bytes that the records of it take in a file
}

// apply makes a change, or those of a batch at once.
func (s *state) apply(r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.op != opBatch {
		s.change(r)
		return
	}
	all, _ := r.batch()
	for _, one := range all {
		s.change(one)
	}
}

// change makes one change; mu is held.
func (s *state) change(r record) {
	keys := s.families[r.family]
	if old, ok := keys[r.key]; ok {
		was := record{family: r.family, key: r.key, value: old}
		s.live -= int64(was.size())
	}
	if r.op == opDelete {
		delete(keys, r.key)
		return
	}
	if keys == nil {
		if s.families == nil {
			s.families = make(map[string]map[string][]byte)
		}
		keys = make(map[string][]byte)
		s.families[r.family] = keys
	}
	keys[r.key] = r.value
	s.live += int64(r.size())
}

// list returns the records of one family by key.
func (s *state) list(family string) []record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	keys := s.families[family]
	records := make([]record, 0, len(keys))
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		records = append(records, record{op: opPut, family: family, key: key, value: keys[key]})
	}
	return records
}

// append adds every record to b.
func (s *state) append(b []byte) []byte {
	s.mu.RLock()
	names := slices.Sorted(maps.Keys(s.families))
	s.mu.RUnlock()
	for _, family := range names {
		for _, r := range s.list(family) {
			b = r.append(b)
		}
	}
	return b
}
