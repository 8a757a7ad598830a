package server

import (
	"errors"
	"io/fs"
	"strings"

	"pbx/config"
	"pbx/dialplan"
	"pbx/dialplan/flow"
)

// office is what the other files say there is. A nil map is not known: the file is
// not there, or a database takes its place.
type office struct {
	mailboxes map[string]bool // box@context
	queues    map[string]bool
	music     map[string]bool
	// contexts are those of the plan that these files name.
	contexts map[string]bool
	pins     []config.Variable // of mailboxes; the name is the box
	lines    []config.Variable // musicclass of queues
	features []config.Variable // of applicationmap
}

func readOffice(l *config.Loader) *office {
	o := &office{contexts: make(map[string]bool)}
	database := ""
	if f, _, err := l.Load("extconfig.conf"); err == nil {
		for _, s := range f.Sections {
			for _, v := range s.Vars {
				database += " " + v.Name
			}
		}
	}
	load := func(name string, families ...string) *config.File {
		for _, family := range families {
			if strings.Contains(database+" ", " "+family+" ") {
				return nil
			}
		}
		f, _, err := l.Load(name)
		if errors.Is(err, fs.ErrNotExist) || err != nil {
			return nil
		}
		for _, s := range f.Sections {
			for _, v := range s.Vars {
				switch strings.ToLower(v.Name) {
				case "context", "dialout", "callback", "exitcontext", "returncontext":
					o.contexts[v.Value] = true
				}
			}
		}
		return f
	}
	if f := load("voicemail.conf", "voicemail", "voicemail.conf"); f != nil {
		o.mailboxes = make(map[string]bool)
		for _, s := range f.Sections {
			if strings.EqualFold(s.Name, "general") || strings.EqualFold(s.Name, "zonemessages") || s.Template {
				continue
			}
			for _, v := range s.Vars {
				o.mailboxes[v.Name+"@"+s.Name] = true
				o.pins = append(o.pins, v)
			}
		}
	}
	if f := load("queues.conf", "queues", "queues.conf"); f != nil {
		o.queues = sections(f)
		for _, s := range f.Sections {
			o.lines = append(o.lines, s.All("musicclass")...)
			o.lines = append(o.lines, s.All("musiconhold")...)
		}
	}
	if f := load("musiconhold.conf", "musiconhold", "musiconhold.conf"); f != nil {
		o.music = sections(f)
	}
	if f := load("features.conf"); f != nil {
		for _, s := range f.Sections {
			if strings.EqualFold(s.Name, "applicationmap") {
				o.features = append(o.features, s.Vars...)
			}
		}
	}
	load("res_parking.conf")
	load("iax.conf")
	load("chan_dahdi.conf")
	return o
}

// sections are the names of a file's sections but [general].
func sections(f *config.File) map[string]bool {
	names := make(map[string]bool)
	for _, s := range f.Sections {
		if !s.Template && !strings.EqualFold(s.Name, "general") {
			names[s.Name] = true
		}
	}
	return names
}

// could reports whether a text could be one of the names; where nothing is known
// it could.
func could(text dialplan.Shape, names map[string]bool) bool {
	if names == nil || text.Open() || len(text) == 0 {
		return true
	}
	for n := range names {
		if text.CouldEqual(n) {
			return true
		}
	}
	return false
}

func keys(m map[string]bool) (names []string) {
	for n := range m {
		names = append(names, n)
	}
	return names
}

// mailboxes checks the mailboxes, queues and classes of music that the files name.
func (k *planCheck) mailboxes() {
	k.flow.Steps(func(p *dialplan.Priority) {
		k.step, k.exten, k.context = p, p.Extension(), p.Extension().Context
		for _, c := range k.flow.Calls(p) {
			k.names(&c)
		}
	})
	k.pins()
	k.music(k.office.lines...)
	for _, c := range k.plan.Contexts() {
		for _, e := range c.Extensions() {
			if e.Hint == nil {
				continue
			}
			k.step, k.exten, k.context = e.Hint, e, c
			devices, _, _ := strings.Cut(e.Hint.App, ",")
			for _, d := range strings.Split(devices, "&") {
				if box, ok := strings.CutPrefix(strings.TrimSpace(d), "MWI:"); ok {
					k.mailbox(box)
				}
				if queue, ok := strings.CutPrefix(strings.TrimSpace(d), "Queue:"); ok {
					k.queue(queue)
				}
			}
		}
	}
	if k.conf.sip == nil {
		return
	}
	file, _, err := k.conf.loader().Load("sip.conf")
	if err != nil {
		return // said already
	}
	for _, s := range file.Sections {
		if s.Template {
			continue
		}
		for _, v := range s.Vars {
			switch strings.ToLower(v.Name) {
			case "mailbox":
				k.step = &dialplan.Priority{Pos: v.Pos}
				for _, box := range strings.Split(v.Value, ",") {
					k.boxAt(strings.TrimSpace(box))
				}
			case "mohinterpret", "mohsuggest", "musicclass", "musiconhold":
				if v.Value != "passthrough" {
					k.music(v)
				}
			}
		}
	}
}

