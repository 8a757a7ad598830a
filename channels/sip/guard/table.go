package guard

import "iter"

// table is a map of bounded size that forgets what was not used for longest. A
// pointer from get is good until the next get.
type table[K comparable, V any] struct {
	limit int
	// spare reports whether a value may not be forgotten yet; forget hears of one
	// that is. Both may be nil.
	spare  func(*V) bool
	forget func(*V)
	index  map[K]int32
	slots  []slot[K, V] // slot 0 is the head of the ring: next is the newest
}

type slot[K comparable, V any] struct {
	key        K
	value      V
	prev, next int32
}

func newTable[K comparable, V any](limit int) table[K, V] {
	return table[K, V]{limit: limit, index: make(map[K]int32), slots: make([]slot[K, V], 1)}
}

func (t *table[K, V]) len() int { return len(t.index) }

// peek finds a value without using it, nil without one.
func (t *table[K, V]) peek(k K) *V {
	i, ok := t.index[k]
	if !ok {
		return nil
	}
	return &t.slots[i].value
}

// get finds the value of k, or makes it in the place of the oldest.
func (t *table[K, V]) get(k K) *V {
	i, ok := t.index[k]
	switch {
	case ok:
		t.unlink(i)
	case len(t.index) < t.limit:
		i = int32(len(t.slots))
		t.slots = append(t.slots, slot[K, V]{key: k})
		t.index[k] = i
	default:
		i = t.oldest()
		if t.forget != nil {
			t.forget(&t.slots[i].value)
		}
		delete(t.index, t.slots[i].key)
		t.unlink(i)
		t.slots[i] = slot[K, V]{key: k}
		t.index[k] = i
	}
	t.link(i)
	return &t.slots[i].value
}

// spared is how many values that may not be forgotten are passed over in search of
// one that may.
const spared = 8

// oldest chooses the value to forget. Those that are spared become the newest, so
// that the next search does not meet them again.
func (t *table[K, V]) oldest() int32 {
	for range spared {
		i := t.slots[0].prev
		if t.spare == nil || !t.spare(&t.slots[i].value) {
			return i
		}
		t.unlink(i)
		t.link(i)
	}
	return t.slots[0].prev
}

// link makes slot i the newest.
func (t *table[K, V]) link(i int32) {
	s := &t.slots[i]
	s.prev, s.next = 0, t.slots[0].next
	t.slots[s.next].prev = i
	t.slots[0].next = i
}

func (t *table[K, V]) unlink(i int32) {
	s := &t.slots[i]
	t.slots[s.prev].next = s.next
	t.slots[s.next].prev = s.prev
}

// all goes through the values, the newest first.
func (t *table[K, V]) all() iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		for i := t.slots[0].next; i != 0; i = t.slots[i].next {
			if !yield(t.slots[i].key, &t.slots[i].value) {
				return
			}
		}
	}
}
