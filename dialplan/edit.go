package dialplan

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/config"
)

// A plan does not change; an edit from the console makes a new one out of the file
// that was read and all edits since. What was added stays through a reload, until
// the exchange stops; what was taken away comes back with the file.

// editPos is where lines stand that were typed on the console.
var editPos = config.Pos{File: "CLI"}

// edits are what was added to the file, and taken away from it.
type edits struct {
	file    *config.File // that the plan was built of
	added   []*config.Section
	removed map[removal]bool
}

// removal names what a builder leaves out.
type removal struct {
	context, kind string // exten, include, ignorepat or context
	name, caller  string
	priority      int // of an exten; 0 is all of it
}

// HintPriority stands for the priority hint of an extension.
const HintPriority = -1

// editedPriority reads the priority of an edit: a number, or hint.
func editedPriority(text string) (int, error) {
	if text = strings.TrimSpace(text); strings.EqualFold(text, "hint") {
		return HintPriority, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a priority", text)
	}
	return n, nil
}

// drops reports whether a line of the file was taken away.
func (x *edits) drops(context, kind, name, caller string, priority int, pos config.Pos) bool {
	if x == nil || len(x.removed) == 0 || pos == editPos {
		return false
	}
	return x.removed[removal{context, kind, name, caller, priority}] || x.removed[removal{context, kind, name, caller, 0}]
}

var errNothingLikeIt = errors.New("there is nothing like it")

// AddLine adds a line to a context of the plan, such as "exten" with the value
// "6123,1,NoOp(hello)". With replace it takes the place of one that is there.
func (e *Engine) AddLine(context, key, value string, replace bool) error {
	return e.edit(func(x *edits) error {
		if key == "exten" {
			name, rest, _ := cutOutside(value)
			exten, caller, _ := splitCaller(strings.TrimSpace(name))
			n, err := editedPriority(strings.SplitN(rest, ",", 2)[0])
			if err != nil {
				return err
			}
			if replace {
				x.remove(removal{context, key, exten, caller, n})
			}
		}
		x.added = append(x.added, &config.Section{
			Name: context, Pos: editPos, Vars: []config.Variable{{Name: key, Value: value, Object: true, Pos: editPos}},
		})
		return nil
	})
}

// HasExtension reports whether a context has that priority of an extension as it is
// written; "hint" is one too.
func (e *Engine) HasExtension(context, name, priority string) bool {
	exten, caller, _ := splitCaller(name)
	c, ok := e.Plan().contexts[context]
	if !ok {
		return false
	}
	n, _ := strconv.Atoi(priority)
	for _, x := range c.Extensions() {
		if compareNames(x.Name, exten) == 0 && x.Caller == caller && (x.Priority(n) != nil || x.Hint != nil && strings.EqualFold(priority, "hint")) {
			return true
		}
	}
	return false
}

// RemoveExtension takes an extension, or one priority of it if that is not 0, out of
// a context; HintPriority is its hint.
func (e *Engine) RemoveExtension(context, name string, priority int) error {
	exten, caller, _ := splitCaller(name)
	c, ok := e.Plan().contexts[context]
	if !ok {
		return fmt.Errorf("there is no context '%s'", context)
	}
	there := false
	for _, x := range c.Extensions() {
		if compareNames(x.Name, exten) == 0 && x.Caller == caller && (priority == 0 || x.Priority(priority) != nil || priority == HintPriority && x.Hint != nil) {
			exten, there = x.Name, true
		}
	}
	if !there {
		return errNothingLikeIt
	}
	return e.edit(func(x *edits) error {
		x.remove(removal{context, "exten", exten, caller, priority})
		return nil
	})
}

// hasLine reports whether a context has an include or ignorepat.
func (e *Engine) hasLine(context, key, value string) bool {
	c, ok := e.Plan().contexts[context]
	if !ok {
		return false
	}
	if key == "include" {
		return slices.ContainsFunc(c.Includes, func(i Include) bool { return i.Text == value })
	}
	return slices.ContainsFunc(c.IgnorePatterns, func(i IgnorePattern) bool { return i.Pattern == value })
}

// RemoveLine takes an include or ignorepat out of a context.
func (e *Engine) RemoveLine(context, key, value string) error {
	if _, ok := e.Plan().contexts[context]; !ok {
		return fmt.Errorf("there is no context '%s'", context)
	}
	if !e.hasLine(context, key, value) {
		return errNothingLikeIt
	}
	return e.edit(func(x *edits) error {
		x.remove(removal{context: context, kind: key, name: value})
		return nil
	})
}

// RemoveContext takes a context out of the plan.
func (e *Engine) RemoveContext(context string) error {
	if _, ok := e.Plan().contexts[context]; !ok {
		return errNothingLikeIt
	}
	return e.edit(func(x *edits) error {
		x.remove(removal{context: context, kind: "context"})
		return nil
	})
}

// remove takes away what was added, or notes what the file has.
func (x *edits) remove(r removal) {
	kept := x.added[:0:0]
	for _, s := range x.added {
		v := s.Vars[0]
		name, caller, priority := v.Value, "", 0
		if v.Name == "exten" {
			var rest string
			name, rest, _ = cutOutside(v.Value)
			name, caller, _ = splitCaller(strings.TrimSpace(name))
			priority, _ = editedPriority(strings.SplitN(rest, ",", 2)[0])
		}
		gone := s.Name == r.context && (r.kind == "context" ||
			v.Name == r.kind && name == r.name && caller == r.caller && (r.priority == 0 || priority == r.priority))
		if !gone {
			kept = append(kept, s)
		}
	}
	x.added = kept
	removed := make(map[removal]bool, len(x.removed)+1)
	for k := range x.removed {
		removed[k] = true
	}
	removed[r] = true
	x.removed = removed
}

// edit changes what the plan is made of and puts the new plan in its place; where
// that does not do, nothing changes.
func (e *Engine) edit(change func(x *edits) error) error {
	d := &e.dynamic
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.base == nil || d.base.edits.file == nil {
		return errors.New("there is no plan to be changed")
	}
	x := d.base.edits
	x.added = append([]*config.Section(nil), x.added...)
	before := len(x.added)
	if err := change(&x); err != nil {
		return err
	}
	p, findings := e.assemble(x)
	for _, f := range findings {
		if f.Pos == editPos && len(x.added) > before && f.Severity >= config.Warning && f.Rule != "include-missing" {
			return errors.New(f.Message)
		}
	}
	p.tables, p.globals = e.opts.Tables, &e.globals
	d.base = p
	e.overlay()
	for _, f := range e.swapped {
		f()
	}
	return nil
}

// assemble builds the plan of a file and its edits. d.mu is held.
func (e *Engine) assemble(x edits) (*Plan, []config.Finding) {
	whole := *x.file
	whole.Sections = append(append([]*config.Section(nil), x.file.Sections...), x.added...)
	made := func(context string) bool { return e.dynamic.contexts[context] != "" }
	p, findings := buildEdited(&whole, e.catalog, e.Global, made, &x)
	p.edits = x
	return p, findings
}

// keep carries the additions of the console over to a plan that was read anew.
func (e *Engine) keep(p *Plan) *Plan {
	d := &e.dynamic
	if d.base == nil || len(d.base.edits.added) == 0 || p.edits.file == nil {
		return p
	}
	n, _ := e.assemble(edits{file: p.edits.file, added: d.base.edits.added})
	return n
}
