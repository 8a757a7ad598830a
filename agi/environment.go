package agi

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
)

// environment is what a program is told first: agi_… lines and an empty one.
func (a *AGI) environment(t channel.Thread, network []string, request string, enhanced bool, args []string) string {
	ch := t.Channel()
	s, place := ch.Snapshot(), t.Location()
	var b strings.Builder
	put := func(name, value string) { fmt.Fprintf(&b, "agi_%s: %s\n", name, clean(value)) }
	for i := 0; i+1 < len(network); i += 2 {
		put(network[i], network[i+1])
	}
	known := func(v string) string {
		if v == "" {
			return "unknown"
		}
		return v
	}
	put("request", request)
	put("channel", s.Name)
	put("language", s.Language)
	put("type", s.Tech)
	put("uniqueid", s.Uniqueid)
	put("version", a.deps.Version)
	put("callerid", known(s.Identity.Caller.Number))
	put("calleridname", known(s.Identity.Caller.Name))
	put("callingpres", strconv.Itoa(int(s.Identity.Caller.Presentation)))
	put("callingani2", "0")
	put("callington", "0")
	put("callingtns", "0")
	put("dnid", known(s.Identity.DNID))
	put("rdnis", known(s.Identity.RDNIS))
	put("context", place.Context)
	put("extension", place.Exten)
	put("priority", strconv.Itoa(place.Priority))
	put("enhanced", map[bool]string{false: "0.0", true: "1.0"}[enhanced])
	put("accountcode", s.Account)
	put("threadid", strconv.FormatUint(uint64(a.threads.Add(1)), 10))
	for i, arg := range args {
		put("arg_"+strconv.Itoa(i+1), arg)
	}
	b.WriteByte('\n')
	return b.String()
}
