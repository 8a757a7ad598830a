package resolve

import (
	"cmp"
	"slices"
)

// Weights returns a number of 0 to n-1, each as likely as the others.
type Weights func(n uint32) uint32

// Order sorts the records of one SRV answer into the order in which they are
// tried (RFC 2782): by priority, and by lot within one, a record's chance being
// its share of the weights.
func Order(list []Server, weights Weights) []Server {
	list = slices.Clone(list)
	// Those without weight come first, so that they have a small chance as well.
	slices.SortStableFunc(list, func(a, b Server) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(min(a.Weight, 1), min(b.Weight, 1)))
	})
	for i := range list {
		var sum uint32
		end := i
		for ; end < len(list) && list[end].Priority == list[i].Priority; end++ {
			sum += uint32(list[end].Weight)
		}
		if end-i < 2 {
			continue
		}
		lot := weights(sum + 1)
		var running uint32
		for j := i; j < end; j++ {
			running += uint32(list[j].Weight)
			if running >= lot {
				// The rest keeps its order: those without weight stay in front.
				won := list[j]
				copy(list[i+1:j+1], list[i:j])
				list[i] = won
				break
			}
		}
	}
	return list
}
