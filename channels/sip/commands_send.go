package sip

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pbx/decl"
)

// sendCommands are the console commands that send requests.
func (d *Driver) sendCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "sip send", Synopsis: "Send a SIP request and show what comes back",
			Help: "Sends a request to a peer or a SIP URI, answers a challenge with the peer's credentials, and waits for the final response. " +
				`Words with a colon after a header's name are headers, in quotes where they have blanks: sip send MESSAGE 101 "Subject: lunch" "It is served". ` +
				"The last word that is none is the body, text/plain unless Content-Type says otherwise. An INVITE that is answered is hung up at once.",
			Args: []decl.Arg{
				{Name: "method", Help: "OPTIONS, MESSAGE, NOTIFY …"},
				{Name: "target", Help: "a section of sip.conf, or sip:user@host"},
				{Name: "header|body", Help: `"Name: value", or the body`, Optional: true, Repeat: true},
			},
			Run: d.sendRequest, Complete: d.completeSend,
		},
		{
			Words: "sip cancel", Synopsis: "Give up a request of 'sip send'",
			Help: "An INVITE is cancelled; for another request it is no longer waited. The number is what 'sip send' showed.",
			Args: []decl.Arg{{Name: "number"}}, Run: d.cancelRequest, Complete: d.completeSubmission,
		},
	}
}

func (d *Driver) sendRequest(ctx context.Context, r *decl.Request) error {
	s := Submission{Method: strings.ToUpper(r.Arg(0)), Target: r.Arg(1)}
	for _, word := range r.Args[min(2, len(r.Args)):] {
		name, _, ok := strings.Cut(word, ":")
		switch {
		case ok && isToken(strings.TrimSpace(name)) && s.Body == "":
			s.Headers = append(s.Headers, word)
		case s.Body == "":
			s.Body = word
		default:
			return fmt.Errorf("%q: there is a body already; put it in quotes", word)
		}
	}
	came := make(chan Outcome, 1)
	id, err := d.Submit(s, func(o Outcome) { came <- o })
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Request %d is on its way; 'sip cancel %d' gives it up\n", id, id)
	select {
	case o := <-came:
		return showOutcome(r, o)
	case <-d.done:
		return ErrClosed
	case <-ctx.Done():
		_ = d.Withdraw(id) // it may have ended meanwhile
		return ctx.Err()
	}
}

// showOutcome prints what came back.
func showOutcome(r *decl.Request, o Outcome) error {
	for _, status := range o.Provisional {
		fmt.Fprintf(r.Out, "%d\n", status)
	}
	if o.Status == 0 {
		return errors.New(o.Reason)
	}
	fmt.Fprintf(r.Out, "%d %s after %d ms\n\n%s\n", o.Status, strings.Map(shown, o.Reason), o.Took.Milliseconds(), printable(o.Response))
	return nil
}

func (d *Driver) cancelRequest(_ context.Context, r *decl.Request) error {
	id, err := strconv.ParseUint(r.Arg(0), 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a number", r.Arg(0))
	}
	if err := d.Withdraw(id); err != nil {
		return err
	}
	_, err = fmt.Fprintf(r.Out, "Request %d is given up\n", id)
	return err
}

func (d *Driver) completeSend(args []string, prefix string) []string {
	switch len(args) {
	case 0:
		return []string{"INFO", "INVITE", "MESSAGE", "NOTIFY", "OPTIONS", "PUBLISH", "REFER", "SUBSCRIBE"}
	case 1:
		return d.completePeer(nil, prefix)
	}
	return nil
}

func (d *Driver) completeSubmission(args []string, prefix string) []string {
	if len(args) > 0 {
		return nil
	}
	return d.complete(prefix, func(offer func(string)) {
		for id := range d.submissions {
			offer(strconv.FormatUint(id, 10))
		}
	})
}
