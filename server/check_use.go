package server

import (
	"fmt"
	"regexp"
	"strings"

	"pbx/config"
	"pbx/dialplan"
	"pbx/dialplan/flow"
)

// unused names contexts that nothing leads to. Where a place depends on a variable
// nothing can be said.
func (k *planCheck) unused() {
	if k.conf.sip == nil {
		return
	}
	k.named = make(map[string]bool)
	for name := range k.reached {
		k.named[name] = true
	}
	words := []string{"default", k.plan.Settings.UsersContext, k.conf.sip.General.Defaults.Context}
	for _, p := range k.conf.sip.Peers {
		words = append(words, p.Context, p.SubscribeContext)
		for _, v := range p.Variables {
			words = append(words, v.Value.S) // such as TRANSFER_CONTEXT
		}
	}
	for _, d := range k.conf.sip.General.Domains {
		words = append(words, d.Context)
	}
	for _, w := range words {
		k.reached[w], k.named[w] = true, true
	}
	for _, c := range k.plan.Contexts() {
		for _, i := range c.Includes {
			k.reached[i.Context] = true
		}
	}
	if k.open {
		return
	}
	for _, c := range k.plan.Contexts() {
		if k.reached[c.Name] || k.office.contexts[c.Name] || c.Name == "parkedcalls" {
			continue
		}
		k.found = append(k.found, config.Finding{
			Pos: c.Pos, Severity: config.Note, Rule: "unused-context", Token: c.Name,
			Message: fmt.Sprintf("nothing leads to context %s: no device, include or jump names it", c.Name),
		})
	}
}

// labels names labels that nothing jumps to.
func (k *planCheck) labels() {
	if k.open {
		return
	}
	k.flow.Steps(func(p *dialplan.Priority) {
		if k.step = p; p.Label != "" && !k.entered[p] {
			k.findAt(p.Label, config.Note, "unused-label", "", "nothing jumps to label %s", p.Label)
		}
	})
}

// loops finds rounds that a call never leaves and in which nothing waits.
func (k *planCheck) loops() {
	for _, l := range k.flow.Loops() {
		k.step = l.Step
		if l.Condition == "" {
			k.find(config.Warning, "endless-loop", "wait in it, or count the rounds", "the call goes round from here to %s without end, and nothing on the way waits", l.To.Pos)
			continue
		}
		k.find(config.Warning, "endless-loop", "change a variable of the condition in it, or wait", "the call goes round from here to %s without end: nothing on the way waits or changes %s", l.To.Pos, l.Condition)
	}
}

// given are variables that something beside the plan sets on a channel.
var given = regexp.MustCompile(`^(ARG\d+|ARGC|MACRO_.*|GOSUB_RETVAL|SIP.*|RTP.*|BLINDTRANSFER|TRANSFERERNAME|ATTENDED.*|TRANSFER_.*|FORWARD.*|INVALID_EXTEN|BRIDGEP.*|DIALED.*|` +
	`ANSWEREDTIME.*|DIALSTATUS|HANGUPCAUSE|CALLINGSUBADDR|RECORDED_FILE|RECORD_STATUS|MIXMONITOR_.*|MONITOR_.*|QUEUE.*|QE.*|` +
	`MEMBER.*|VM_.*|VMSTATUS|MEETME.*|CONFBRIDGE.*|PARK.*|AGI.*|FAX.*|REMOTESTATIONID|LOCALSTATIONID|AMD.*|REASON|MACHINE|ENUM.*|CURL.*|ODBC.*|DB_RESULT|` +
	`PLAYBACKSTATUS|[A-Z_]+STATUS|EXCEPTION|FOLLOWME.*|DIRECTORY_.*|KEYPAD.*|PRI.*|PAGE.*|VXML_URL|ALERT_INFO|CHANNEL.*|LOCAL.*|DYNAMIC_.*|THREADID|NULL|` +
	`TOUCH_.*|AUDIOHOOK_.*|HASHRESULT|TXT.*|SMDI.*|LIMIT_.*|EXITCONTEXT|OUTBOUND_.*|~~.*~~)$`)

