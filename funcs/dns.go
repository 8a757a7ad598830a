package funcs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/decl"
)

// Names asks the DNS. Its methods are called on dialplan threads and block until
// ctx ends at the latest; they return no records and no error where there are none.
type Names interface {
	NAPTR(ctx context.Context, name string) ([]NAPTR, error)
	SRV(ctx context.Context, name string) ([]SRV, error)
	TXT(ctx context.Context, name string) ([]string, error)
}

// NAPTR is a record that rewrites a text (RFC 3403 4.1).
type NAPTR struct {
	Order, Preference           uint16
	Flags, Services, Expression string
}

// SRV is a record that names a server (RFC 2782).
type SRV struct {
	Priority, Weight, Port uint16
	Target                 string
}

// namesPatience is how long a call waits for the DNS.
const namesPatience = 10 * time.Second

var errNoNames = errors.New("there is no DNS to ask")

// ask calls f with a context that ends with the call, or when its patience does.
func ask[R any](t channel.Thread, d Deps, name string, f func(Names, context.Context, string) ([]R, error)) ([]R, error) {
	if d.Names == nil {
		return nil, errNoNames
	}
	ctx, cancel := t.Channel().Context()
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, namesPatience)
	defer stop()
	return f(d.Names, ctx, strings.ToLower(strings.TrimSuffix(name, ".")))
}

// queries are the results that a channel keeps under a number.
type queries[R any] struct {
	last int
	by   map[string][]R
}

// keep adds results to those of the channel and returns their number.
func keep[R any](c *channel.Channel, results []R) string {
	q, _ := c.Data(queries[R]{}.key()).(*queries[R])
	if q == nil {
		q = &queries[R]{by: make(map[string][]R)}
		c.SetData(q.key(), q)
	}
	id := strconv.Itoa(q.last)
	q.last++
	q.by[id] = results
	return id
}

type queriesKey[R any] struct{}

func (queries[R]) key() any { return queriesKey[R]{} }

// kept returns result n of a query, or how many there are for "getnum".
func kept[R any](c *channel.Channel, id, n string) (r R, count int, err error) {
	q, _ := c.Data(queries[R]{}.key()).(*queries[R])
	var list []R
	ok := false
	if q != nil {
		list, ok = q.by[id]
	}
	if !ok {
		return r, 0, fmt.Errorf("there is no query %q", id)
	}
	if strings.EqualFold(strings.TrimSpace(n), "getnum") {
		return r, len(list), nil
	}
	i, err := strconv.Atoi(strings.TrimSpace(n))
	if err != nil || i < 1 || i > len(list) {
		return r, 0, fmt.Errorf("there is no result %q among %d", n, len(list))
	}
	return list[i-1], -1, nil
}

func dnsFunctions(d Deps) []channel.Function {
	id, n := arg("id", "what the query returned"), arg("resultnum", "which result, from 1; getnum: how many there are")
	return append(enumFunctions(d, id, n),
		channel.Function{
			Name: "SRVQUERY", Outside: true, Synopsis: "Ask the DNS for the servers of a service", SeeAlso: []string{"SRVRESULT"},
			Help: "The result is an id for SRVRESULT(). The servers are in the order of their priority, heavier ones first.",
			Args: []decl.Arg{arg("service", "such as _sip._udp.example.com")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				list, err := ask(t, d, a.Arg(0), Names.SRV)
				if err != nil {
					return "", err
				}
				list = slices.DeleteFunc(slices.Clone(list), func(s SRV) bool { return s.Target == "." }) // there is no such service
				slices.SortStableFunc(list, func(x, y SRV) int {
					if x.Priority != y.Priority {
						return int(x.Priority) - int(y.Priority)
					}
					return int(y.Weight) - int(x.Weight)
				})
				a.Tainted = false
				return keep(t.Channel(), list), nil
			},
		},
		channel.Function{
			Name: "SRVRESULT", Outside: true, Synopsis: "A server that SRVQUERY() found", SeeAlso: []string{"SRVQUERY"},
			Args: []decl.Arg{id, n, optional("field", "host, port, priority or weight; host by default")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				s, count, err := kept[SRV](t.Channel(), a.Arg(0), a.Arg(1))
				if err != nil || count >= 0 {
					return strconv.Itoa(count), err
				}
				a.Tainted = true
				switch strings.ToLower(a.Arg(2)) {
				case "", "host":
					return s.Target, nil
				case "port":
					return strconv.Itoa(int(s.Port)), nil
				case "priority":
					return strconv.Itoa(int(s.Priority)), nil
				case "weight":
					return strconv.Itoa(int(s.Weight)), nil
				}
				return "", fmt.Errorf("there is no field '%s'", a.Arg(2))
			},
		},
		channel.Function{
			Name: "TXTCIDNAME", Outside: true, Synopsis: "The name that the DNS has for a number", SeeAlso: []string{"ENUMLOOKUP"},
			Help: "The TXT record of the number's domain, as for ENUM.",
			Args: []decl.Arg{arg("number", "the number"), optional("zone-suffix", "the zone, e164.arpa by default")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				domain, _, err := enumDomain(a.Arg(0), a.Arg(1), false)
				if err != nil {
					return "", err
				}
				texts, err := ask(t, d, domain, Names.TXT)
				a.Tainted = true
				if err != nil || len(texts) == 0 {
					return "", err
				}
				return texts[0], nil
			},
		})
}
