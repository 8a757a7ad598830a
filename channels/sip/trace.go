package sip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/decl"
	"pbx/event"
)

// tracer says whose messages are shown (sip set debug). The monitor loop owns it.
type tracer struct {
	always bool // sipdebug=yes: the console cannot stop it
	all    bool
	addr   netip.AddrPort // this one alone; port 0 means any
}

func (t *tracer) wants(a netip.AddrPort) bool {
	if t.always || t.all {
		return true
	}
	return t.addr.IsValid() && a.Addr() == t.addr.Addr() && (t.addr.Port() == 0 || a.Port() == t.addr.Port())
}

func (d *Driver) traceReceived(b []byte, from transaction.Route) {
	d.log.Log(context.Background(), event.LevelVerbose(0),
		fmt.Sprintf("\n<--- SIP read from %v:%v --->\n%s\n<------------->", from.Protocol, from.Remote, printable(b)))
}

func (d *Driver) traceSent(b []byte, r transaction.Route) {
	what := "Transmitting"
	if !bytes.HasPrefix(b, []byte("SIP/2.0 ")) {
		what = "Reliably Transmitting"
	}
	d.log.Log(context.Background(), event.LevelVerbose(0),
		fmt.Sprintf("\n%s (no NAT) to %v:\n%s\n\n---", what, r.Remote, printable(b)))
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
	set := func(r *decl.Request, t tracer, text string) error {
		if err := d.Call(func() {
			t.always = d.trace.always
			d.trace = t
		}); err != nil {
			return err
		}
		_, err := fmt.Fprintln(r.Out, text)
		return err
	}
	return []decl.Command{
		{
			Words: "sip set debug on", Synopsis: "Show every SIP message",
			Run: func(_ context.Context, r *decl.Request) error {
				return set(r, tracer{all: true}, "SIP Debugging enabled")
			},
		},
		{
			Words: "sip set debug off", Synopsis: "Stop showing SIP messages",
			Run: func(_ context.Context, r *decl.Request) error {
				return set(r, tracer{}, "SIP Debugging Disabled")
			},
		},
		{
			Words: "sip set debug ip", Synopsis: "Show the SIP messages from and to an address",
			Args: []decl.Arg{{Name: "address", Help: "IP address, with :port if only that port is meant"}},
			Run: func(_ context.Context, r *decl.Request) error {
				host, port := cutPort(r.Arg(0))
				if strings.Count(r.Arg(0), ":") > 1 && !strings.HasPrefix(r.Arg(0), "[") {
					host, port = r.Arg(0), 0
				}
				a, err := netip.ParseAddr(host)
				if err != nil {
					return fmt.Errorf("%q is not an address", r.Arg(0))
				}
				to := netip.AddrPortFrom(a.Unmap(), uint16(port))
				text := "SIP Debugging Enabled for IP: " + a.String()
				if port != 0 {
					text = "SIP Debugging Enabled for IP: " + to.String()
				}
				return set(r, tracer{addr: to}, text)
			},
		},
		{
			Words: "sip set debug peer", Synopsis: "Show the SIP messages of a peer",
			Args: []decl.Arg{{Name: "peer", Help: "name of the section in sip.conf"}},
			Run: func(_ context.Context, r *decl.Request) error {
				var to netip.AddrPort
				known := false
				err := d.Call(func() {
					if p := d.peer(r.Arg(0)); p != nil {
						known = true
						to = d.address(p)
					}
				})
				switch {
				case err != nil:
					return err
				case !known:
					return fmt.Errorf("No such peer '%s'", r.Arg(0))
				case !to.IsValid():
					return errors.New("Unable to get IP address of peer '" + r.Arg(0) + "'")
				}
				return set(r, tracer{addr: to}, "SIP Debugging Enabled for IP: "+to.String())
			},
		},
	}
}
