package dialplan

import (
	"maps"
	"slices"
	"sync"

	"pbx/channel"
)

// Drivers make contexts and extensions that are in no file, such as those of the
// phones that are registered (regcontext). They are laid over the plan of the file:
// what that has is not changed by them, and a call keeps what it began with.

// dynamic is what was made beside the file.
type dynamic struct {
	mu       sync.Mutex
	base     *Plan                          // of the file
	contexts map[string]string              // who made a context, by its name
	extens   map[[2]string]*channel.OwnStep // by context and extension
}

// SetContexts says which contexts somebody makes beside the file; those that he made
// before and no longer names go with their extensions.
func (e *Engine) SetContexts(by string, names []string) {
	d := &e.dynamic
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, who := range d.contexts {
		if who == by && !slices.Contains(names, name) {
			delete(d.contexts, name)
		}
	}
	for _, name := range names {
		if d.contexts == nil {
			d.contexts = make(map[string]string)
		}
		d.contexts[name] = by
	}
	e.overlay()
}

// made reports whether somebody makes a context beside the file.
func (e *Engine) made(context string) bool {
	d := &e.dynamic
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.contexts[context] != ""
}

// AddStep implements channel.Extensions.
func (e *Engine) AddStep(context, exten string, s channel.OwnStep) {
	d := &e.dynamic
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.extens == nil {
		d.extens = make(map[[2]string]*channel.OwnStep)
	}
	d.extens[[2]string{context, exten}] = &s
	e.patch(context, func(c *Context) {
		e.lift(c, exten)
		e.lay(c, exten, &s)
	})
}

// RemoveStep implements channel.Extensions.
func (e *Engine) RemoveStep(context, exten string) {
	d := &e.dynamic
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.extens, [2]string{context, exten})
	e.patch(context, func(c *Context) { e.lift(c, exten) })
}

// overlay makes the plan of the moment out of that of the file. The caller holds
// the lock, as those of the functions below do.
func (e *Engine) overlay() {
	d := &e.dynamic
	if len(d.contexts) == 0 {
		e.plan.Store(d.base)
		return
	}
	p := d.base.clone()
	for _, name := range slices.Sorted(maps.Keys(d.contexts)) {
		c := p.contexts[name]
		if c == nil {
			c = &Context{Name: name, registrar: d.contexts[name]}
			p.contexts[name] = c
			p.order = append(p.order, c)
		}
		c.own()
	}
	for place, step := range d.extens {
		if c := p.contexts[place[0]]; c != nil && d.contexts[place[0]] != "" {
			e.lay(c, place[1], step)
		}
	}
	p.link()
	e.plan.Store(p)
}

// patch changes one context of the plan of the moment, in a copy.
func (e *Engine) patch(context string, change func(c *Context)) {
	if e.dynamic.contexts[context] == "" {
		return
	}
	p := e.plan.Load().clone()
	c := p.contexts[context]
	c.own()
	change(c)
	p.link()
	e.plan.Store(p)
}

// clone is a copy of the plan whose contexts may be changed, once they own what is
// changed of them.
func (p *Plan) clone() *Plan {
	n := *p
	n.contexts = make(map[string]*Context, len(p.contexts)+1)
	n.order = make([]*Context, 0, len(p.order)+1)
	for _, c := range p.order {
		c := *c
		n.contexts[c.Name] = &c
		n.order = append(n.order, &c)
	}
	return &n
}

// link leads the includes to the contexts of this plan.
func (p *Plan) link() {
	for _, c := range p.order {
		c.plan = p
		c.Includes = slices.Clone(c.Includes)
		for i := range c.Includes {
			c.Includes[i].context = p.contexts[c.Includes[i].Context]
		}
	}
}

// own has a context no longer share its extensions with that it was copied from.
func (c *Context) own() {
	if c.literals = maps.Clone(c.literals); c.literals == nil {
		c.literals = make(map[string][]*Extension)
	}
	c.sorted = slices.Clone(c.sorted)
}

// lay puts a step into a context, as priority 1 of its extension; one that the file
// has there stays.
func (e *Engine) lay(c *Context, name string, step *channel.OwnStep) {
	key := undash(name)
	p := &Priority{Number: 1, App: step.App, Args: step.Args, registrar: step.Registrar}
	p.template, _ = compile(step.Args)
	p.app, _ = e.catalog.Application(step.App)
	for i, x := range c.literals[key] {
		if !x.AnyCaller {
			continue
		}
		if x.Priority(1) != nil {
			return
		}
		more := *x
		p.extension = &more
		more.Priorities = append([]*Priority{p}, x.Priorities...)
		c.literals[key] = slices.Clone(c.literals[key])
		c.literals[key][i] = &more
		return
	}
	if c.literals[key] == nil {
		at, _ := slices.BinarySearch(c.sorted, key)
		c.sorted = slices.Insert(c.sorted, at, key)
	}
	x := &Extension{Name: name, Context: c, AnyCaller: true, Priorities: []*Priority{p}}
	p.extension = x
	c.literals[key] = append(slices.Clone(c.literals[key]), x)
	c.count++
}

// lift has an extension be again what the file has of it.
func (e *Engine) lift(c *Context, name string) {
	key := undash(name)
	var of []*Extension
	if base := e.dynamic.base.contexts[c.Name]; base != nil {
		of = base.literals[key]
	}
	c.count += len(of) - len(c.literals[key])
	if len(of) > 0 {
		c.literals[key] = of
		return
	}
	if at, ok := slices.BinarySearch(c.sorted, key); ok {
		c.sorted = slices.Delete(c.sorted, at, at+1)
	}
	delete(c.literals, key)
}
