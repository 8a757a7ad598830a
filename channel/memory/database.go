// Package memory holds what the exchange keeps in a store, without one: for dry runs
// and tests. Any goroutine may use it.
package memory

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"pbx/channel"
)

// Database is a channel.Database in memory. Its zero value is empty.
type Database struct {
	mu      sync.Mutex
	entries map[string]channel.Value
}

// Get implements channel.Database.
func (d *Database) Get(family, key string) (channel.Value, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.entries["/"+family+"/"+key]
	return v, ok
}

// Put implements channel.Database.
func (d *Database) Put(family, key string, v channel.Value) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.entries == nil {
		d.entries = make(map[string]channel.Value)
	}
	d.entries["/"+family+"/"+key] = v
	return nil
}

// Delete implements channel.Database.
func (d *Database) Delete(family, key string) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.entries["/"+family+"/"+key]
	delete(d.entries, "/"+family+"/"+key)
	return ok, nil
}

// DeleteTree implements channel.Database.
func (d *Database) DeleteTree(family, key string) (n int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	below := strings.TrimSuffix("/"+family+"/"+key, "/")
	for p := range d.entries {
		if p == below || strings.HasPrefix(p, below+"/") {
			delete(d.entries, p)
			n++
		}
	}
	return n, nil
}

// Walk implements channel.Database.
func (d *Database) Walk(below string, f func(path, value string) bool) {
	d.mu.Lock()
	entries := maps.Clone(d.entries)
	d.mu.Unlock()
	below = strings.TrimSuffix(below, "/")
	for _, p := range slices.Sorted(maps.Keys(entries)) {
		if (p == below || strings.HasPrefix(p, below+"/")) && !f(p, entries[p].S) {
			return
		}
	}
}
