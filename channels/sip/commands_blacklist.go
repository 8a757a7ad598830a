package sip

import (
	"fmt"
	"io"
	"time"

	"pbx/decl"
)

// blacklistCommands are what the operator has for servers that failed.
func (d *Driver) blacklistCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "sip show blacklist", Synopsis: "List servers that are left alone for a while",
			Help: "Lists the servers that did not answer or said 503, with the seconds until they are tried again. Only servers that were found by a name are on it, and one is tried all the same when every other server of the name is there too.",
			Run:  d.print(d.showBlacklist),
		},
		{
			Words: "sip blacklist clear", Synopsis: "Try all servers again",
			Help: "Empties the list of `sip show blacklist`.", Run: d.print(d.clearBlacklist),
		},
	}
}

func (d *Driver) showBlacklist(w io.Writer, _ *decl.Request) error {
	const format = "%-5s %-47s %-30s %6v %s\n"
	fmt.Fprintf(w, format, "Proto", "Address", "Host", "Left", "Reason")
	list := d.blacklist.List(d.now())
	for _, f := range list {
		left := (f.Until.Sub(d.now()) + time.Second - 1) / time.Second
		fmt.Fprintf(w, format, f.Protocol, f.Addr, f.Host, int(left), f.Reason)
	}
	fmt.Fprintf(w, "%d servers on the blacklist.\n", len(list))
	return nil
}

func (d *Driver) clearBlacklist(w io.Writer, _ *decl.Request) error {
	n := d.blacklist.Clear(d.now())
	fmt.Fprintf(w, "%d servers taken off the blacklist.\n", n)
	return nil
}
