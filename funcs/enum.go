package funcs

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

const enumZone = "e164.arpa"

// address is what ENUM found for a number: the service that its record is of, and
// the URI.
type address struct{ service, uri string }

func enumFunctions(d Deps, id, n decl.Arg) []channel.Function {
	number := arg("number", "the number with its country code, a + before it or not; with the option s an ISN, NUMBER*DOMAIN")
	method := optional("method", "the service: sip, h323, tel …; ALL is each of them; sip by default")
	zone := optional("zone-suffix", "the zone, "+enumZone+" by default")
	return []channel.Function{
		{
			Name: "ENUMLOOKUP", Outside: true, Synopsis: "The address that the DNS has for a number", SeeAlso: []string{"ENUMQUERY", "TXTCIDNAME"},
			Help: "ENUM (RFC 6116). Options: c returns how many records there are, u keeps the scheme before the address, s takes an ISN. The address comes from the network.",
			Args: []decl.Arg{number, method, optional("options", "letters"), optional("record#", "which record, in the order of the DNS, from 1"), zone},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				method, options := cmp.Or(a.Arg(1), "sip"), a.Arg(2)
				list, err := enumAsk(t, d, a.Arg(0), method, a.Arg(4), strings.Contains(options, "s"))
				if err != nil {
					return "", err
				}
				if strings.Contains(options, "c") {
					a.Tainted = false
					return strconv.Itoa(len(list)), nil
				}
				a.Tainted = true
				i, err := strconv.Atoi(cmp.Or(strings.TrimSpace(a.Arg(3)), "1"))
				if err != nil || i < 1 {
					return "", fmt.Errorf("record '%s' is not a number from 1", a.Arg(3))
				}
				if i > len(list) {
					return "", nil
				}
				return list[i-1].text(method, strings.Contains(options, "u")), nil
			},
		},
		{
			Name: "ENUMQUERY", Outside: true, Synopsis: "Ask the DNS for the addresses of a number", SeeAlso: []string{"ENUMRESULT", "ENUMLOOKUP"},
			Help: "The result is an id for ENUMRESULT().",
			Args: []decl.Arg{number, method, zone},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				method := cmp.Or(a.Arg(1), "sip")
				list, err := enumAsk(t, d, a.Arg(0), method, a.Arg(2), false)
				if err != nil {
					return "", err
				}
				texts := make([]string, len(list))
				for i, x := range list {
					texts[i] = x.text(method, false)
				}
				a.Tainted = false
				return keep(t.Channel(), texts), nil
			},
		},
		{
			Name: "ENUMRESULT", Outside: true, Synopsis: "An address that ENUMQUERY() found", SeeAlso: []string{"ENUMQUERY"},
			Args: []decl.Arg{id, n},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				s, count, err := kept[string](t.Channel(), a.Arg(0), a.Arg(1))
				if err != nil || count >= 0 {
					return strconv.Itoa(count), err
				}
				a.Tainted = true
				return s, nil
			},
		},
	}
}

// text is the address as it is told for a method: without the scheme where that is
// the method.
func (x address) text(method string, whole bool) string {
	if _, rest, ok := strings.Cut(x.uri, ":"); ok && !whole && !strings.EqualFold(method, "ALL") {
		return rest
	}
	return x.uri
}

// enumDomain is the domain of a number: its digits from the last to the first
// (RFC 6116 3.2), and the number as its records take it. An ISN is a number before
// a star and the number of a domain behind it.
func enumDomain(number, zone string, isn bool) (domain, input string, err error) {
	local, rest, starred := strings.Cut(number, "*")
	if isn && !starred {
		return "", "", fmt.Errorf("'%s' is not an ISN, NUMBER*DOMAIN", number)
	}
	digits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
	}
	if !isn {
		local = number
	}
	local, rest = digits(local), digits(rest)
	if local == "" || isn && rest == "" {
		return "", "", errors.New("a number is required")
	}
	if len(local) > 32 {
		return "", "", fmt.Errorf("'%s' is too long for a number", number)
	}
	var b strings.Builder
	for i := len(local) - 1; i >= 0; i-- {
		b.WriteByte(local[i])
		b.WriteByte('.')
	}
	input = "+" + local
	if isn {
		b.WriteString(rest + ".")
		input = local + "*" + rest
	}
	return b.String() + cmp.Or(strings.Trim(zone, ". "), enumZone), input, nil
}

// enumAsk returns the addresses of a number for a method, in the order of the DNS.
func enumAsk(t channel.Thread, d Deps, number, method, zone string, isn bool) ([]address, error) {
	domain, input, err := enumDomain(number, zone, isn)
	if err != nil {
		return nil, err
	}
	rules, err := ask(t, d, domain, Names.NAPTR)
	if err != nil {
		return nil, err
	}
	rules = slices.Clone(rules) // the list is whoever's found it
	slices.SortStableFunc(rules, func(x, y NAPTR) int {
		return cmp.Or(int(x.Order)-int(y.Order), int(x.Preference)-int(y.Preference))
	})
	var list []address
	for _, r := range rules {
		service, ok := enumService(r.Services)
		if !ok || !strings.EqualFold(r.Flags, "u") || !strings.EqualFold(method, "ALL") && !strings.EqualFold(method, service) {
			continue
		}
		if uri, ok := rewrite(d, r.Expression, input); ok {
			list = append(list, address{service, uri})
		}
	}
	return list, nil
}

// enumService reads "E2U+sip", with its subtype left out; "sip+E2U" is how it was
// written first (RFC 2916).
func enumService(s string) (string, bool) {
	first, rest, _ := strings.Cut(s, "+")
	switch {
	case strings.EqualFold(first, "E2U"):
		rest, _, _ = strings.Cut(rest, "+")
		rest, _, _ = strings.Cut(rest, ":")
		return rest, rest != ""
	case strings.EqualFold(rest, "E2U"):
		return first, first != ""
	}
	return "", false
}

// rewrite applies a substitution, !expression!replacement!flags (RFC 3402 3.2).
func rewrite(d Deps, rule, input string) (string, bool) {
	if len(rule) < 3 {
		return "", false
	}
	parts := strings.Split(rule[1:], rule[:1])
	if len(parts) != 3 {
		return "", false
	}
	compile := d.Engine.Regexps().Compile
	if strings.Contains(parts[2], "i") {
		compile = d.Engine.Regexps().CompileFold
	}
	re, err := compile(parts[0])
	if err != nil {
		return "", false
	}
	m := re.FindStringSubmatch(input)
	if m == nil {
		return "", false
	}
	var b strings.Builder
	for i, to := 0, parts[1]; i < len(to); i++ {
		if to[i] != '\\' || i+1 == len(to) {
			b.WriteByte(to[i])
			continue
		}
		i++
		if n := int(to[i] - '0'); to[i] >= '1' && to[i] <= '9' {
			if n < len(m) {
				b.WriteString(m[n])
			}
			continue
		}
		b.WriteByte(to[i])
	}
	return b.String(), true
}
