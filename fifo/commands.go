package fifo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Exchange is what the commands ask.
type Exchange interface {
	Version() string
	Started() time.Time
	Now() time.Time
	// Print writes a text to the log.
	Print(text string)
	// Processes are the loops and pools of the exchange: there is one process.
	Processes() []string
	// Stats are lines for a person.
	Stats() (string, error)
	// Contacts are those of a peer, or of all where it is "".
	Contacts(peer string) ([]Contact, error)
	AddContact(peer, uri string, life time.Duration, q float64) error
	RemoveContact(peer, uri string) error
	// Send sends a request and waits for its final response.
	Send(ctx context.Context, method, target string, headers []string, body string) (Response, error)
	// Cancel gives up a request that Send waits for.
	Cancel(callID string, seq uint32) error
	// Reply answers a call that came in.
	Reply(status int, reason, transaction string, headers []string, body string) error
}

// Contact is where a device is.
type Contact struct {
	Peer, URI string
	Q         float64
	// Left is how long it is there, 0 for ever.
	Left      time.Duration
	UserAgent string
}

// Response is a final one.
type Response struct {
	Status int
	Reason string
	// Text is all of it.
	Text string
}

// ErrNotFound says that there is no such thing; a Problem of an Exchange wraps it.
var ErrNotFound = errors.New("not found")

// usageError is the error of arguments that make no sense.
type usageError string

func (u usageError) Error() string { return string(u) }

// command is one that can be asked for.
type command struct {
	name, args, help string
	least            int // arguments
	run              func(ctx context.Context, x Exchange, r *Request) (status, text string, err error)
}

// all are the commands.
func all() []command {
	return []command{
		{name: "uptime", help: "when the exchange was started", run: uptime},
		{name: "version", help: "its version", run: func(_ context.Context, x Exchange, _ *Request) (string, string, error) {
			return ok, "pbx " + x.Version() + "\n", nil
		}},
		{name: "ps", help: "its loops", run: func(_ context.Context, x Exchange, _ *Request) (string, string, error) {
			return ok, lines(x.Processes()), nil
		}},
		{name: "which", help: "the commands", run: func(context.Context, Exchange, *Request) (string, string, error) {
			return ok, lines(Names()), nil
		}},
		{name: "print", args: "text…", help: "writes lines to the log", run: func(_ context.Context, x Exchange, r *Request) (string, string, error) {
			x.Print(strings.Join(r.Args, "\n"))
			return ok, lines(r.Args), nil
		}},
		{name: "stats", help: "counters of messages and transactions", run: func(_ context.Context, x Exchange, _ *Request) (string, string, error) {
			text, err := x.Stats()
			return ok, text, err
		}},
		{name: "ul_add", args: "table, user, contact, expires, q", least: 3, help: "has another device ring with a peer", run: addContact},
		{name: "ul_show_contact", args: "table, user", least: 2, help: "where a peer is", run: showContact},
		{name: "ul_rm", args: "table, user", least: 2, help: "forgets the contacts of a peer", run: removeContacts},
		{name: "ul_rm_contact", args: "table, user, contact", least: 3, help: "forgets one of them", run: removeContact},
		{name: "ul_dump", help: "where all peers are", run: dump},
		{name: "t_uac_dlg", args: "method, URI, next hop or a dot; headers; body", least: 3, help: "sends a request and waits for its final response", run: send},
		{name: "t_uac_cancel", args: "Call-ID, CSeq", least: 2, help: "gives up a request of t_uac_dlg", run: cancel},
		{name: "t_reply", args: "code, reason, transaction, to-tag; headers; body", least: 4, help: "answers a call that came in", run: reply},
	}
}

// Names are the commands.
func Names() (names []string) {
	for _, c := range all() {
		names = append(names, c.name)
	}
	return names
}

const ok = "200 OK"

// Run carries out a request. The answer begins with a status line.
func Run(ctx context.Context, x Exchange, r *Request, allowed []string) (answer string) {
	if r.Problem != "" {
		return "400 " + r.Problem + "\n"
	}
	list := all()
	i := slices.IndexFunc(list, func(c command) bool { return c.name == r.Command })
	switch {
	case i < 0:
		return fmt.Sprintf("500 command '%s' not available\n", r.Command)
	case allowed != nil && !slices.Contains(allowed, r.Command):
		return fmt.Sprintf("403 command '%s' is not allowed by fifo.conf\n", r.Command)
	case len(r.Args) < list[i].least:
		return fmt.Sprintf("400 %s wants %s\n", r.Command, list[i].args)
	}
	defer func() {
		if p := recover(); p != nil { // one request's failure is that request's
			answer = fmt.Sprintf("500 %s failed: %s\n", r.Command, oneLine(fmt.Sprint(p)))
		}
	}()
	status, text, err := list[i].run(ctx, x, r)
	var usage usageError
	switch {
	case err == nil:
		return status + "\n" + text
	case errors.As(err, &usage):
		return "400 " + oneLine(err.Error()) + "\n"
	case errors.Is(err, ErrNotFound):
		return "404 " + oneLine(err.Error()) + "\n"
	case errors.Is(err, context.DeadlineExceeded):
		return "504 no answer in time\n"
	}
	return "500 " + oneLine(err.Error()) + "\n"
}

func lines(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, "\n") + "\n"
}