// names checks the names in one call of an application.
func (k *planCheck) names(c *flow.Call) {
	args := flow.Split(c.Args, ',')
	arg := func(i int) string {
		if i < len(args) {
			return strings.TrimSpace(args[i])
		}
		return ""
	}
	switch strings.ToLower(c.Name) {
	case "voicemail":
		for _, box := range strings.Split(arg(0), "&") {
			k.mailbox(box)
		}
	case "voicemailmain", "vmauthenticate", "voicemailplaymsg", "vmsayname":
		k.mailbox(arg(0))
	case "queue", "addqueuemember", "removequeuemember", "pausequeuemember", "unpausequeuemember", "queueupdate":
		k.queue(arg(0))
	case "musiconhold", "startmusiconhold", "setmusiconhold":
		k.musicName(arg(0))
	case "dial", "waitexten", "retrydial":
		i := map[string]int{"dial": 2, "waitexten": 1, "retrydial": 5}[strings.ToLower(c.Name)]
		if class, ok := flow.Option(arg(i), 'm'); ok && class != "" {
			k.musicName(class)
		}
	case "set":
		if name, value, ok := flow.Cut(c.Args, '='); ok && strings.EqualFold(strings.TrimSpace(name), "CHANNEL(musicclass)") {
			k.musicName(value)
		}
	}
}

// mailbox checks box[@context].
func (k *planCheck) mailbox(box string) {
	if box = strings.TrimSpace(box); box == "" {
		return
	}
	k.boxAt(box)
}

func (k *planCheck) boxAt(box string) {
	if box == "" || box[0] == '@' || k.office.mailboxes == nil {
		return // the caller is asked
	}
	full := box
	if !strings.Contains(full, "@") {
		full += "@default"
	}
	shape := dialplan.Literal(full)
	if dynamic(full) {
		shape = k.flow.Shape(k.step, full)
	}
	if !could(shape, k.office.mailboxes) {
		k.findAt(box, config.Error, "missing-mailbox", didYouMean(full, keys(k.office.mailboxes)), "voicemail.conf has no mailbox %s", full)
	}
}

func (k *planCheck) queue(name string) {
	if name != "" && !could(k.flow.Shape(k.step, name), k.office.queues) {
		k.findAt(name, config.Error, "missing-queue", didYouMean(name, keys(k.office.queues)), "queues.conf has no queue %s", name)
	}
}

// musicName checks a class that a step names.
func (k *planCheck) musicName(class string) {
	if class = strings.TrimSpace(class); class != "" && !could(k.flow.Shape(k.step, class), k.office.music) {
		k.findAt(class, config.Warning, "missing-music", didYouMean(class, keys(k.office.music)), "musiconhold.conf has no class %s", class)
	}
}

// music checks classes that lines of other files name.
func (k *planCheck) music(lines ...config.Variable) {
	for _, v := range lines {
		if v.Value != "" && k.office.music != nil && !k.office.music[v.Value] {
			k.step = &dialplan.Priority{Pos: v.Pos}
			k.findAt(v.Value, config.Warning, "missing-music", didYouMean(v.Value, keys(k.office.music)), "musiconhold.conf has no class %s", v.Value)
		}
	}
}

// pins finds mailboxes that anybody opens.
func (k *planCheck) pins() {
	for _, v := range k.office.pins {
		pin, _, _ := strings.Cut(v.Value, ",")
		pin = strings.TrimPrefix(strings.TrimSpace(pin), "-")
		why := ""
		switch {
		case pin == "":
			why = "has no PIN"
		case pin == v.Name:
			why = "has its own number as PIN"
		case len(pin) < 4:
			why = "has a PIN of fewer than four digits"
		case strings.Contains("01234567890", pin) || strings.Contains("09876543210", pin) || strings.Trim(pin, pin[:1]) == "":
			why = "has a PIN that is tried first"
		default:
			continue
		}
		k.step = &dialplan.Priority{Pos: v.Pos}
		k.find(config.Warning, "weak-pin", "choose six digits or more", "mailbox %s %s", v.Name, why)
	}
}
