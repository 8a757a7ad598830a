package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/dialplan/flow"
	"pbx/media/sound"
)

// planCheck looks at every step of the plan as its application's declaration
// reads it. What is only known when a call runs (a variable) is passed over.
type planCheck struct {
	conf    *configuration
	plan    *dialplan.Plan
	catalog *dialplan.Catalog
	sounds  *sound.Library
	devices map[string]string // lower-case name → name, of sip.conf
	flow    *flow.Flow
	office  *office
	found   []config.Finding

	// where the check is
	context *dialplan.Context
	exten   *dialplan.Extension
	step    *dialplan.Priority
	// entered are the steps that something jumps to, or comes to from another
	// extension.
	entered map[*dialplan.Priority]bool
	// reached are the contexts that something names; open is true once a place
	// depends on a variable.
	reached map[string]bool
	named   map[string]bool // by more than an include
	open    bool
}

func newPlanCheck(c *configuration, catalog *dialplan.Catalog, sounds *sound.Library) *planCheck {
	k := &planCheck{
		conf: c, plan: c.plan, catalog: catalog, sounds: sounds, flow: flow.New(c.plan, catalog), office: readOffice(c.loader()),
		devices: make(map[string]string), reached: make(map[string]bool),
	}
	if c.sip != nil {
		for _, p := range c.sip.Peers {
			k.devices[strings.ToLower(p.Name)] = p.Name
		}
	}
	return k
}

func (k *planCheck) run() []config.Finding {
	k.enter()
	for _, k.context = range k.plan.Contexts() {
		for _, k.exten = range k.context.Extensions() {
			k.letters()
			if k.step = k.exten.Hint; k.step != nil {
				k.hint()
			}
			for _, k.step = range k.exten.Priorities {
				k.functions(k.step.Args)
				for i, c := range k.flow.Calls(k.step) {
					if c.App != nil {
						k.application(c.App, c.Args)
					} else if i > 0 { // the step's own is told by the loader
						k.findAt(c.Name, config.Error, "unknown-application", k.catalog.ApplicationHint(c.Name), "there is no application %q", c.Name)
					}
				}
				k.places()
				k.expressions(k.step.Args)
			}
			k.gaps()
		}
	}
	k.timers()
	k.dialled()
	k.missed()
	k.unused()
	k.hidden()
	k.labels()
	k.loops()
	k.neverSet()
	k.tainted()
	k.guests()
	k.mailboxes()
	return k.found
}

