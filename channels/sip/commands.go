package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"pbx/decl"
)

// Commands declares the driver's console commands. Their answers have the
// field's layouts; what they print is put together on the loop and written by the
// caller's goroutine. No secret is ever shown.
func (d *Driver) Commands() []decl.Command {
	peer := []decl.Arg{{Name: "peer", Help: "a section of sip.conf"}}
	commands := []decl.Command{
		{
			Words: "sip show peers", Synopsis: "List defined SIP peers",
			Help: "Lists all peers by name, with where they are and whether they answer. With like, those whose names match a regular expression.",
			Args: []decl.Arg{{Name: "like pattern", Help: "a regular expression", Optional: true}}, Run: d.print(d.showPeers),
		},
		{
			Words: "sip show peer", Synopsis: "Show details on specific SIP peer", Help: "Shows every setting of one peer, where it is registered and what it said of itself.",
			Args: peer, Run: d.print(d.showPeer), Complete: d.completePeer,
		},
		{Words: "sip show users", Synopsis: "List defined SIP users", Help: "Lists the sections that callers are matched by name with: users and friends.", Run: d.print(d.showUsers)},
		{Words: "sip show user", Synopsis: "Show details on specific SIP user", Help: "Shows the settings of one user.", Args: peer, Run: d.print(d.showUser), Complete: d.completePeer},
		{
			Words: "sip show inuse", Synopsis: "List all inuse/limits", Help: "Shows the calls of each peer: in use, ringing and on hold. With all, also of peers that do not count theirs.",
			Args: []decl.Arg{{Name: "all", Optional: true}}, Run: d.print(d.showInUse),
			Complete: oneOf("all"),
		},
		{Words: "sip show channels", Synopsis: "List active SIP channels", Help: "Lists the calls that the driver knows, with their last message.", Run: d.print(d.showChannels)},
		{Words: "sip show channelstats", Synopsis: "List statistics for active SIP channels", Help: "Shows the packets that each call has received and sent, how many of them were lost, and the jitter in seconds.", Run: d.print(d.showChannelStats)},
		{Words: "sip show sched", Synopsis: "Present a report on the status of the scheduler queue", Help: "Tells how much the driver waits for, and for how long until the next of it.", Run: d.print(d.showSched)},
		{
			Words: "sip show channel", Synopsis: "Show detailed SIP channel info", Help: "Shows the details of the calls whose Call-ID begins with the text.",
			Args: []decl.Arg{{Name: "call-id", Help: "the beginning of a Call-ID"}}, Run: d.print(d.showChannel), Complete: d.completeCall,
		},
		{Words: "sip show subscriptions", Synopsis: "List active SIP subscriptions", Help: "Lists who watches which extension.", Run: d.print(d.showSubscriptions)},
		{
			Words: "sip show subscription", Synopsis: "Show detailed SIP subscription info", Help: "Shows the details of the subscriptions whose Call-ID begins with the text.",
			Args: []decl.Arg{{Name: "call-id", Help: "the beginning of a Call-ID"}}, Run: d.print(d.showSubscription), Complete: d.completeSubscription,
		},
		{Words: "sip show mwi", Synopsis: "Show MWI subscriptions", Help: "Lists the mailboxes at providers that mwi lines name.", Run: d.print(d.showMWI)},
		{
			Words: "sip notify", Synopsis: "Send a notify packet to a SIP peer", Help: "Sends one or more devices a NOTIFY that sip_notify.conf describes, such as check-sync.",
			Args: []decl.Arg{{Name: "type", Help: "a section of sip_notify.conf"}, {Name: "peer", Help: "a section of sip.conf", Repeat: true}}, Run: d.print(d.notifyCommand), Complete: d.completeNotify,
		},
		{Words: "sip show registry", Synopsis: "List SIP registration status", Help: "Lists the registrations of this exchange with other servers.", Run: d.print(d.showRegistry)},
		{Words: "sip show settings", Synopsis: "Show SIP global settings", Help: "Shows the settings of [general] as they are in force.", Run: d.print(d.showSettings)},
		{Words: "sip show domains", Synopsis: "List our local SIP domains", Help: "Lists the domains of the domain= lines.", Run: d.print(d.showDomains)},
		{Words: "sip show objects", Synopsis: "List all SIP object allocations", Help: "Counts what the driver keeps.", Run: d.print(d.showObjects)},
		{Words: "sip show tcp", Synopsis: "List TCP Connections", Help: "Lists the connections over TCP and TLS.", Run: d.print(d.showTCP)},
		{Words: "sip qualify peer", Synopsis: "Send an OPTIONS packet to a peer", Help: "Asks a peer now whether it is there.", Args: peer, Run: d.print(d.qualifyNow), Complete: d.completePeer},
		{
			Words: "sip unregister", Synopsis: "Unregister (force expiration) a SIP peer from the registry", Help: "Forgets where a peer is registered, until it registers again.",
			Args: peer, Run: d.print(d.unregister), Complete: d.completePeer,
		},
		{
			Words: "sip prune realtime", Synopsis: "Prune cached Realtime users/peers", Help: "Peers do not come from a database: there is nothing to prune.",
			Args: []decl.Arg{{Name: "peer|all", Optional: true, Repeat: true}}, Run: d.print(d.prune), Complete: d.completePeer,
		},
	}
	return slices.Concat(commands, d.contactCommands(), d.banCommands(), d.externalCommands(), d.blacklistCommands(), d.nameCommands(), d.tollCommands(), d.traceCommands(),
		d.historyCommands(), d.sendCommands())
}

