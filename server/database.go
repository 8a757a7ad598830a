package server

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/event"
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

// Put implements channel.Database. Which part of a value came from the network is
// not kept, only that one did; digits have no power over what they are put into, so
// that SIP/ before a number that was dialled stays the office's own. A star and a
// hash mean something to the shell.
func (d astDB) Put(family, key string, v channel.Value) error {
	return d.Database.Put(family, key, v.S, slices.ContainsFunc(v.Taint, func(s decl.Span) bool {
		return strings.Trim(v.S[s.Start:s.End], "0123456789+") != ""
	}))
}

// registrations is where the ancestor keeps them, in lower case.
const registrations = "/sip/registry/"

// importAstDB takes the entries of an astdb.sqlite3, the ancestor's database, into d.
// What is there already stays as it is unless overwrite; kept says how many those
// are. Registrations stay behind: the phones renew theirs, and those of a file may be
// years old.
func importAstDB(d channel.Database, path string, overwrite bool) (taken, kept int, err error) {
	err = store.ReadAstDB(path, func(entry, value string) error {
		family, key, err := channel.SplitEntry(entry)
		if err != nil || strings.HasPrefix(strings.ToLower(entry), registrations) {
			return nil
		}
		if _, here := d.Get(family, key); here && !overwrite {
			kept++
			return nil
		}
		taken++
		v := channel.Tainted(value) // nobody knows any more whether a caller wrote it
		if dialString.MatchString(value) {
			v = channel.Clean(value)
		}
		return d.Put(family, key, v)
	})
	return taken, kept, err
}

// dialString are devices as plans keep them to be dialled, such as SIP/101 in
// DEVICE/101/dial: no plan stores what a caller said of himself in that form, and an
// office whose phones are found there could call none of them. Any word before the slash
// would let a&bin/sh pass, which is more than names of devices where it gets to a shell.
var dialString = regexp.MustCompile(`^` + dialDevice + `(&` + dialDevice + `)*$`)

const dialDevice = `(?i:SIP|PJSIP|Local|IAX2?|DAHDI|Zap|SCCP|Skinny|MGCP|H323|OOH323|mISDN|CAPI|Unistim|Console|Agent|Dongle|Khomp|Motif|Gtalk)/[A-Za-z0-9_.@+-]+(/[a-z]+)?`

// suggestImport tells of an Asterisk database that lies where the exchange keeps its
// own, which has nothing in it yet.
func (s *Server) suggestImport(c *configuration) {
	path := filepath.Join(c.dirs.DB, astDBFile)
	if _, err := os.Stat(path); err != nil {
		return
	}
	empty := true
	s.database.Walk("", func(string, string) bool { empty = false; return false })
	if empty {
		s.log.Log(context.Background(), event.LevelNotice, path+" holds what Asterisk kept; 'database import' takes it in")
	}
}

// astDBFile is the name of the ancestor's database.
const astDBFile = "astdb.sqlite3"
