package funcs

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

var errNoDatabase = errors.New("there is no database")

// AstDB is the office's own data, but what calls wrote into it may have come from
// the network: such a value is tainted when it is read, too.
func databaseFunctions(d Deps) []channel.Function {
	entry := []decl.Arg{arg("family/key", "the entry")}
	// with reads an entry's name before f works on it.
	with := func(f func(t channel.Thread, a *decl.Args, family, key string) (string, error)) readFunc {
		return func(t channel.Thread, a *decl.Args) (string, error) {
			if d.Database == nil {
				return "", errNoDatabase
			}
			family, key, err := channel.SplitEntry(a.Raw)
			if err != nil && !strings.HasSuffix(a.Raw, "/") { // a key that is empty is one that is not there
				return "", err
			}
			return f(t, a, family, key)
		}
	}
	return []channel.Function{
		{
			Name: "DB", Synopsis: "An entry of the database", Raw: true, Args: entry, SeeAlso: []string{"DB_DELETE", "DB_EXISTS", "DB_KEYS"},
			Help: "Entries outlive the exchange. Writing one sets it; one that is not there reads as nothing, and DB_RESULT is what was read last.",
			Read: with(func(t channel.Thread, a *decl.Args, family, key string) (string, error) {
				v, ok := d.Database.Get(family, key)
				if !ok {
					return "", nil
				}
				return found(t, a, v), nil
			}),
			Write: func(_ channel.Thread, a *decl.Args, v string) error {
				if d.Database == nil {
					return errNoDatabase
				}
				family, key, err := channel.SplitEntry(a.Raw)
				if err != nil {
					return err
				}
				return d.Database.Put(family, key, channel.Value{S: v, Taint: a.Taint})
			},
		},
		{
			Name: "DB_EXISTS", Synopsis: "1 when the database has an entry", Raw: true, Args: entry, SeeAlso: []string{"DB"},
			Help: "DB_RESULT is its value then.",
			Read: with(func(t channel.Thread, a *decl.Args, family, key string) (string, error) {
				v, ok := d.Database.Get(family, key)
				if ok {
					found(t, a, v)
				}
				a.Tainted = false
				return flag(ok), nil
			}),
		},
		{
			Name: "DB_DELETE", Synopsis: "Remove an entry of the database", Raw: true, Dangerous: true, Args: entry, SeeAlso: []string{"DB"},
			Help: "The result, and DB_RESULT, is the value that it had. Set(DB_DELETE(family/key)=) removes it too.",
			Read: with(func(t channel.Thread, a *decl.Args, family, key string) (string, error) {
				v, ok := d.Database.Get(family, key)
				var err error
				if ok {
					_, err = d.Database.Delete(family, key)
				}
				return found(t, a, v), err
			}),
			Write: func(_ channel.Thread, a *decl.Args, _ string) error {
				if d.Database == nil {
					return errNoDatabase
				}
				family, key, err := channel.SplitEntry(a.Raw)
				if err == nil {
					_, err = d.Database.Delete(family, key)
				}
				return err
			},
		},
		{
			Name: "DB_KEYS", Synopsis: "The names right below a place of the database", Raw: true, SeeAlso: []string{"DB", "DB_KEYCOUNT"},
			Help: "With commas between them; the families without an argument.",
			Args: []decl.Arg{optional("prefix", "a family, or family/key")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				if d.Database == nil {
					return "", errNoDatabase
				}
				a.Tainted = true
				return strings.Join(children(d.Database, a.Raw), ","), nil
			},
		},
		{
			Name: "DB_KEYCOUNT", Synopsis: "How many entries are below a place of the database", Raw: true, SeeAlso: []string{"DB_KEYS"},
			Args: []decl.Arg{optional("prefix", "a family, or family/key")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				if d.Database == nil {
					return "", errNoDatabase
				}
				a.Tainted = false
				n, below := 0, place(a.Raw)
				d.Database.Walk(below, func(path, _ string) bool {
					if path != below {
						n++
					}
					return true
				})
				return strconv.Itoa(n), nil
			},
		},
		{
			Name: "BLACKLIST", Synopsis: "1 when the caller's number is in the family blacklist of the database", SeeAlso: []string{"DB"},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				if d.Database == nil {
					return "", errNoDatabase
				}
				number := t.Channel().Identity().Caller.Number
				_, ok := d.Database.Get("blacklist", number)
				return flag(number != "" && ok), nil
			},
		},
		{
			Name: "DIALGROUP", Synopsis: "A list of devices that Dial rings", Args: []decl.Arg{arg("group", "any name"), optional("operation", "add or del; the whole list is written without one")},
			Help: "Read, it is the list with & between the devices. Set(DIALGROUP(sales,add)=SIP/101) puts a device into it, del takes one out. The lists are kept in the family dialgroup of the database.",
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				if d.Database == nil {
					return "", errNoDatabase
				}
				v, _ := d.Database.Get("dialgroup", a.Arg(0))
				return handOn(a, v)
			},
			Write: func(_ channel.Thread, a *decl.Args, v string) error {
				if d.Database == nil {
					return errNoDatabase
				}
				return writeDialGroup(d.Database, a.Arg(0), strings.ToLower(a.Arg(1)), channel.Value{S: v, Taint: a.Taint})
			},
		},
	}
}

// place is the path that a family, or family/key, stands for.
func place(prefix string) string {
	if prefix = strings.Trim(prefix, "/"); prefix == "" {
		return ""
	}
	return "/" + prefix
}

// children are the names right below a place, each once.
func children(db channel.Database, prefix string) (names []string) {
	below := place(prefix)
	db.Walk(below, func(path, _ string) bool {
		name, _, _ := strings.Cut(strings.TrimPrefix(path[len(below):], "/"), "/")
		if name != "" && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
		return true
	})
	return names
}

// found is what a read gives back, and DB_RESULT.
func found(t channel.Thread, a *decl.Args, v channel.Value) string {
	a.Mark(v.Taint)
	t.Channel().SetVar("DB_RESULT", v)
	return v.S
}

func writeDialGroup(db channel.Database, group, operation string, v channel.Value) error {
	if group == "" {
		return errNoName
	}
	old, _ := db.Get("dialgroup", group)
	var all decl.Args // of whose pieces the list is made
	all.Saw(v.S, v.Taint)
	amp := func(r rune) bool { return r == '&' }
	var members []string
	if operation != "" {
		members = strings.FieldsFunc(old.S, amp)
		all.Saw(old.S, old.Taint)
	}
	for _, m := range strings.FieldsFunc(v.S, amp) {
		at := slices.Index(members, m)
		switch {
		case operation == "del" && at >= 0:
			members = slices.Delete(members, at, at+1)
		case operation == "del":
		case operation != "" && operation != "add":
			return errors.New("the operation is add or del")
		case at < 0:
			members = append(members, m)
		}
	}
	if len(members) == 0 {
		_, err := db.Delete("dialgroup", group)
		return err
	}
	list := strings.Join(members, "&")
	return db.Put("dialgroup", group, channel.Value{S: list, Taint: all.Pieces(list)})
}