// print runs f on the loop with a buffer and hands the caller what it wrote.
func (d *Driver) print(f func(w io.Writer, r *decl.Request) error) func(context.Context, *decl.Request) error {
	return func(_ context.Context, r *decl.Request) error {
		var buf bytes.Buffer
		var err error
		if e := d.Call(func() { err = f(&buf, r) }); e != nil {
			return e
		}
		if _, e := r.Out.Write(bytes.Map(shown, buf.Bytes())); e != nil {
			return e
		}
		return err
	}
}

// shown replaces what could steer the operator's terminal: some of what is printed
// came from the network.
func shown(r rune) rune {
	if r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) {
		return r
	}
	return '?'
}

// oneOf completes one of the words given as the only argument.
func oneOf(list ...string) func([]string, string) []string {
	return func(args []string, _ string) []string {
		if len(args) > 0 {
			return nil
		}
		return list
	}
}

// completePeer offers the names of peers.
func (d *Driver) completePeer(args []string, prefix string) []string {
	if len(args) > 0 {
		return nil
	}
	return d.complete(prefix, func(offer func(string)) {
		for _, p := range d.peers.list {
			offer(p.Name)
		}
	})
}

// completeCall offers Call-IDs.
func (d *Driver) completeCall(args []string, prefix string) []string {
	if len(args) > 0 {
		return nil
	}
	return d.complete(prefix, func(offer func(string)) {
		d.calls.each(func(p *pvt) { offer(p.callID) })
	})
}

func (d *Driver) complete(prefix string, each func(offer func(string))) []string {
	var words []string
	if err := d.Call(func() {
		each(func(w string) {
			if len(w) >= len(prefix) && strings.EqualFold(w[:len(prefix)], prefix) {
				words = append(words, w)
			}
		})
	}); err != nil {
		return nil
	}
	slices.Sort(words)
	return words
}

// sorted are the peers that keep says, by name.
func (d *Driver) sorted(keep func(*Peer) bool) []*Peer {
	var list []*Peer
	for _, p := range d.peers.list {
		if keep(p) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *Peer) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (d *Driver) qualifyNow(w io.Writer, r *decl.Request) error {
	p := d.peer(r.Arg(0))
	if p == nil || !p.Type.IsPeer() {
		fmt.Fprintf(w, "Peer '%s' not found\n", r.Arg(0))
		return nil
	}
	d.poke(p)
	return nil
}

func (d *Driver) unregister(w io.Writer, r *decl.Request) error {
	p := d.peer(r.Arg(0))
	switch {
	case p == nil:
		fmt.Fprintf(w, "Peer unknown: '%s'. Not unregistered.\n", r.Arg(0))
	case p.registered() == 0:
		fmt.Fprintf(w, "Peer %s not registered\n", p.Name)
	default:
		p.trim(d, 1)
		d.expire(p, p.contacts[0])
		fmt.Fprintf(w, "Unregistered peer '%s'\n\n", p.Name)
	}
	return nil
}

// prune answers as if peers came from a database and none did: [peer] NAME, [peer] all
// or [peer] like PATTERN.
func (d *Driver) prune(w io.Writer, r *decl.Request) error {
	args := r.Args
	if len(args) > 1 && strings.EqualFold(args[0], "peer") {
		args = args[1:]
	}
	switch {
	case len(args) == 1 && strings.EqualFold(args[0], "all"), len(args) == 2 && strings.EqualFold(args[0], "like"):
		fmt.Fprintln(w, "No peers found to prune.")
	case len(args) != 1 || strings.EqualFold(args[0], "peer") || strings.EqualFold(args[0], "like"):
		return errors.New("usage: sip prune realtime [peer [<name>|all|like <pattern>]|all]")
	case d.peer(args[0]) == nil:
		fmt.Fprintf(w, "Peer '%s' not found.\n", args[0])
	default:
		fmt.Fprintf(w, "Peer '%s' is not a Realtime peer, cannot be pruned.\n", args[0])
	}
	return nil
}

// The words of the field's lists.

func yesNo(b bool) string { return pick(b, "Yes", "No") }

func onOffText(b bool) string {
	return pick(b, "On", "Off")
}

func setText(s string) string { return pick(s != "", "<Set>", "<Not set>") }

func orNot(s string) string { return pick(s != "", s, "<Not set>") }

func pick(b bool, yes, no string) string {
	if b {
		return yes
	}
	return no
}

// autoText is how nat= is shown: Yes, No, or what the automatic forms came to.
func autoText(on, auto bool) string {
	if auto {
		return "Auto (" + yesNo(on) + ")"
	}
	return yesNo(on)
}

func seconds64(d time.Duration) int64 { return int64(d / time.Second) }