// neverSet names variables that nothing sets.
func (k *planCheck) neverSet() {
	vars := k.flow.Variables()
	if vars.Open {
		return
	}
	known := make(map[string]bool)
	var names []string
	for _, g := range k.plan.Globals {
		known[g.Name] = true
	}
	for _, n := range dialplan.BuiltinVariables() {
		known[n] = true
	}
	for _, a := range k.catalog.Applications() {
		for _, v := range a.Variables {
			known[v.Name] = true
		}
	}
	if k.conf.sip != nil {
		for _, p := range k.conf.sip.Peers {
			for _, v := range p.Variables {
				known[strings.TrimLeft(v.Name, "_")] = true
			}
		}
	}
	for n := range vars.Set {
		names = append(names, n)
	}
	for n := range known {
		names = append(names, n)
	}
	for _, r := range vars.Reads {
		if known[r.Name] || vars.IsSet(r.Name) {
			continue
		}
		k.step = r.Step
		if now, old := dialplan.OldVariable(r.Name); old {
			k.findAt(r.Name, config.Warning, "never-set", "write ${"+now+"}", "nothing sets the variable %s any more: it is empty", r.Name)
			continue
		}
		if given.MatchString(r.Name) {
			continue
		}
		severity, hint := config.Note, ""
		if len(r.Name) > 3 {
			hint = didYouMean(r.Name, names)
		}
		if hint != "" {
			severity = config.Warning
		}
		k.findAt(r.Name, severity, "never-set", hint, "nothing sets the variable %s: it is empty", r.Name)
	}
}

// neverEmpty are functions whose value is never nothing.
var neverEmpty = map[string]bool{
	"LEN": true, "QUOTE": true, "CSV_QUOTE": true, "RAND": true, "MATH": true, "FIELDQTY": true, "STRFTIME": true, "DEVICE_STATE": true, "EXTENSION_STATE": true, "DIALPLAN_EXISTS": true,
	"EXISTS": true, "ISNULL": true, "REGEX": true, "DB_EXISTS": true, "VALID_EXTEN": true, "GROUP_COUNT": true, "GROUP_MATCH_COUNT": true, "INC": true,
	"DEC": true, "ABS": true, "MIN": true, "MAX": true, "MD5": true, "SHA1": true, "STAT": true, "VMCOUNT": true, "QUEUE_EXISTS": true, "CHANNEL_EXISTS": true,
	"GLOBAL_EXISTS": true, "VARIABLE_EXISTS": true, "TIMEOUT": true, "DB_KEYCOUNT": true, "STRPTIME": true, "TESTTIME": true, "BLACKLIST": true, "LOCK": true,
	"TRYLOCK": true, "CALLCOMPLETION": true, "VM_INFO": true, "QUEUE_MEMBER": true, "QUEUE_MEMBER_COUNT": true, "QUEUE_WAITING_COUNT": true, "MEETME_INFO": true,
	"DIGIT_SUM": true, "FIELDNUM": true, "IFMODULE": true, "CONFBRIDGE_INFO": true, "DUNDIQUERY": true, "ENUMQUERY": true, "FILE_COUNT_LINE": true, "UUID": true,
	"MAILBOX_EXISTS": true, "PRESENCE_STATE": true, "UNLOCK": true, "ODBC_FETCH": true,
}

// expressions looks into the expressions of a text.
func (k *planCheck) expressions(text string) {
	k.quotes(text)
	for _, r := range dialplan.References(text) {
		if r.Expression {
			k.expression(r.Inner)
		}
		k.expressions(r.Inner)
	}
}

// operator are the characters that stand between the operands of an expression.
const operators = " \t()=<>!&|+-*/%:?~"

