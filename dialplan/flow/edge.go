package flow

import (
	"strconv"
	"strings"

	"pbx/dialplan"
)

// Kind says how a step leads to a place.
type Kind uint8

// The kinds of edges.
const (
	Goto    Kind = iota // the call goes on there
	Gosub               // and comes back
	Macro               // and comes back
	Local               // a leg of its own begins there: Local/, Originate
	Digits              // the caller dials an extension of that context
	Block               // within the extension: While, If
	Mention             // only named: where a transfer or another call may go
)

func (k Kind) String() string {
	return [...]string{"goto", "gosub", "macro", "local", "digits", "block", "mention"}[k]
}

// Edge is one way out of a step.
type Edge struct {
	Kind  Kind
	Place Place
	Args  []string // of a subroutine
}

// read finds the edges of a step.
func (f *Flow) read(p *dialplan.Priority) {
	r := &reading{f: f, p: p, falls: true}
	f.falls[p] = true
	for i, c := range f.Calls(p) {
		r.app(&c)
		if i == 0 { // what ExecIf runs may not run
			f.falls[p] = r.falls
		}
	}
	r.functions(p.Args)
	f.edges[p] = r.edges
	f.digits[p] = r.dials
}

// reading is one step that is read.
type reading struct {
	f     *Flow
	p     *dialplan.Priority
	edges []Edge
	falls bool
	dials bool
}

func (r *reading) add(k Kind, text string) {
	if strings.TrimSpace(text) != "" {
		r.edges = append(r.edges, Edge{Kind: k, Place: r.f.place(r.p, text)})
	}
}

// sub adds a subroutine: place(arguments).
func (r *reading) sub(text string) {
	place, rest, called := Cut(text, '(')
	if place == "" {
		return
	}
	e := Edge{Kind: Gosub, Place: r.f.place(r.p, place)}
	if called {
		e.Args = Split(strings.TrimSuffix(strings.TrimSpace(rest), ")"), ',')
	}
	r.edges = append(r.edges, e)
}

func (r *reading) macro(args string) {
	parts := Split(args, ',')
	name := strings.TrimSpace(parts[0])
	if name == "" {
		return
	}
	r.edges = append(r.edges, Edge{Kind: Macro, Args: parts[1:], Place: Place{
		Text: "macro-" + name + ",s,1", Context: r.f.Shape(r.p, "macro-"+name), Exten: dialplan.Literal("s"), Priority: "1",
	}})
}

// context adds a context in which extensions are dialled, or that is named.
func (r *reading) context(k Kind, name string) {
	if name = strings.TrimSpace(name); name != "" {
		r.edges = append(r.edges, Edge{Kind: k, Place: Place{Text: name, Context: r.f.Shape(r.p, name), Exten: dialplan.Anything(), Implied: true}})
	}
}

// branches adds condition?place:place. It reports whether both are there.
func (r *reading) branches(args string, add func(string)) bool {
	_, places, ok := Cut(args, '?')
	if !ok {
		return false
	}
	yes, no, _ := Cut(places, ':')
	add(yes)
	add(no)
	return strings.TrimSpace(yes) != "" && strings.TrimSpace(no) != ""
}

func (r *reading) app(c *Call) {
	jump := func(text string) { r.add(Goto, text) }
	switch strings.ToLower(c.Name) {
	case "goto":
		jump(c.Args)
		r.falls = false
	case "gotoif", "gotoiftime":
		r.falls = !r.branches(c.Args, jump)
	case "gosub":
		r.sub(c.Args)
	case "gosubif":
		r.branches(c.Args, r.sub)
	case "aelsub":
		parts := Split(c.Args, ',')
		r.sub(parts[0] + ",~~s~~,1(" + strings.Join(parts[1:], ",") + ")")
	case "macro", "macroexclusive":
		r.macro(c.Args)
	case "macroif":
		r.branches(c.Args, r.macro)
	case "hangup", "busy", "congestion", "return", "macroexit":
		r.falls = false
	case "while", "endwhile", "exitwhile", "continuewhile", "if", "elseif", "else", "exitif":
		r.block(strings.ToLower(c.Name))
	case "dial", "retrydial", "page", "originate", "channelredirect":
		r.dial(c)
	case "waitexten":
		r.dials = true
	case "background":
		r.dials = true
		r.context(Digits, argument(c.Args, 3))
	case "disa":
		r.context(Digits, argument(c.Args, 1))
	case "directory":
		if context := argument(c.Args, 1); context != "" {
			r.context(Digits, context)
		} else {
			r.context(Digits, argument(c.Args, 0))
		}
	case "readexten":
		r.context(Mention, argument(c.Args, 2))
	case "voicemail":
		for _, e := range []string{"o", "a"} {
			r.edges = append(r.edges, Edge{Kind: Goto, Place: Place{Text: e, Exten: dialplan.Literal(e), Priority: "1", Implied: true}})
		}
	case "set", "mset":
		r.set(c.Args)
	}
}

