package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/decl"
	"pbx/event"
)

// tracer says whose messages are shown (sip set debug), and where. The monitor
// loop owns it.
type tracer struct {
	always bool             // sipdebug=yes: the console cannot stop it
	all    bool             // of everybody
	addrs  []netip.AddrPort // of these; port 0 means any
	peers  []string         // of these, wherever they are
	file   *traceFile       // where they are written; nil: the log
}

// on reports whether anybody's messages are shown.
func (t *tracer) on() bool { return t.always || t.all || len(t.addrs) > 0 || len(t.peers) > 0 }

// wants reports whether the messages from and to an address are shown, peers
// excepted.
func (t *tracer) wants(a netip.AddrPort) bool {
	if t.always || t.all {
		return true
	}
	return slices.ContainsFunc(t.addrs, func(o netip.AddrPort) bool {
		return o.Addr() == a.Addr() && (o.Port() == 0 || o.Port() == a.Port())
	})
}

// traces reports whether the messages on a way are shown.
func (d *Driver) traces(r transaction.Route) bool {
	at := unmapPort(r.Remote)
	return d.tap.trace.wants(at) || slices.ContainsFunc(d.tap.trace.peers, func(name string) bool {
		p := d.peer(name)
		return p != nil && (slices.Contains(p.located, at) || p.InsecurePort && slices.ContainsFunc(p.located, func(o netip.AddrPort) bool {
			return o.Addr() == at.Addr()
		}))
	})
}

func (d *Driver) traceReceived(b []byte, r transaction.Route) {
	d.show(fmt.Sprintf("\n<--- SIP read from %v:%v --->\n%s\n<------------->", r.Protocol, r.Remote, printable(b)))
}

func (d *Driver) traceSent(b []byte, r transaction.Route) {
	what := "Transmitting"
	if !bytes.HasPrefix(b, []byte("SIP/2.0 ")) {
		what = "Reliably Transmitting"
	}
	d.show(fmt.Sprintf("\n%s (no NAT) to %v:\n%s\n\n---", what, r.Remote, printable(b)))
}

// show writes a message to where the operator wants it.
func (d *Driver) show(text string) {
	if f := d.tap.trace.file; f != nil {
		f.write(d.now().Format("\n2006-01-02 15:04:05.000000 ") + text + "\n")
		return
	}
	d.log.Log(context.Background(), event.LevelVerbose(0), text)
}

// printable is a message as a terminal may be shown it: line by line, secrets
// masked, control characters escaped.
func printable(b []byte) string {
	var out strings.Builder
	out.Grow(len(b) + 64)
	for line := range bytes.SplitSeq(b, []byte("\n")) {
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if name, _, ok := bytes.Cut(line, []byte(":")); ok {
			switch message.HeaderIDOf(bytes.TrimSpace(name)) {
			case message.HeaderAuthorization, message.HeaderProxyAuthorization:
				line = mask(line)
			}
		}
		if bytes.HasPrefix(line, []byte("a=crypto:")) {
			line = []byte("a=crypto:<hidden>")
		}
		for _, r := range string(line) {
			switch {
			case r == '\t':
				out.WriteByte('\t')
			case r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0xfffd:
				fmt.Fprintf(&out, "\\x%02x", r)
			default:
				out.WriteRune(r)
			}
		}
	}
	return out.String()
}

// mask hides the proof in a credential: with it and the rest a secret can be
// guessed at leisure.
func mask(line []byte) []byte {
	const key = `response="`
	i := bytes.Index(bytes.ToLower(line), []byte(key))
	if i < 0 {
		return line
	}
	i += len(key)
	end := bytes.IndexByte(line[i:], '"')
	if end < 0 {
		end = len(line) - i
	}
	return append(append(append([]byte(nil), line[:i]...), "<hidden>"...), line[i+end:]...)
}