// oneLine keeps a text from being more than a line of an answer.
func oneLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return ' '
		}
		return c
	}, s)
}

func uptime(_ context.Context, x Exchange, _ *Request) (string, string, error) {
	now, since := x.Now(), x.Started()
	return ok, fmt.Sprintf("Now: %s\nUp Since: %s\nUp time: %d [sec]\n", now.Format(time.ANSIC), since.Format(time.ANSIC), int64(now.Sub(since).Seconds())), nil
}

func addContact(_ context.Context, x Exchange, r *Request) (string, string, error) {
	life, q := time.Duration(0), 1.0
	if len(r.Args) > 3 {
		n, err := strconv.ParseUint(strings.TrimSpace(r.Args[3]), 10, 31)
		if err != nil {
			return "", "", usageError(fmt.Sprintf("expires: %q is not a number of seconds", r.Args[3]))
		}
		life = time.Duration(n) * time.Second
	}
	if len(r.Args) > 4 {
		v, err := strconv.ParseFloat(strings.TrimSpace(r.Args[4]), 64)
		if err != nil || !(v >= 0 && v <= 1) {
			return "", "", usageError(fmt.Sprintf("q: %q is not from 0 to 1", r.Args[4]))
		}
		q = v
	}
	user := userOf(r.Args[1])
	if err := x.AddContact(user, r.Args[2], life, q); err != nil {
		return "", "", err
	}
	return "200 Added to table", fmt.Sprintf("('%s','%s') to '%s'\n", user, r.Args[2], r.Args[0]), nil
}

// userOf is the peer of an address of record: its user part.
func userOf(aor string) string {
	aor = strings.TrimPrefix(strings.TrimPrefix(aor, "sips:"), "sip:")
	user, _, _ := strings.Cut(aor, "@")
	return user
}

func contactLine(c *Contact) string {
	left := "permanent"
	if c.Left > 0 {
		left = strconv.FormatInt(int64(c.Left/time.Second), 10)
	}
	return fmt.Sprintf("<%s>;q=%.2f;expires=%s\n", oneLine(c.URI), c.Q, left)
}

func showContact(_ context.Context, x Exchange, r *Request) (string, string, error) {
	list, err := x.Contacts(userOf(r.Args[1]))
	if err != nil {
		return "", "", err
	}
	if len(list) == 0 {
		return "404 No registered contacts found", "", nil
	}
	var b strings.Builder
	for i := range list {
		b.WriteString(contactLine(&list[i]))
	}
	return ok, b.String(), nil
}

func removeContacts(_ context.Context, x Exchange, r *Request) (string, string, error) {
	user := userOf(r.Args[1])
	list, err := x.Contacts(user)
	if err != nil {
		return "", "", err
	}
	if len(list) == 0 {
		return "404 No registered contacts found", "", nil
	}
	for _, c := range list {
		if err := x.RemoveContact(user, c.URI); err != nil && !errors.Is(err, ErrNotFound) {
			return "", "", err
		}
	}
	return "200 user (" + r.Args[0] + ", " + oneLine(user) + ") deleted", "", nil
}

func removeContact(_ context.Context, x Exchange, r *Request) (string, string, error) {
	user := userOf(r.Args[1])
	if err := x.RemoveContact(user, r.Args[2]); err != nil {
		return "", "", err
	}
	return "200 user (" + r.Args[0] + ", " + oneLine(user) + ") deleted", "", nil
}

func dump(_ context.Context, x Exchange, _ *Request) (string, string, error) {
	list, err := x.Contacts("")
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	last := ""
	for i := range list {
		c := &list[i]
		if c.Peer != last {
			fmt.Fprintf(&b, "AOR: %s\n", oneLine(c.Peer))
			last = c.Peer
		}
		b.WriteString("  " + contactLine(c))
		if c.UserAgent != "" {
			fmt.Fprintf(&b, "    User-Agent: %s\n", oneLine(c.UserAgent))
		}
	}
	return ok, b.String(), nil
}

func send(ctx context.Context, x Exchange, r *Request) (string, string, error) {
	method, target, hop := r.Args[0], r.Args[1], strings.TrimSpace(r.Args[2])
	headers := r.Headers
	if hop != "" && hop != "." {
		return "", "", usageError("a next hop is not taken: write a dot; sip.conf says how a peer is reached")
	}
	got, err := x.Send(ctx, method, target, headers, r.Body)
	if err != nil {
		return "", "", err
	}
	return strconv.Itoa(got.Status) + " " + oneLine(got.Reason), got.Text, nil
}

func cancel(_ context.Context, x Exchange, r *Request) (string, string, error) {
	seq, err := strconv.ParseUint(strings.TrimSpace(r.Args[1]), 10, 31)
	if err != nil || seq == 0 {
		return "", "", usageError(fmt.Sprintf("CSeq: %q is not a number", r.Args[1]))
	}
	return "200 cancelled", "", x.Cancel(r.Args[0], uint32(seq))
}

func reply(_ context.Context, x Exchange, r *Request) (string, string, error) {
	status, err := strconv.Atoi(strings.TrimSpace(r.Args[0]))
	if err != nil {
		return "", "", usageError(fmt.Sprintf("code: %q is not a number", r.Args[0]))
	}
	return "200 reply sent", "", x.Reply(status, r.Args[1], r.Args[2], r.Headers, r.Body)
}
