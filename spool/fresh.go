package spool

import (
	"slices"
	"sort"
)

// fresh are the last entries of the queue as they were added, so that a backend that
// keeps up need not read them back from the file.
type fresh struct {
	from    int64 // where in the file the first one begins
	entries []Entry
	ends    []int64 // where in the file each ends
}

// add appends an entry that ends at end. Where nobody takes them they are forgotten.
func (f *fresh) add(e Entry, end int64) {
	f.entries, f.ends = append(f.entries, e), append(f.ends, end)
	if len(f.entries) > mostFresh {
		f.forget(end)
	}
}

// forget lets go of the entries before at.
func (f *fresh) forget(at int64) {
	n := sort.Search(len(f.ends), func(i int) bool { return f.ends[i] > at })
	f.entries, f.ends = slices.Delete(f.entries, 0, n), slices.Delete(f.ends, 0, n)
	f.from = max(f.from, at)
}

// next returns at most so many entries from at on that end before end, and where
// the last one ends; ok is false when they must be read from the file.
func (f *fresh) next(at, end int64, most int) (entries []Entry, last int64, ok bool) {
	if at < f.from {
		return nil, 0, false
	}
	i := sort.Search(len(f.ends), func(i int) bool { return f.ends[i] > at })
	j := sort.Search(len(f.ends), func(i int) bool { return f.ends[i] > end })
	if j = min(j, i+most); i == j {
		return nil, at, true
	}
	return slices.Clone(f.entries[i:j]), f.ends[j-1], true
}