// traceCommands are the console commands that switch the trace.
func (d *Driver) traceCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "sip set debug on", Synopsis: "Show every SIP message",
			Run: func(_ context.Context, r *decl.Request) error {
				return d.setTrace(r, tracer{all: true}, "SIP Debugging enabled")
			},
		},
		{
			Words: "sip set debug off", Synopsis: "Stop showing SIP messages",
			Run: func(_ context.Context, r *decl.Request) error {
				return d.setTrace(r, tracer{}, "SIP Debugging Disabled")
			},
		},
		{
			Words: "sip set debug ip", Synopsis: "Show the SIP messages from and to addresses",
			Args: []decl.Arg{{Name: "address", Help: "IP address, with :port if only that port is meant", Repeat: true}},
			Run:  d.traceAddresses,
		},
		{
			Words: "sip set debug peer", Synopsis: "Show the SIP messages of peers",
			Help: "A peer that registers elsewhere is followed.",
			Args: []decl.Arg{{Name: "peer", Help: "name of the section in sip.conf", Repeat: true}},
			Run:  d.tracePeers, Complete: d.completePeers,
		},
		{
			Words: "sip set debug file", Synopsis: "Write the SIP messages that are shown to a file",
			Help: "The file is in the directory of the logs, and appended to. 'sip set debug file off' shows them on the console again. The proofs of passwords and the keys of encrypted audio are blotted out.",
			Args: []decl.Arg{{Name: "name|off"}}, Run: d.setTraceFile,
		},
	}
}

// setTrace changes whose messages are shown; where they go stays.
func (d *Driver) setTrace(r *decl.Request, t tracer, text string) error {
	if err := d.Call(func() {
		t.always, t.file = d.tap.trace.always, d.tap.trace.file
		d.tap.trace = t
	}); err != nil {
		return err
	}
	_, err := fmt.Fprintln(r.Out, text)
	return err
}

func (d *Driver) traceAddresses(_ context.Context, r *decl.Request) error {
	var t tracer
	var names []string
	for _, text := range r.Args {
		host, port := cutPort(text)
		if strings.Count(text, ":") > 1 && !strings.HasPrefix(text, "[") {
			host, port = text, 0
		}
		a, err := netip.ParseAddr(host)
		if err != nil {
			return fmt.Errorf("%q is not an address", text)
		}
		to := netip.AddrPortFrom(a.Unmap(), uint16(port))
		t.addrs = append(t.addrs, to)
		if port != 0 {
			names = append(names, to.String())
		} else {
			names = append(names, a.String())
		}
	}
	return d.setTrace(r, t, "SIP Debugging Enabled for IP: "+strings.Join(names, ", "))
}

func (d *Driver) tracePeers(_ context.Context, r *decl.Request) error {
	var at []string
	var failed error
	if err := d.Call(func() {
		for _, name := range r.Args {
			p := d.peer(name)
			if p == nil {
				failed = fmt.Errorf("No such peer '%s'", name)
				return
			}
			to, ok := d.route(p)
			if !ok {
				failed = errors.New("Unable to get IP address of peer '" + name + "'")
				return
			}
			at = append(at, to.Remote.String())
		}
	}); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return d.setTrace(r, tracer{peers: slices.Clone(r.Args)}, "SIP Debugging Enabled for IP: "+strings.Join(at, ", "))
}

// completePeers offers peers for every argument.
func (d *Driver) completePeers(_ []string, prefix string) []string {
	return d.completePeer(nil, prefix)
}

func (d *Driver) setTraceFile(_ context.Context, r *decl.Request) error {
	name := r.Arg(0)
	var f *traceFile
	text := "SIP messages are shown on the console"
	if name != "off" {
		if d.openTrace == nil {
			return errors.New("there is no directory for logs")
		}
		w, err := d.openTrace(name)
		if err != nil {
			return err
		}
		f = newTraceFile(w)
		text = "SIP messages are written to " + name
	}
	var old *traceFile
	if err := d.Call(func() { old, d.tap.trace.file = d.tap.trace.file, f }); err != nil {
		f.close()
		return err
	}
	old.close()
	_, err := fmt.Fprintln(r.Out, text)
	return err
}
