package server

import (
	"pbx/channel"
	"pbx/store"
)

// astDB is AstDB as channels see it.
type astDB struct{ *store.Database }

// Get implements channel.Database.
func (d astDB) Get(family, key string) (channel.Value, bool) {
	s, taint, ok := d.Database.Get(family, key)
	if taint {
		return channel.Tainted(s), ok
	}
	return channel.Clean(s), ok
}

// Put implements channel.Database.
func (d astDB) Put(family, key string, v channel.Value) error {
	return d.Database.Put(family, key, v.S, len(v.Taint) > 0)
}
