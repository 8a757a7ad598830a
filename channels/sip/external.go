package sip

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"pbx/channels/sip/message"
	"pbx/channels/sip/resolve"
	"pbx/channels/sip/stun"
	"pbx/channels/sip/transaction"
	"pbx/decl"
)

// external finds our address as the world sees it with a STUN server, again and
// again (res_stun_monitor.conf, or stunaddr of rtp.conf). It is asked from the
// socket of SIP, so that the port is the one that our requests come from.
type external struct {
	server stunServer
	seen   netip.AddrPort    // what the server saw last
	route  transaction.Route // to the server that is being asked
	id     stun.ID           // of the open request
	sent   int               // requests of it so far, 0 for none open
	timer  uint64            // counts the rounds: an older timer is void
	status string
}

// stunServer is what the configuration says of it.
type stunServer struct {
	host    string
	port    uint16
	refresh time.Duration
}

// watchExternal begins to ask, or stops; a reload calls it again.
func (d *Driver) watchExternal() {
	g := &d.cfg.General
	e := &d.external
	if e.server == g.STUN {
		return
	}
	*e = external{server: g.STUN, timer: e.timer + 1}
	if g.STUN.host != "" {
		d.askExternal()
	}
}

// askExternal begins a round: it finds the server and asks it.
func (d *Driver) askExternal() {
	e := &d.external
	e.timer++
	round := e.timer
	q := d.query(e.server.host, e.server.port, []transaction.Protocol{transaction.UDP}, false)
	q.NoSRV = true
	d.search(q, resolve.Recent, func(list []resolve.Target, err error) {
		if e.timer != round || d.quit {
			return
		}
		if err != nil {
			d.endRound("no address of the server: " + err.Error())
			return
		}
		var ok bool
		if e.route, ok = d.routeTo(transaction.UDP, list[0].Addr); !ok {
			d.endRound("no listener reaches the server")
			return
		}
		if _, err := d.random.Read(e.id[:]); err != nil {
			d.endRound(err.Error())
			return
		}
		e.sent = 0
		d.sendBinding()
	})
}

// sendBinding sends the request once more and waits.
func (d *Driver) sendBinding() {
	e := &d.external
	e.sent++
	_, err := d.net.Send(stun.AppendRequest(nil, e.id), e.route)
	d.sent(err)
	wait, more := stun.Wait(e.sent)
	d.laterExternal(wait, func() {
		if more {
			d.sendBinding()
		} else {
			d.endRound("no answer")
		}
	})
}

// laterExternal runs f unless the round is over by then.
func (d *Driver) laterExternal(wait time.Duration, f func()) {
	round := d.external.timer
	d.sched.Add(wait, func() time.Duration {
		if d.external.timer == round && !d.quit {
			f()
		}
		return 0
	})
}

// endRound ends a round and arranges for the next. What was seen before stays.
func (d *Driver) endRound(problem string) {
	e := &d.external
	e.timer++
	e.sent = 0
	if problem != "" && problem != e.status {
		d.log.Warn("STUN: our external address is not found", "server", e.server.host, "err", problem)
	}
	e.status = problem
	d.laterExternal(e.server.refresh, d.askExternal)
}

// bound handles a datagram of STUN: the answer to an open request, from the server
// it was sent to, or nothing. Requests are not answered.
func (d *Driver) bound(b []byte, r transaction.Route) {
	e := &d.external
	if e.sent == 0 || r.Remote != e.route.Remote || r.Listener != e.route.Listener {
		return
	}
	seen, err := stun.Parse(b, e.id)
	var refused *stun.Refusal
	switch {
	case errors.As(err, &refused):
		d.endRound(err.Error())
		return
	case err != nil: // not the answer: one may still come
		d.debug(1, "STUN: message ignored", "from", r.Remote, "err", err)
		return
	}
	was := e.seen
	e.seen = seen
	d.endRound("")
	switch {
	case !was.IsValid():
		d.verbose(2, fmt.Sprintf("STUN: our external address is %v", seen))
	case was != seen:
		d.networkChanged(fmt.Sprintf("our external address was %v and is %v", was, seen))
	}
}

// networkChanged tells those outside where we are now: registrars at once, and with
// a re-INVITE the far ends of calls that were told another address
// (subscribe_network_change_event).
func (d *Driver) networkChanged(what string) {
	if !d.cfg.General.SubscribeNetEvent {
		return
	}
	d.notice("SIP: " + what + ": registrations are renewed, calls are told")
	for _, r := range d.registrants {
		if r.client == nil {
			r.dueIn(0)
		}
	}
	d.calls.each(func(p *pvt) { p.readdress() })
}

// readdress tells the far end of a call our address, if it is another than it was
// told.
func (p *pvt) readdress() {
	if p.phase != phaseUp {
		return
	}
	signalling, media := p.d.localAddress(p.route)
	u, err := message.ParseURI([]byte(p.contact))
	if err != nil {
		return
	}
	contact := p.d.contactOn(p.route, message.UnescapeString(u.User), secureURI(p.contact))
	if contact == p.contact && media == p.media.addr {
		return
	}
	p.contact, p.localHost, p.media.addr = contact, signalling, media
	p.modify(changeAddress)
}

// externalCommands are the console commands about our external address.
func (d *Driver) externalCommands() []decl.Command {
	return []decl.Command{{
		Words: "stun show status", Synopsis: "Show the STUN status of our external address",
		Help: "Shows the STUN server of res_stun_monitor.conf or rtp.conf, and the address that it saw us at last.", Run: d.print(d.showExternal),
	}}
}

func (d *Driver) showExternal(w io.Writer, _ *decl.Request) error {
	e := &d.external
	const format = "%-25s %-5v %-7v %-8v %-7s %-16s %s\n"
	fmt.Fprintf(w, format, "Hostname", "Port", "Period", "Retries", "Status", "ExternAddr", "ExternPort")
	if e.server.host == "" {
		return nil
	}
	status, addr, port := "OK", "(unknown)", "-"
	switch {
	case e.status != "":
		status = "FAIL"
	case !e.seen.IsValid():
		status = "INIT"
	}
	if e.seen.IsValid() {
		addr, port = e.seen.Addr().String(), strconv.Itoa(int(e.seen.Port()))
	}
	fmt.Fprintf(w, format, e.server.host, e.server.port, int(e.server.refresh.Seconds()), stun.Requests, status, addr, port)
	if e.status != "" {
		fmt.Fprintln(w, e.status)
	}
	return nil
}
