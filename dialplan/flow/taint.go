package flow

import (
	"maps"
	"slices"
	"strings"

	"pbx/config"
	"pbx/decl"
	"pbx/dialplan"
)

// Origin is where text from a caller was read.
type Origin struct {
	Text string // as it is written: ${EXTEN:1}
	Pos  config.Pos
}

// Tainted is a step where text from a caller arrives at something that it must not
// steer.
type Tainted struct {
	Step   *dialplan.Priority
	Sink   Sink
	Into   string // the application or function
	Via    string // the text that carries it: ${NAME}
	Origin Origin
}

// Sink is what must not be steered.
type Sink uint8

// The sinks.
const (
	Shell     Sink = iota // a command line
	Device                // what Dial calls
	File                  // the name of a file that is written
	Evaluated             // text that is run or substituted as a part of the plan
)

// state are the variables that hold text from a caller, at one step.
type state map[string]Origin

// Taint follows what comes from callers through the plan: extensions of which a
// pattern does not fix the characters, caller IDs, headers. FILTER and functions
// whose result is a number or a digest make it harmless.
func (f *Flow) Taint() []Tainted {
	t := &tainting{f: f, in: make(map[*dialplan.Priority]state), queued: make(map[*dialplan.Priority]bool), globals: make(state)}
	f.Steps(func(p *dialplan.Priority) {
		var s state
		if p == p.Extension().Priorities[0] {
			s = make(state)
			for _, field := range callerFields {
				s["CALLERID("+field+")"] = Origin{"${CALLERID(" + field + ")}", p.Pos}
			}
		}
		t.enter(p, s)
	})
	for len(t.queue) > 0 {
		p := t.queue[0]
		t.queue = t.queue[1:]
		t.queued[p] = false
		t.run(p)
	}
	var out []Tainted
	f.Steps(func(p *dialplan.Priority) { out = append(out, t.sinks(p)...) })
	return out
}

// callerFields are the parts of a caller ID that the caller chooses.
var callerFields = []string{"num", "number", "name", "all", "ani", "ani-num", "ani-name", "dnid", "dnid-num", "rdnis", "rdnis-num", "tag", "subaddr"}

type tainting struct {
	f       *Flow
	in      map[*dialplan.Priority]state
	globals state
	queue   []*dialplan.Priority
	queued  map[*dialplan.Priority]bool
}

// enter brings a state to a step.
func (t *tainting) enter(p *dialplan.Priority, s state) {
	have, seen := t.in[p]
	if !seen {
		have = make(state)
		t.in[p] = have
	}
	grew := !seen
	for name, o := range s {
		if _, ok := have[name]; !ok {
			have[name], grew = o, true
		}
	}
	if grew && !t.queued[p] {
		t.queued[p] = true
		t.queue = append(t.queue, p)
	}
}

// run carries the state of a step to those that follow.
func (t *tainting) run(p *dialplan.Priority) {
	s := maps.Clone(t.in[p])
	for _, c := range t.f.Calls(p) {
		t.assign(p, &c, s)
	}
	for _, at := range t.f.Runs(p) {
		for _, n := range t.f.Next(at) {
			t.enter(n.Step, s)
		}
		for _, e := range t.f.edges[p] {
			if e.Kind == Mention || e.Kind == Digits || e.Place.Implied && e.Kind != Block {
				continue
			}
			next := s
			if e.Kind == Gosub || e.Kind == Macro {
				next = t.called(p, e, s)
			}
			for _, n := range t.f.Resolve(e.Place, at) {
				t.enter(n.Step, next)
			}
		}
	}
}

// called is the state in a subroutine: ARGn are its own.
func (t *tainting) called(p *dialplan.Priority, e Edge, s state) state {
	inner := make(state)
	for name, o := range s {
		if !strings.HasPrefix(name, "ARG") {
			inner[name] = o
		}
	}
	for i, a := range e.Args {
		if o, _, ok := t.text(p, a, s); ok {
			inner["ARG"+string(rune('1'+i))] = o
		}
	}
	return inner
}

// assign follows Set.
func (t *tainting) assign(p *dialplan.Priority, c *Call, s state) {
	if !c.Is("set", "mset") {
		return
	}
	list := []string{c.Args}
	if c.Is("mset") {
		list = Split(c.Args, ',')
	}
	for _, a := range list {
		name, value, ok := Cut(a, '=')
		if !ok {
			continue
		}
		name = strings.TrimSpace(name)
		o, _, dirty := t.text(p, value, s)
		if inner, ok := strings.CutPrefix(name, "GLOBAL("); ok {
			if dirty {
				if _, known := t.globals[strings.TrimSuffix(inner, ")")]; !known {
					t.globals[strings.TrimSuffix(inner, ")")] = o
					t.f.Steps(func(p *dialplan.Priority) { t.requeue(p) })
				}
			}
			continue
		}
		if inner, ok := strings.CutPrefix(name, "LOCAL("); ok {
			name = strings.TrimSuffix(inner, ")")
		}
		name = strings.TrimLeft(name, "_")
		switch {
		case dirty:
			s[name] = o
		case !c.Conditional:
			delete(s, name)
			if name == "CALLERID(all)" {
				delete(s, "CALLERID(num)")
				delete(s, "CALLERID(name)")
			}
		}
	}
}

func (t *tainting) requeue(p *dialplan.Priority) {
	if !t.queued[p] {
		t.queued[p] = true
		t.queue = append(t.queue, p)
	}
}

