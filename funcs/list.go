package funcs

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func listFunctions() []channel.Function {
	args := []decl.Arg{variable("the variable that holds the list"), optional("delimiter", "the character between items, the comma by default")}
	return []channel.Function{
		{
			Name: "ARRAY", Synopsis: "Set several variables at once",
			Help: "Set(ARRAY(a,b)=1,2) sets a to 1 and b to 2; variables without a value are emptied.",
			Args: []decl.Arg{{Name: "var", Help: "a variable", Repeat: true, Target: decl.VarName}},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				values := decl.Split(v, 0)
				for i, name := range a.Pos {
					s := ""
					if i < len(values) {
						s = values[i]
					}
					set(t, a, name, s)
				}
				return nil
			},
		},
		{Name: "SHIFT", Synopsis: "Take the first item off a list", Args: args, SeeAlso: []string{"POP", "UNSHIFT"}, Read: take(true)},
		{Name: "POP", Synopsis: "Take the last item off a list", Args: args, SeeAlso: []string{"SHIFT", "PUSH"}, Read: take(false)},
		{Name: "PUSH", Synopsis: "Put an item at the end of a list", Args: args, SeeAlso: []string{"POP"}, Write: put(false)},
		{Name: "UNSHIFT", Synopsis: "Put an item at the beginning of a list", Args: args, SeeAlso: []string{"SHIFT"}, Write: put(true)},
		{
			Name: "SORT", Synopsis: "Keys sorted by their values", Help: "SORT(a:3,b:1) is b,a. Seven digits of the values count; of equal ones the first comes first.",
			Args: []decl.Arg{{Name: "key:value", Help: "a key and its number", Repeat: true}}, Raw: true,
			Read: pieces(sortKeys),
		},
	}
}

func delimiter(a *decl.Args) byte {
	if a.Arg(1) == "" {
		return ','
	}
	c, _ := decodeByte(a.Arg(1))
	return c
}

var errNoVariable = errors.New("a variable name is required")

func take(first bool) readFunc {
	return pieces(func(t channel.Thread, a *decl.Args) (string, error) {
		name := a.Arg(0)
		if name == "" {
			return "", errNoVariable
		}
		v, delim := value(t, a, name), delimiter(a)
		at := strings.IndexByte(v, delim)
		if !first {
			at = strings.LastIndexByte(v, delim)
		}
		item, rest := v, ""
		switch {
		case v == "":
			return "", nil
		case at >= 0 && first:
			item, rest = v[:at], v[at+1:]
		case at >= 0:
			item, rest = v[at+1:], v[:at]
		}
		set(t, a, name, rest)
		return item, nil
	})
}

func put(first bool) func(channel.Thread, *decl.Args, string) error {
	return func(t channel.Thread, a *decl.Args, v string) error {
		name := a.Arg(0)
		if name == "" {
			return errNoVariable
		}
		bare, _ := channel.SplitInherit(name) // the list may begin to be inherited
		before, delim := value(t, a, bare), string([]byte{delimiter(a)})
		switch {
		case before == "":
		case first:
			v += delim + before
		default:
			v = before + delim + v
		}
		set(t, a, name, v)
		return nil
	}
}

func sortKeys(_ channel.Thread, a *decl.Args) (string, error) {
	type item struct {
		key   string
		value float32
	}
	var items []item
	for p := range strings.SplitSeq(a.Raw, ",") {
		key, number, ok := strings.Cut(p, ":")
		if !ok {
			continue
		}
		f, _ := leadingFloat(number)
		items = append(items, item{key, float32(f)})
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.value, b.value) })
	keys := make([]string, len(items))
	for i := range items {
		keys[i] = items[i].key
	}
	return strings.Join(keys, ","), nil
}