// expression finds variables that would leave a hole where they are empty.
func (k *planCheck) expression(text string) {
	if flow.Quotes(text)%2 != 0 {
		k.findAt(text, config.Warning, "unbalanced-quotes", "close them", "the quotes in $[%s] are not closed", text)
		return
	}
	for _, r := range dialplan.References(text) {
		written := text[r.Start:r.End]
		switch {
		case r.Expression || flow.Quotes(text[:r.Start])%2 != 0:
			continue
		case r.Start > 0 && strings.IndexByte(operators, text[r.Start-1]) < 0, r.End < len(text) && strings.IndexByte(operators, text[r.End]) < 0:
			continue // a part of a word
		case strings.TrimSpace(text) == written:
			continue // a truth by itself
		case r.Function && (neverEmpty[r.Name] || dynamic(r.Name)), !r.Function && k.filled(r.Name):
			continue
		}
		k.findAt(written, config.Note, "unquoted", `write "`+written+`" on both sides of a comparison, or put a 0 before a number`,
			"where %s is empty or has blanks, $[%s] cannot be computed", written, text)
	}
}

// conditional are applications whose text begins with a condition, up to a question
// mark or the end.
var conditional = map[string]bool{"gotoif": true, "gosubif": true, "macroif": true, "execif": true, "while": true, "if": true, "elseif": true, "exitif": true}

// condition finds a comparison that nothing computes, because it stands outside of
// $[ ]: the text itself is the condition then.
func (k *planCheck) condition(text string) {
	condition, _, _ := flow.Cut(text, '?')
	condition = strings.TrimSpace(condition)
	var own strings.Builder // what the plan writes beside what is put in
	at := 0
	for _, r := range dialplan.References(condition) {
		own.WriteString(condition[at:r.Start])
		at = r.End
	}
	own.WriteString(condition[at:])
	rest := own.String()
	if condition == "" || strings.Contains(rest, "$[") || strings.Contains(rest, "${") { // one that is not closed is told as that
		return
	}
	if strings.IndexByte(`["`, condition[0]) < 0 && !strings.ContainsAny(rest, "=<>!&|") {
		return
	}
	truth := "which is true unless it begins with a 0"
	if condition[0] != '$' && strings.IndexByte("+-0123456789", condition[0]) < 0 {
		truth = "which is always true"
	}
	k.findAt(condition, config.Warning, "text-condition", "write it as $["+strings.Trim(condition, "[]")+"]",
		"nothing is computed outside of $[ ]: the condition is the text %s, %s", condition, truth)
}

// filled reports whether a variable has a value wherever the step runs.
func (k *planCheck) filled(name string) bool {
	switch name {
	case "EPOCH", "PRIORITY", "EXTEN", "CONTEXT", "UNIQUEID", "CHANNEL", "ARGC", "HANGUPCAUSE":
		return true
	}
	if dynamic(name) || k.flow.Globals("${"+name+"}") != "${"+name+"}" {
		return true
	}
	for _, p := range k.flow.Variables().Set[name] {
		if p.Extension() == k.exten && p.Number < k.step.Number && k.flow.Fills(p, name) {
			return true
		}
	}
	return k.flow.AlwaysFilled(name)
}

// texts are applications whose argument is text for people.
var texts = map[string]bool{"noop": true, "verbose": true, "log": true, "set": true, "mset": true, "sendtext": true, "userevent": true, "dumpchan": true}

// quotes finds a quote that is not closed, which takes the commas behind it.
func (k *planCheck) quotes(text string) {
	if text != k.step.Args || texts[strings.ToLower(k.step.App)] || flow.Quotes(text)%2 == 0 {
		return
	}
	for _, r := range dialplan.References(text) {
		if flow.Quotes(text[r.Start:r.End])%2 != 0 {
			return // told there
		}
	}
	k.findAt(`"`, config.Warning, "unbalanced-quotes", "close them", "the quotes are not closed: what follows them is one argument")
}
