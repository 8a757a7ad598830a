package funcs

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// A hash is a set of channel variables ~HASH~name~key~.
const hashFields = "~ODBCFIELDS~"

func hashFunctions() []channel.Function {
	name := arg("hashname", "the hash; underscores before it say how far it is inherited")
	return []channel.Function{
		{
			Name: "HASH", Synopsis: "A value of a hash", SeeAlso: []string{"HASHKEYS"},
			Help: "Set(HASH(phone,name)=Ann) and ${HASH(phone,name)}. Without a key all values are read, in the order of HASHKEYS.",
			Args: []decl.Arg{name, optional("hashkey", "the key")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				if len(a.Pos) >= 2 {
					return handOn(a, t.Get(hashVariable(a.Arg(0), a.Arg(1))))
				}
				keys := hashKeys(t.Channel(), a.Arg(0))
				t.Channel().SetVar(hashFields, channel.Clean(strings.Join(keys, ",")))
				values := make([]string, len(keys))
				for i, k := range keys {
					values[i] = value(t, a, hashVariable(a.Arg(0), k))
				}
				all := strings.Join(values, ",")
				a.MarkPieces(all)
				return all, nil
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				if len(a.Pos) >= 2 {
					setKey(t, a, a.Arg(1), v)
					return nil
				}
				// A row of a query: its columns are the keys.
				columns, ok := t.Channel().Var(hashFields)
				if !ok {
					return nil
				}
				values := decl.Split(v, 0)
				for i, k := range decl.Split(columns.S, 0) {
					s := ""
					if i < len(values) {
						s = values[i]
					}
					setKey(t, a, k, s)
				}
				return nil
			},
		},
		{
			Name: "HASHKEYS", Synopsis: "The keys of a hash", Help: "The one set last comes first.", SeeAlso: []string{"HASH"},
			Args: []decl.Arg{name},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				return strings.Join(hashKeys(t.Channel(), a.Raw), ","), nil
			},
		},
	}
}

// setKey sets a key, which is the newest one then.
func setKey(t channel.Thread, a *decl.Args, key, v string) {
	name := hashVariable(a.Arg(0), key)
	bare, _ := channel.SplitInherit(name)
	t.Channel().UnsetVar(bare)
	set(t, a, name, v)
}

func hashVariable(name, key string) string {
	bare, _ := channel.SplitInherit(name)
	return name[:len(name)-len(bare)] + "~HASH~" + bare + "~" + key + "~"
}

// hashKeys lists the keys, newest first.
func hashKeys(c *channel.Channel, name string) []string {
	prefix := "~HASH~" + name + "~"
	vars := c.Variables()
	var keys []string
	for i := len(vars) - 1; i >= 0; i-- {
		n := vars[i].Name
		if key, ok := strings.CutPrefix(n, prefix); ok && len(key) > 1 && strings.HasSuffix(key, "~") {
			keys = append(keys, key[:len(key)-1])
		}
	}
	return keys
}
