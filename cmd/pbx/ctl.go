package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pbx/console"
)

// errNobody is the error of a program that finds no exchange.
var errNobody = errors.New("no exchange")

// control is pbx ctl: requests of the JSON interface by the console's socket.
func control(args []string, in io.Reader, out, errs io.Writer) error {
	f := flag.NewFlagSet("ctl", flag.ContinueOnError)
	p := places{more: true}
	p.flags(f)
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	wrong := func(format string, a ...any) error {
		fmt.Fprintf(errs, "pbx ctl: "+format+"\n", a...)
		return errUsage
	}
	if f.NArg() == 0 {
		return wrong("a command is missing: %s", strings.Join(controlNames(), ", "))
	}
	name, rest := f.Arg(0), f.Args()[1:]
	if name == "fifo" {
		return controlFIFO(&p, rest, in, out, errs)
	}
	i := slices.IndexFunc(controls, func(c controlCommand) bool { return c.name == name })
	if i < 0 {
		return wrong("unknown command %q; there are %s", name, strings.Join(controlNames(), ", "))
	}
	c := &controls[i]
	words := flag.NewFlagSet("ctl "+name, flag.ContinueOnError)
	words.SetOutput(errs)
	q := request{method: http.MethodGet}
	make := c.make(words, &q)
	rest, err := parseMixed(words, rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage
	case len(rest) < c.least || len(rest) > c.most:
		return wrong("usage: pbx ctl %s", strings.TrimSpace(name+" "+c.usage))
	}
	if err := make(rest); err != nil {
		return wrong("%v", err)
	}
	return q.send(&p, out)
}

// parseMixed reads flags wherever they stand among the words, and returns the words.
func parseMixed(f *flag.FlagSet, args []string) (words []string, err error) {
	for {
		if err := f.Parse(args); err != nil {
			return nil, err
		}
		if f.NArg() == 0 {
			return words, nil
		}
		words, args = append(words, f.Arg(0)), f.Args()[1:]
	}
}

// request is one to the JSON interface.
type request struct {
	method, path string
	body         any // nil for none
	raw          []byte
	// failed looks at an answer that is a success for what is none.
	failed func(answer []byte) bool
}

// send sends it and prints the answer.
func (q *request) send(p *places, out io.Writer) error {
	c, err := dialExchange(p)
	if err != nil {
		return err
	}
	defer c.Close()
	body := q.raw
	if q.body != nil {
		if body, err = json.Marshal(q.body); err != nil {
			return err
		}
	}
	var answer bytes.Buffer
	err = c.Ask(background(), q.method, q.path, body, &answer)
	if _, e := out.Write(answer.Bytes()); e != nil {
		return e
	}
	switch {
	case errors.Is(err, console.ErrFailed), err == nil && q.failed != nil && q.failed(answer.Bytes()):
		return errFindings // the answer says why
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w answers any more", errNobody)
	}
	return err
}

// dialExchange connects to the exchange that runs.
func dialExchange(p *places) (*console.Client, error) {
	path, err := socket(p)
	if err != nil {
		return nil, err
	}
	c, err := console.Dial(path, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNobody, err)
	}
	return c, nil
}

// controlCommand is one command of pbx ctl.
type controlCommand struct {
	name, usage string
	least, most int // words
	// make declares the command's flags and returns what makes the request of the words.
	make func(f *flag.FlagSet, q *request) func(words []string) error
}

func controlNames() (names []string) {
	for _, c := range controls {
		names = append(names, c.name)
	}
	return append(names, "fifo")
}

// fixed is a command without words.
func fixed(name, path string) controlCommand {
	return controlCommand{name: name, make: func(_ *flag.FlagSet, q *request) func([]string) error {
		return func([]string) error {
			q.path = path
			return nil
		}
	}}
}

// about is a command about the one thing that its word names.
func about(name, usage, method, path string) controlCommand {
	return controlCommand{name: name, usage: usage, least: 1, most: 1, make: func(_ *flag.FlagSet, q *request) func([]string) error {
		return func(words []string) error {
			q.method, q.path = method, path+url.PathEscape(words[0])
			return nil
		}
	}}
}

// controls are the commands; the paths are those of docs/api.md.
var controls = []controlCommand{
	fixed("channels", "/api/channels"),
	about("channel", "ID", http.MethodGet, "/api/channels/"),
	fixed("peers", "/api/peers"),
	about("peer", "NAME", http.MethodGet, "/api/peers/"),
	fixed("calls", "/api/calls"),
	fixed("registrations", "/api/registrations"),
	fixed("stats", "/api/stats"),
	fixed("check", "/api/check"),
	{name: "reload", usage: "[--dry-run]", make: func(f *flag.FlagSet, q *request) func([]string) error {
		dry := f.Bool("dry-run", false, "say what would change")
		return func([]string) error {
			q.method, q.path, q.body = http.MethodPost, "/api/reload", map[string]bool{"dry_run": *dry}
			return nil
		}
	}},
	about("hangup", "ID", http.MethodDelete, "/api/channels/"),
	{name: "redirect", usage: "ID EXTENSION [CONTEXT]", least: 2, most: 3, make: func(_ *flag.FlagSet, q *request) func([]string) error {
		return func(words []string) error {
			to := map[string]string{"extension": words[1]}
			if len(words) > 2 {
				to["context"] = words[2]
			}
			q.method, q.path, q.body = http.MethodPost, "/api/channels/"+url.PathEscape(words[0])+"/redirect", to
			return nil
		}
	}},
	{name: "click", usage: "FROM TO [--mode auto|refer|originate] [--context CONTEXT] [--timeout SECONDS] [--nowait]", least: 2, most: 2, make: makeClick},
	{name: "get", usage: "PATH", least: 1, most: 1, make: makeRaw(http.MethodGet)},
	{name: "delete", usage: "PATH", least: 1, most: 1, make: makeRaw(http.MethodDelete)},
	{name: "post", usage: "PATH JSON", least: 2, most: 2, make: makeRaw(http.MethodPost)},
}

// makeClick has a device and a number brought together.
func makeClick(f *flag.FlagSet, q *request) func([]string) error {
	mode := f.String("mode", "auto", "`how`: auto, refer or originate")
	context := f.String("context", "", "the `context` of TO, that of the device without it")
	timeout := f.Float64("timeout", 0, "`seconds` that the device rings")
	nowait := f.Bool("nowait", false, "do not wait until the device has answered")
	return func(words []string) error {
		call := map[string]any{"from": words[0], "to": words[1], "mode": *mode, "wait": !*nowait}
		if *context != "" {
			call["context"] = *context
		}
		if *timeout != 0 {
			call["timeout"] = *timeout
		}
		q.method, q.path, q.body = http.MethodPost, "/api/calls", call
		q.failed = func(answer []byte) bool {
			var got struct{ State string }
			return json.Unmarshal(answer, &got) == nil && got.State == "failed"
		}
		return nil
	}
}

func makeRaw(method string) func(*flag.FlagSet, *request) func([]string) error {
	return func(_ *flag.FlagSet, q *request) func([]string) error {
		return func(words []string) error {
			q.method, q.path = method, words[0]
			if !strings.HasPrefix(q.path, "/") || strings.ContainsAny(q.path, " \r\n") {
				return fmt.Errorf("%q is not a path such as /api/stats", q.path)
			}
			if len(words) > 1 {
				var text bytes.Buffer
				if err := json.Compact(&text, []byte(words[1])); err != nil {
					return fmt.Errorf("the body is not JSON: %w", err)
				}
				q.raw = text.Bytes()
			}
			return nil
		}
	}
}