// text reports whether a text holds something from a caller, where that was read,
// and the reference that carries it here.
func (t *tainting) text(p *dialplan.Priority, text string, s state) (o Origin, via string, dirty bool) {
	for _, r := range dialplan.References(text) {
		written := text[r.Start:r.End]
		switch {
		case r.Expression: // numbers and truth
		case r.Function:
			if o, ok := t.function(p, &r, written, s); ok {
				return o, written, true
			}
		case Dynamic(r.Name):
		case r.Name == "EXTEN":
			if free(p.Extension().Name) {
				return Origin{written, p.Pos}, written, true
			}
		default:
			if o, ok := s[r.Name]; ok {
				return o, written, true
			}
			if o, ok := t.globals[r.Name]; ok {
				return o, written, true
			}
			switch r.Name {
			case "SIPDOMAIN", "SIPURI", "SIPCALLID", "INVALID_EXTEN":
				return Origin{written, p.Pos}, written, true
			}
		}
	}
	return Origin{}, "", false
}

// free reports whether a pattern lets a caller dial any characters.
func free(exten string) bool {
	return strings.HasPrefix(exten, "_") && (strings.HasSuffix(exten, ".") || strings.HasSuffix(exten, "!"))
}

// function reports whether the value of a function comes from a caller.
func (t *tainting) function(p *dialplan.Priority, r *dialplan.Reference, written string, s state) (Origin, bool) {
	switch r.Name {
	case "CALLERID":
		if _, dirty := s["CALLERID("+strings.ToLower(argument(r.Args, 0))+")"]; dirty {
			return Origin{written, p.Pos}, true
		}
		return Origin{}, false
	case "SIP_HEADER", "PJSIP_HEADER", "MESSAGE", "MESSAGE_DATA", "TXTCIDNAME", "ENUMLOOKUP", "ENUMRESULT", "SRVRESULT":
		return Origin{written, p.Pos}, true
	case "GLOBAL":
		o, ok := t.globals[r.Args]
		return o, ok
	case "IF", "IFTIME", "TESTTIME":
		_, branches, _ := Cut(r.Args, '?')
		o, _, ok := t.text(p, branches, s)
		return o, ok
	case "FILTER", "LEN", "MD5", "SHA1", "QUOTE", "MATH", "STRFTIME", "STRPTIME", "REGEX", "FIELDQTY", "FIELDNUM", "ISNULL", "EXISTS",
		"BASE64_ENCODE", "KEYPADHASH", "URIENCODE", "SQL_ESC", "DB", "DB_EXISTS", "DB_KEYS", "DB_KEYCOUNT", "DB_DELETE", "HASH", "SHELL", "CURL", "STAT", "FILE",
		"DEVICE_STATE", "EXTENSION_STATE", "DIALPLAN_EXISTS", "VALID_EXTEN", "VM_INFO", "GROUP_COUNT", "GROUP_MATCH_COUNT", "REALTIME",
		"BLACKLIST", "SIPPEER", "HINT", "ENV", "CHANNEL", "RAND", "DUNDILOOKUP", "QUEUE_EXISTS", "DIGIT_SUM":
		return Origin{}, false
	}
	if strings.HasPrefix(r.Name, "ODBC_") || strings.HasPrefix(r.Name, "SQL_") {
		return Origin{}, false
	}
	if o, _, ok := t.text(p, r.Args, s); ok {
		return o, true
	}
	// CUT and its kin take the name of a variable.
	if fn := t.f.function(r.Name); fn != nil {
		for i, a := range Split(r.Args, ',') {
			if i < len(fn.Args) && fn.Args[i].Target == decl.VarName {
				if o, ok := s[strings.TrimSpace(a)]; ok {
					return o, true
				}
				if a == "EXTEN" && free(p.Extension().Name) {
					return Origin{written, p.Pos}, true
				}
			}
		}
	}
	return Origin{}, false
}

// sinks are the places of a step where text from a caller must not be.
func (t *tainting) sinks(p *dialplan.Priority) []Tainted {
	s := t.in[p]
	var out []Tainted
	tell := func(sink Sink, into, text string) {
		if o, via, ok := t.text(p, text, s); ok {
			out = append(out, Tainted{Step: p, Sink: sink, Into: into, Via: via, Origin: o})
		}
	}
	for _, c := range t.f.Calls(p) {
		switch strings.ToLower(c.Name) {
		case "system", "trysystem":
			tell(Shell, c.Name, c.Args)
		case "dial", "page", "chanisavail", "originate":
			tell(Device, c.Name, argument(c.Args, 0))
		case "retrydial":
			tell(Device, c.Name, argument(c.Args, 3))
		case "record", "mixmonitor", "monitor", "dictate", "receivefax", "sendfax":
			i := 0
			if c.Is("monitor") {
				i = 1
			}
			tell(File, c.Name, argument(c.Args, i))
			if c.Is("mixmonitor") {
				tell(Shell, c.Name, argument(c.Args, 2))
			}
		case "exec", "tryexec":
			tell(Evaluated, c.Name, c.Args)
		case "set", "mset":
			name, _, _ := Cut(c.Args, '=')
			if inner, ok := strings.CutPrefix(strings.TrimSpace(name), "FILE("); ok {
				tell(File, "FILE", argument(inner, 0))
			}
		}
	}
	t.inside(p.Args, func(r *dialplan.Reference) {
		switch r.Name {
		case "SHELL":
			tell(Shell, r.Name, r.Args)
		case "FILE":
			tell(File, r.Name, argument(r.Args, 0))
		case "EVAL":
			tell(Evaluated, r.Name, r.Args)
		}
	})
	return slices.CompactFunc(out, func(a, b Tainted) bool { return a == b })
}

// inside calls do with every function of a text, those within others too.
func (t *tainting) inside(text string, do func(*dialplan.Reference)) {
	for _, r := range dialplan.References(text) {
		if r.Function {
			do(&r)
		}
		t.inside(r.Inner, do)
	}
}
