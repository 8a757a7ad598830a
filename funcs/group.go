package funcs

import (
	"maps"
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
			Help: "Set(GROUP()=trunk) puts the channel into a group; it can be in one of each category.",
			Args: []decl.Arg{optional("category", "the category")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) { return groups(t.Channel())[a.Raw], nil },
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				m := maps.Clone(groups(t.Channel()))
				if m == nil {
					m = make(map[string]string)
				}
				group, category, ok := strings.Cut(v, "@")
				if !ok {
					category = a.Raw
				}
				m[category] = group
				if group == "" {
					delete(m, category)
				}
				t.Channel().SetData(groupKey{}, m)
				return nil
			},
		},
		{
			Name: "GROUP_COUNT", Synopsis: "How many channels are in a group", Args: []decl.Arg{named}, Raw: true,
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				group, category, _ := strings.Cut(a.Raw, "@")
				if group == "" {
					if group = groups(t.Channel())[category]; group == "" {
						return "0", nil
					}
				}
				return strconv.Itoa(countGroups(d, category, func(g string) bool { return strings.EqualFold(g, group) })), nil
			},
		},
		{
			Name: "GROUP_MATCH_COUNT", Synopsis: "How many channels are in groups that match", Raw: true,
			Args: []decl.Arg{arg("groupmatch@category", "a POSIX extended regular expression")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				expression, category, _ := strings.Cut(a.Raw, "@")
				re, err := d.Engine.Regexps().Compile(expression)
				if err != nil {
					return "", err
				}
				return strconv.Itoa(countGroups(d, category, re.MatchString)), nil
			},
		},
		{
			Name: "GROUP_LIST", Synopsis: "The groups of the channel",
			Read: func(t channel.Thread, _ *decl.Args) (string, error) {
				m := groups(t.Channel())
				var list []string
				for _, category := range slices.Sorted(maps.Keys(m)) {
					name := m[category]
					if category != "" {
						name += "@" + category
					}
					list = append(list, name)
				}
				return strings.Join(list, " "), nil
			},
		},
	}
}

type groupKey struct{}

// Groups are the groups of a channel by category. The map must not be changed.
func Groups(c *channel.Channel) map[string]string { return groups(c) }

// groups are the groups of a channel by category. The map is replaced, never
// changed: other channels count it.
func groups(c *channel.Channel) map[string]string {
	m, _ := c.Data(groupKey{}).(map[string]string)
	return m
}

func countGroups(d Deps, category string, match func(group string) bool) (n int) {
	for _, c := range d.Engine.Channels().Channels() {
		for cat, group := range groups(c) {
			if match(group) && (category == "" || strings.EqualFold(cat, category)) {
				n++
			}
		}
	}
	return n
}
