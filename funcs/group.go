package funcs

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func groupFunctions(d Deps) []channel.Function {
	named := optional("groupname@category", "the group, that of the channel by default")
	return []channel.Function{
		{
			Name: "GROUP", Synopsis: "The group of the channel", SeeAlso: []string{"GROUP_COUNT"},
			Help: "Set(GROUP()=trunk) puts the channel into a group; it can be in one of each category. Read without a category it is the first that was set.",
			Args: []decl.Arg{optional("category", "the category")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				g, _ := groups(t.Channel()).find(a.Raw)
				return handOn(a, channel.Value{S: g.name, Taint: g.taint})
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				name, category, found := strings.Cut(v, "@")
				switch {
				case !found:
					category = a.Raw
				case a.Raw != "": // a category with an @ in it
					category += "@" + a.Raw
				}
				if name == "" && category == "" {
					return errors.New("a group name is required")
				}
				list := slices.Clone(groups(t.Channel()))
				list = slices.DeleteFunc(list, func(g group) bool { return strings.EqualFold(g.category, category) })
				if name != "" {
					taint := channel.Value{S: v, Taint: a.Taint}.Slice(0, len(name)).Taint
					list = append(list, group{name, category, taint})
				}
				t.Channel().SetData(groupKey{}, list)
				return nil
			},
		},
		{
			Name: "GROUP_COUNT", Synopsis: "How many channels are in a group", Args: []decl.Arg{named}, Raw: true,
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				name, category, _ := strings.Cut(a.Raw, "@")
				if name == "" {
					g, ok := groups(t.Channel()).find(category)
					if !ok {
						return "0", nil
					}
					name, category = g.name, g.category
				}
				return strconv.Itoa(countGroups(d, func(g group) bool {
					return strings.EqualFold(g.name, name) && (category == "" || strings.EqualFold(g.category, category))
				})), nil
			},
		},
		{
			Name: "GROUP_MATCH_COUNT", Synopsis: "How many channels are in groups that match", Raw: true,
			Args: []decl.Arg{arg("groupmatch@category", "a POSIX extended regular expression, and one for the category")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				expression, category, _ := strings.Cut(a.Raw, "@")
				if expression == "" {
					return "", errors.New("an expression is required")
				}
				name, err := d.Engine.Regexps().Compile(expression)
				var of *regexp.Regexp
				if err == nil {
					of, err = d.Engine.Regexps().Compile(category)
				}
				if err != nil { // matches nothing
					t.Log().Error("GROUP_MATCH_COUNT(): " + err.Error())
					return "0", nil
				}
				return strconv.Itoa(countGroups(d, func(g group) bool {
					return name.MatchString(g.name) && (category == "" || g.category != "" && of.MatchString(g.category))
				})), nil
			},
		},
		{
			Name: "GROUP_LIST", Synopsis: "The groups of the channel",
			Read: pieces(func(t channel.Thread, a *decl.Args) (string, error) {
				var list []string
				for _, g := range groups(t.Channel()) {
					name := g.name
					a.Saw(name, g.taint)
					if g.category != "" {
						name += "@" + g.category
					}
					list = append(list, name)
				}
				return strings.Join(list, " "), nil
			}),
		},
	}
}

// group is one that a channel is in.
type group struct {
	name, category string
	taint          []decl.Span // of the name
}

type groupKey struct{}

// OfPhone implements channel.OfPhone: what has left the call is not counted any more.
func (groupKey) OfPhone() {}

// groupList are the groups of a channel as they were set, one of each category. It is
// replaced, never changed: other channels count it.
type groupList []group

// Groups are the groups of a channel by category.
func Groups(c *channel.Channel) map[string]string {
	m := make(map[string]string)
	for _, g := range groups(c) {
		m[g.category] = g.name
	}
	return m
}

func groups(c *channel.Channel) groupList {
	l, _ := c.Data(groupKey{}).(groupList)
	return l
}

// find is the group of a category, the first of all for "".
func (l groupList) find(category string) (g group, ok bool) {
	i := slices.IndexFunc(l, func(g group) bool { return category == "" || strings.EqualFold(g.category, category) })
	if i < 0 {
		return g, false
	}
	return l[i], true
}

func countGroups(d Deps, match func(group) bool) (n int) {
	for _, c := range d.Engine.Channels().Channels() {
		for _, g := range groups(c) {
			if match(g) {
				n++
			}
		}
	}
	return n
}