func (k *planCheck) find(s config.Severity, rule, hint, format string, args ...any) {
	k.found = append(k.found, config.Finding{Pos: k.step.Pos, Severity: s, Rule: rule, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// findAt is find for a part of the line.
func (k *planCheck) findAt(token string, s config.Severity, rule, hint, format string, args ...any) {
	k.find(s, rule, hint, format, args...)
	k.found[len(k.found)-1].Token = token
}

// dynamic reports whether text is known only when a call runs.
func dynamic(text string) bool { return flow.Dynamic(text) }

// known puts in what is known beforehand: the extension where it is no pattern,
// the context, and global variables as the file sets them.
func (k *planCheck) known(text string) string {
	if !dynamic(text) {
		return text
	}
	text = k.flow.Globals(text)
	text = strings.ReplaceAll(text, "${CONTEXT}", k.context.Name)
	if !k.exten.Pattern() && len(k.exten.Name) > 1 {
		text = strings.ReplaceAll(text, "${EXTEN}", k.exten.Name)
		for n := 1; n < len(k.exten.Name); n++ {
			text = strings.ReplaceAll(text, fmt.Sprintf("${EXTEN:%d}", n), k.exten.Name[n:])
		}
	}
	return text
}

// application checks one application with the text between its parentheses.
func (k *planCheck) application(app *channel.Application, text string) {
	if name := strings.ToLower(app.Name); conditional[name] && (name != "execif" || !flow.Old(text)) {
		k.condition(text)
	}
	text = k.known(text)
	if shaped[strings.ToLower(app.Name)] {
		k.raw(app, text)
		return
	}
	most := len(app.Args)
	if most > 0 && app.Args[most-1].Repeat {
		most = 0
	}
	args := decl.Split(text, most)
	need := 0
	for _, a := range app.Args {
		if !a.Optional {
			need++
		}
	}
	if bar, _, found := flow.Cut(text, '|'); found && (len(args) == 1 || app.Name == "Dial") && barred[strings.ToLower(app.Name)] {
		k.findAt(strings.TrimPrefix(text, bar), config.Warning, "old-arguments", "commas do", "bars do not divide the arguments of %s", app.Name)
	}
	if len(args) < need {
		k.find(config.Error, "argument-count", "", "%s needs %s: %s", app.Name, plural(need, "argument"), usageLine(app))
	} else if len(app.Args) == 0 && !app.Raw && strings.TrimSpace(text) != "" {
		k.find(config.Warning, "argument-count", "", "%s takes no arguments", app.Name)
	}
	for i, value := range args {
		k.argument(app, app.Args[min(i, max(0, len(app.Args)-1)):], value)
	}
}

// barred are applications of which no argument has a use for the bars that divided
// arguments in old versions.
var barred = map[string]bool{
	"dial": true, "retrydial": true, "read": true, "readexten": true, "background": true, "playback": true, "controlplayback": true, "wait": true,
	"waitexten": true, "disa": true, "authenticate": true, "musiconhold": true, "sayunixtime": true, "datetime": true, "record": true, "voicemail": true,
	"voicemailmain": true, "queue": true, "addqueuemember": true, "removequeuemember": true, "mixmonitor": true, "monitor": true, "chanspy": true,
	"directory": true, "zapateller": true, "senddtmf": true, "chanisavail": true, "meetme": true, "page": true, "followme": true, "macro": true,
	"agi": true, "eagi": true, "deadagi": true, "waitforsilence": true, "privacymanager": true,
}

func usageLine(app *channel.Application) string {
	var names []string
	for _, a := range app.Args {
		n := a.Name
		if a.Optional {
			n = "[" + n + "]"
		}
		names = append(names, n)
	}
	return app.Name + "(" + strings.Join(names, ",") + ")"
}

// argument checks one argument by its declaration, the first of decls.
func (k *planCheck) argument(app *channel.Application, decls []decl.Arg, value string) {
	if len(decls) == 0 || value == "" {
		return
	}
	d := decls[0]
	if d.Options {
		k.options(app, value)
		return
	}
	values := []string{value}
	if d.Separator != "" {
		values = values[:0]
		for more := true; more; {
			var v string
			v, value, more = flow.Cut(value, d.Separator[0])
			values = append(values, v)
		}
	}
	for _, v := range values {
		v = strings.TrimSpace(v)
		switch d.Target {
		case decl.Device:
			k.device(v)
		case decl.Sound:
			k.sound(v)
		case decl.ContextRef:
			k.contextName(v)
		}
	}
}

// options checks option letters. A text with a variable is passed over.
func (k *planCheck) options(app *channel.Application, text string) {
	if dynamic(text) {
		return
	}
	var a decl.Args
	var unknown []string
	for _, c := range a.ParseOptions(text, app.Options) {
		if letter := strconv.Quote(string(c)); !slices.Contains(unknown, letter) {
			unknown = append(unknown, letter)
		}
	}
	if len(unknown) > 0 {
		what := "option"
		if len(unknown) > 1 {
			what = "options"
		}
		k.findAt(text, config.Warning, "unknown-option", "`core show application "+app.Name+"` lists them", "%s has no %s %s", app.Name, what, strings.Join(unknown, ", "))
	}
	for _, o := range app.Options {
		if _, given := a.Option(o.Letter); given && o.Absent != "" {
			k.findAt(text, config.Note, "absent-option", "", "%s does not act on option %s yet: %s", app.Name, string(o.Letter), o.Absent)
		}
	}
}

func (k *planCheck) sound(name string) {
	if name == "" || dynamic(name) {
		return
	}
	if !k.sounds.Exists(sound.Request{Name: name, Language: k.conf.core.Language}) {
		k.findAt(name, config.Warning, "missing-sound", "", "there is no sound file %s", name)
	}
}

// device checks one part of a dial string.
func (k *planCheck) device(text string) {
	tech, resource, ok := strings.Cut(text, "/")
	switch {
	case dynamic(tech) || text == "":
		return
	case !ok || resource == "":
		k.findAt(text, config.Error, "bad-device", "", "%q is not Technology/device", text)
		return
	}
	if !strings.EqualFold(tech, "SIP") {
		k.technology(tech, text)
		return
	}
	name, _, _ := strings.Cut(resource, "/")
	if i := strings.LastIndexByte(name, '@'); i >= 0 {
		name = name[i+1:]
	}
	name, _, _ = strings.Cut(name, "!")
	if dynamic(resource) && dynamic(name) || name == "" {
		return
	}
	if _, there := k.devices[strings.ToLower(name)]; there || k.conf.sip == nil {
		return
	}
	if strings.ContainsAny(name, ".:[") {
		return // a host
	}
	k.findAt(name, config.Error, "unknown-device", k.nearDevice(name), "sip.conf has no [%s]", name)
}

func (k *planCheck) technology(tech, text string) {
	if strings.EqualFold(tech, "Local") {
		return // a place, and checked as one
	}
	k.findAt(tech, config.Warning, "unknown-technology", "", "%s: there is no channel driver %s", text, tech)
}

func (k *planCheck) nearDevice(name string) string {
	var names []string
	for _, n := range k.devices {
		names = append(names, n)
	}
	slices.Sort(names)
	return didYouMean(name, names)
}

// hint checks the devices of a hint.
func (k *planCheck) hint() {
	devices, _, _ := strings.Cut(k.known(k.step.App), ",")
	for _, d := range strings.Split(devices, "&") {
		d = strings.TrimSpace(d)
		tech, name, slash := strings.Cut(d, "/")
		switch {
		case !slash || dynamic(tech) || strings.IndexByte(tech, ':') >= 0:
			continue
		case !strings.EqualFold(tech, "SIP"):
			k.technology(tech, d)
			continue
		case dynamic(name):
			continue
		}
		if _, there := k.devices[strings.ToLower(name)]; !there && k.conf.sip != nil {
			k.findAt(d, config.Error, "unknown-device", k.nearDevice(name), "the hint of %s watches SIP/%s, and sip.conf has no [%s]", k.exten.Name, name, name)
		}
	}
}

func (k *planCheck) contextName(name string) {
	if name == "" {
		return
	}
	if dynamic(name) {
		k.open = true
		return
	}
	k.reached[name] = true
	if _, ok := k.plan.Context(name); !ok {
		k.findAt(name, config.Error, "unknown-context", k.nearContext(name), "there is no context %s", name)
	}
}

func (k *planCheck) nearContext(name string) string {
	var names []string
	for _, c := range k.plan.Contexts() {
		names = append(names, c.Name)
	}
	return didYouMean(name, names)
}
