package dialplan

import (
	"slices"
	"sync"

	"pbx/channel"
)

// globals are the global variables. The zero value is ready.
type globals struct {
	mu  sync.RWMutex
	m   map[string]globalValue
	seq uint64
}

type globalValue struct {
	value channel.Value
	seq   uint64 // grows with every setting
}

func (g *globals) get(name string) (channel.Value, bool) {
	g.mu.RLock()
	v, ok := g.m[name]
	g.mu.RUnlock()
	return v.value, ok
}

// set sets a variable. Underscores that say how one of a channel is inherited are no
// part of its name here either.
func (g *globals) set(name string, value channel.Value) {
	name, _ = channel.SplitInherit(name)
	g.mu.Lock()
	if g.m == nil {
		g.m = make(map[string]globalValue)
	}
	g.seq++
	g.m[name] = globalValue{value, g.seq}
	g.mu.Unlock()
}

func (g *globals) delete(name string) {
	g.mu.Lock()
	delete(g.m, name)
	g.mu.Unlock()
}

func (g *globals) clear() {
	g.mu.Lock()
	clear(g.m)
	g.mu.Unlock()
}

// list returns them, the one set last first.
func (g *globals) list() []Global {
	g.mu.RLock()
	defer g.mu.RUnlock()
	names := make([]string, 0, len(g.m))
	for n := range g.m {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int { return int(int64(g.m[b].seq) - int64(g.m[a].seq)) })
	out := make([]Global, len(names))
	for i, n := range names {
		out[i] = Global{Name: n, Value: g.m[n].value.S}
	}
	return out
}
