package channel

import (
	"errors"
	"strings"
)

// Database is AstDB: texts by family and key that outlive the exchange. The
// family is the first part of a path, the key the rest, which may have slashes of
// its own. Any goroutine may call its methods; Put, Delete and DeleteTree return
// when the change would survive a kill of the process, or with the error that
// prevents it.
type Database interface {
	// Get returns a value; it is tainted as a whole if it was when it was put.
	Get(family, key string) (Value, bool)
	Put(family, key string, v Value) error
	// Delete reports whether the entry was there.
	Delete(family, key string) (bool, error)
	// DeleteTree removes the entry family/key and everything below it, or the
	// whole family when key is "", and returns how many entries that were.
	DeleteTree(family, key string) (int, error)
	// Walk calls f for every entry at or below a path ("" is the root), in order of
	// the paths, until it returns false. A path begins with a slash.
	Walk(below string, f func(path, value string) bool)
}

// ErrNoKey is the error of an entry without a family or key.
var ErrNoKey = errors.New("an entry is family/key")

// SplitEntry divides family/key.
func SplitEntry(entry string) (family, key string, err error) {
	family, key, ok := strings.Cut(strings.TrimPrefix(entry, "/"), "/")
	if !ok || family == "" || key == "" {
		return "", "", ErrNoKey
	}
	return family, key, nil
}
