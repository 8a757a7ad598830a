package sip

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/guard"
	"pbx/config"
	"pbx/config/acl"
	"pbx/decl"
	"pbx/event"
)

// The driver's side of package guard: what counts as a failure, who may not be
// banned, what the log and the operator hear.

// unansweredPerFailure is how many challenges without an answer weigh as much as a
// wrong answer: a phone may well ask once without proof, and again.
const unansweredPerFailure = 3

// guardRules are the ban_ options as the guard has them.
func (g *Settings) guardRules() guard.Rules {
	r := guard.Rules{Window: g.BanFindTime, Time: g.BanTime, MaxTime: g.BanMaxTime, Ignore: g.BanIgnore}
	if g.Ban {
		r.Failures, r.Unanswered = g.BanRetry, unansweredPerFailure*g.BanRetry
	}
	return r
}

// setBanIgnore adds networks to ban_ignoreip. What cannot be read spares nobody,
// and the others of its line all the same.
func setBanIgnore(r *reader, v config.Variable) error {
	var bad error
	for w := range strings.FieldsFuncSeq(v.Value, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' }) {
		p, err := acl.ParsePrefix(w)
		if err != nil {
			bad = err
			continue
		}
		r.g.BanIgnore = append(r.g.BanIgnore, p)
	}
	return bad
}

// resident reports whether a device of ours is at addr: a registered one, or one
// with a fixed host.
func (t *peerTable) resident(addr netip.Addr) bool { return t.residents[guard.Key(addr)] > 0 }

// failed counts a wrong answer to a challenge that was made for the address it
// came from.
func (d *Driver) failed(from source, name []byte) {
	addr := from.addr.Addr()
	if b := d.auth.guard.Failed(addr, name, d.now(), d.peers.resident(addr)); b != nil {
		d.banned(b, "wrong answers to challenges")
	}
}

// banned logs the beginning of a ban: one line that the filter of fail2ban reads,
// and one for people. A mute may be somebody else's doing, who forged the address,
// and so no filter hears of it.
func (d *Driver) banned(b *guard.Ban, why string) {
	if b.Kind == guard.Banned {
		d.notice(fmt.Sprintf("hacking attempt detected '%s'", b.Addr.Addr()))
	}
	d.verbose(2, fmt.Sprintf("SIP: %s is %v until %s: too many %s", banName(b), b.Kind, b.Until.Format(time.DateTime), why))
	if d.bus.Wants(event.Security) {
		// Without lines of its own: programs know no such event.
		d.bus.Publish(event.Event{Kind: event.Security, Time: d.now(), Name: "AddressBanned", Value: b.Kind.String(), Address: banName(b)})
	}
}

// banName is the address of a ban, or the network of an IPv6 one.
func banName(b *guard.Ban) string {
	if b.Addr.IsSingleIP() {
		return b.Addr.Addr().String()
	}
	return b.Addr.String()
}

// Lines of the log about refused requests: so many at once, then so many a second.
const (
	refusalBurst = 100
	refusalRate  = 10
	// refusalSilence is how often at most a line tells of those that were left out.
	refusalSilence = 10 * time.Second
)

// refusalLogged reports whether the log may have one more line about a refused
// request, and tells of those that it did not get.
func (d *Driver) refusalLogged() bool {
	a := &d.auth
	now := d.now()
	if !a.refusals.Take(now) {
		return false
	}
	if n := a.refusals.Dropped; n > 0 && now.Sub(a.confessed) >= refusalSilence {
		d.notice(fmt.Sprintf("SIP: %d refused requests were not logged", n))
		a.refusals.Dropped, a.confessed = 0, now
	}
	return true
}

// banCommands are the console commands about bans.
func (d *Driver) banCommands() []decl.Command {
	addr := decl.Arg{Name: "address", Help: "an IP address; of IPv6 its /64 is meant"}
	return []decl.Command{
		{
			Words: "sip show bans", Synopsis: "List the addresses that are banned or muted",
			Help: "Lists who is held off, why, until when, and how often it was so. What comes from a banned address is not read; a muted one, " +
				"which left challenges unanswered, gets hardly any more until it answers one rightly.",
			Run: d.print(d.showBans),
		},
		{
			Words: "sip ban", Synopsis: "Ban an address",
			Help: "Nothing that comes from the address is read any more, calls in progress included, until `sip unban`, or for so many seconds.",
			Args: []decl.Arg{addr, {Name: "seconds", Help: "how long; without it until it is taken back or the exchange ends", Optional: true}}, Run: d.print(d.banNow),
		},
		{
			Words: "sip unban", Synopsis: "End the ban of an address", Help: "Ends a ban or mute and forgets how many there were: the next is as short as the first.",
			Args: []decl.Arg{addr}, Run: d.print(d.unban), Complete: d.completeBan,
		},
	}
}

func (d *Driver) showBans(w io.Writer, _ *decl.Request) error {
	now := d.now()
	list := d.auth.guard.Bans(now)
	const format = "%-43s %-8s %-20s %-10s %s\n"
	fmt.Fprintf(w, format, "Address", "Kind", "Until", "Left", "Times")
	for i := range list {
		b := &list[i]
		until, left := "-", "-"
		if !b.Until.IsZero() {
			until, left = b.Until.Format(time.DateTime), b.Until.Sub(now).Round(time.Second).String()
		}
		fmt.Fprintf(w, format, banName(b), b.Kind, until, left, strconv.Itoa(b.Times))
	}
	fmt.Fprintf(w, "%d addresses are held off\n", len(list))
	return nil
}

// argAddr reads the address of a command.
func argAddr(r *decl.Request) (netip.Addr, error) {
	host, _, _ := strings.Cut(r.Arg(0), "/") // as `sip show bans` prints it
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return a, fmt.Errorf("%q is not an address", r.Arg(0))
	}
	return a.Unmap(), nil
}

func (d *Driver) banNow(w io.Writer, r *decl.Request) error {
	a, err := argAddr(r)
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(cmp.Or(r.Arg(1), "0"))
	if err != nil || seconds < 0 {
		return fmt.Errorf("%q is not a number of seconds", r.Arg(1))
	}
	if d.auth.guard.Ignored(a) {
		return fmt.Errorf("%v is in ban_ignoreip of sip.conf", a)
	}
	d.auth.guard.Ban(a, time.Duration(seconds)*time.Second, d.now())
	fmt.Fprintf(w, "Banned %v\n", a)
	if d.peers.resident(a) {
		fmt.Fprintln(w, "A device of ours is there: it is cut off, too.")
	}
	return nil
}

func (d *Driver) unban(w io.Writer, r *decl.Request) error {
	a, err := argAddr(r)
	if err != nil {
		return err
	}
	if !d.auth.guard.Unban(a) {
		return fmt.Errorf("%v is not banned", a)
	}
	fmt.Fprintf(w, "%v is not banned any more\n", a)
	return nil
}

// completeBan offers the addresses that are held off.
func (d *Driver) completeBan(args []string, prefix string) []string {
	if len(args) > 0 {
		return nil
	}
	return d.complete(prefix, func(offer func(string)) {
		for _, b := range d.auth.guard.Bans(d.now()) {
			offer(b.Addr.Addr().String())
		}
	})
}