// set looks at the assignments that name a place.
func (r *reading) set(args string) {
	name, value, _ := strings.Cut(args, "=")
	name = strings.TrimSpace(name)
	switch plain := strings.TrimLeft(name, "_"); {
	case strings.HasPrefix(name, "CHANNEL(hangup_handler_push)"), strings.HasPrefix(name, "CHANNEL(hangup_handler_wipe)"):
		r.sub(value)
	case plain == "TRANSFER_CONTEXT", plain == "FORWARD_CONTEXT", plain == "EXITCONTEXT", plain == "MACRO_CONTEXT":
		r.context(Mention, value)
	case plain == "GOTO_ON_BLINDXFR":
		r.add(Mention, strings.ReplaceAll(value, "^", ","))
	}
}

// dial looks at what is called, and at the options that name places.
func (r *reading) dial(c *Call) {
	devices, options := argument(c.Args, 0), argument(c.Args, 2)
	switch strings.ToLower(c.Name) {
	case "retrydial":
		devices, options = argument(c.Args, 3), argument(c.Args, 5)
	case "page":
		options = argument(c.Args, 1)
	case "channelredirect":
		if place := Split(c.Args, ',')[1:]; len(place) > 2 { // else the other channel's context
			r.add(Local, strings.Join(place, ","))
		}
		return
	case "originate":
		options = argument(c.Args, 5)
		if strings.EqualFold(argument(c.Args, 1), "exten") {
			exten, priority := argument(c.Args, 3), argument(c.Args, 4)
			if exten == "" {
				exten = "s"
			}
			if priority == "" {
				priority = "1"
			}
			r.add(Local, argument(c.Args, 2)+","+exten+","+priority)
		}
	}
	for _, d := range Split(devices, '&') {
		tech, rest, _ := strings.Cut(strings.TrimSpace(d), "/")
		if !strings.EqualFold(tech, "Local") {
			continue
		}
		exten, context, _ := strings.Cut(rest, "@")
		context, _, _ = strings.Cut(context, "/")
		if exten, _, _ = strings.Cut(exten, "/"); context == "" {
			context = "default"
		}
		r.add(Local, context+","+exten+",1")
	}
	if options == "" {
		return
	}
	for _, letter := range "UbB" {
		if sub, ok := Option(options, byte(letter)); ok && sub != "" {
			sub = strings.ReplaceAll(sub, "^", ",")
			if letter == 'U' && !strings.Contains(sub, "(") {
				parts := strings.SplitN(sub, ",", 2)
				sub = parts[0] + ",s,1"
				if len(parts) > 1 {
					sub += "(" + parts[1] + ")"
				}
			}
			r.sub(sub)
		}
	}
	if sub, ok := Option(options, 'M'); ok {
		r.macro(strings.ReplaceAll(sub, "^", ","))
	}
	for _, letter := range "GF" {
		if sub, ok := Option(options, byte(letter)); ok && sub != "" {
			r.add(Goto, strings.ReplaceAll(sub, "^", ","))
		}
	}
	if _, ok := Option(options, 'd'); ok {
		r.dials = true
	}
}

// functions looks at the functions that run or name places.
func (r *reading) functions(text string) {
	for _, ref := range dialplan.References(text) {
		r.functions(ref.Inner)
		if !ref.Function {
			continue
		}
		switch ref.Name {
		case "EVAL_SUB":
			r.sub(ref.Args)
		case "EVAL_EXTEN":
			r.add(Mention, ref.Args)
		}
	}
}

// blocks are the applications that stand around a block, by those that belong to it.
var blocks = map[string][2]string{
	"while": {"while", "endwhile"}, "endwhile": {"while", "endwhile"}, "exitwhile": {"while", "endwhile"}, "continuewhile": {"while", "endwhile"},
	"if": {"if", "endif"}, "elseif": {"if", "endif"}, "else": {"if", "endif"}, "exitif": {"if", "endif"},
}

// block adds the jumps of While and If, which are found by the steps around.
func (r *reading) block(name string) {
	opens, shuts := blocks[name][0], blocks[name][1]
	steps := r.p.Extension().Priorities
	here := 0
	for steps[here] != r.p {
		here++
	}
	forward := func(each func(name string, p *dialplan.Priority)) *dialplan.Priority {
		depth := 0
		for _, p := range steps[here+1:] {
			switch app := strings.ToLower(p.App); {
			case app == opens:
				depth++
			case app == shuts && depth == 0:
				return p
			case app == shuts:
				depth--
			case depth == 0 && each != nil:
				each(app, p)
			}
		}
		return nil
	}
	to := func(n int) {
		r.edges = append(r.edges, Edge{Kind: Block, Place: Place{Text: strconv.Itoa(n), Priority: strconv.Itoa(n), Implied: true}})
	}
	switch name {
	case "while", "if":
		end := forward(func(app string, p *dialplan.Priority) {
			if name == "if" && (app == "else" || app == "elseif") {
				to(p.Number + 1)
			}
		})
		if end != nil {
			to(end.Number + 1)
		}
	case "exitwhile", "elseif", "else", "exitif":
		r.falls = false
		if end := forward(nil); end != nil {
			to(end.Number + 1)
		}
	case "endwhile", "continuewhile":
		r.falls = false
		depth := 0
		for i := here - 1; i >= 0; i-- {
			switch app := strings.ToLower(steps[i].App); {
			case app == shuts:
				depth++
			case app == opens && depth == 0:
				to(steps[i].Number)
				return
			case app == opens:
				depth--
			}
		}
	}
}
