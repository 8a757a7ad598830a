package sip

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"pbx/channels/sip/presence"
	"pbx/decl"
)

func (d *Driver) showSubscriptions(w io.Writer, _ *decl.Request) error {
	const format = "%-15.15s  %-15.15s  %-15.15s  %-15.15s  %-13.13s  %-15.15s %-10.10s "
	fmt.Fprintf(w, format+"%s\n", "Peer", "User", "Call ID", "Extension", "Last state", "Type", "Mailbox", "Expiry")
	n := 0
	for _, s := range d.sortedSubscriptions() {
		n++
		exten, state := "--", "<none>"
		if s.format.Hinted() {
			exten, state = s.exten+"@"+s.context, s.stateText()
		}
		fmt.Fprintf(w, format+"%06d\n", s.route.Remote.Addr(), s.userText(), s.callID, exten, state, s.format, s.mailboxText(), s.secondsLeft())
	}
	fmt.Fprintf(w, "%d active SIP subscription%s\n", n, pick(n == 1, "", "s"))
	return nil
}

func (d *Driver) sortedSubscriptions() (list []*subscription) {
	d.subs.each(func(s *subscription) { list = append(list, s) })
	slices.SortFunc(list, func(a, b *subscription) int {
		return cmp.Or(strings.Compare(a.exten, b.exten), strings.Compare(a.callID, b.callID), strings.Compare(a.localTag, b.localTag))
	})
	return list
}

// userText is who watches: the name that was proven, or the number of the caller.
func (s *subscription) userText() string {
	if s.peer == nil || s.peer.hasSecret() {
		return orText(s.user, s.peerName())
	}
	return cmp.Or(s.peer.CallerID.Number, s.user, s.peer.Name)
}

func (s *subscription) stateText() string {
	if !s.hint.known {
		return "<none>"
	}
	return s.hint.status.State.String()
}

func (s *subscription) mailboxText() string {
	if s.format != presence.Summary {
		return "<none>"
	}
	return strings.Join(s.peer.Mailboxes, ",")
}

func (s *subscription) secondsLeft() int64 {
	return int64(max(s.expires.Sub(s.d.now())+time.Second-1, 0) / time.Second)
}

func (d *Driver) showSubscription(w io.Writer, r *decl.Request) error {
	found := false
	for _, s := range d.sortedSubscriptions() {
		if !strings.HasPrefix(strings.ToLower(s.callID), strings.ToLower(r.Arg(0))) {
			continue
		}
		found = true
		row := func(name, value string) { fmt.Fprintf(w, "  %-22s  %s\n", name, value) }
		fmt.Fprintf(w, "\n  * SIP Subscription\n")
		row("Call-ID:", s.callID)
		row("Peername:", orText(s.peerName(), "<guest>"))
		row("Event:", s.format.Event())
		row("Type:", s.format.MIME())
		if s.format.Hinted() {
			row("Extension:", s.exten+"@"+s.context)
			row("Last state:", s.stateText())
		}
		if s.format == presence.Summary {
			row("Mailbox:", s.mailboxText())
		}
		row("Theoretical Address:", s.route.Remote.String())
		row("Contact:", s.target)
		row("Route:", orText(strings.Join(s.routes, ", "), "N/A"))
		row("Transport:", s.route.Protocol.String())
		row("Our Tag:", s.localTag)
		row("Their Tag:", s.remoteTag)
		row("Version:", fmt.Sprint(s.version))
		row("Expiry:", fmt.Sprintf("%d seconds", s.secondsLeft()))
		fmt.Fprintln(w)
	}
	if !found {
		fmt.Fprintf(w, "No such SIP Call ID starting with '%s'\n", r.Arg(0))
	}
	return nil
}

// completeSubscription offers Call-IDs.
func (d *Driver) completeSubscription(args []string, prefix string) []string {
	if len(args) > 0 {
		return nil
	}
	return d.complete(prefix, func(offer func(string)) {
		d.subs.each(func(s *subscription) { offer(s.callID) })
	})
}
