package dialplan

import (
	"slices"
	"strings"

	"pbx/channel"
)

// Catalog knows every application and function there is. It is filled before the
// first plan is loaded and read by any goroutine from then on.
type Catalog struct {
	apps  map[string]*channel.Application // by lower-case name
	funcs map[string]*channel.Function
}

// NewCatalog returns an empty one.
func NewCatalog() *Catalog {
	return &Catalog{apps: make(map[string]*channel.Application), funcs: make(map[string]*channel.Function)}
}

// AddApplications adds declarations; a later one of the same name replaces the
// earlier.
func (c *Catalog) AddApplications(apps []channel.Application) {
	for i := range apps {
		c.apps[strings.ToLower(apps[i].Name)] = &apps[i]
	}
}

// AddFunctions adds declarations; a later one of the same name replaces the
// earlier.
func (c *Catalog) AddFunctions(funcs []channel.Function) {
	for i := range funcs {
		c.funcs[funcs[i].Name] = &funcs[i]
	}
}

// Application finds an application; names are case-insensitive.
func (c *Catalog) Application(name string) (*channel.Application, bool) {
	a, ok := c.apps[name]
	if !ok {
		a, ok = c.apps[strings.ToLower(name)]
	}
	return a, ok
}

// Function finds a function; names are case-sensitive.
func (c *Catalog) Function(name string) (*channel.Function, bool) {
	f, ok := c.funcs[name]
	return f, ok
}

// Applications returns all applications by name.
func (c *Catalog) Applications() []*channel.Application {
	out := make([]*channel.Application, 0, len(c.apps))
	for _, a := range c.apps {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *channel.Application) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return out
}

// Functions returns all functions by name.
func (c *Catalog) Functions() []*channel.Function {
	out := make([]*channel.Function, 0, len(c.funcs))
	for _, f := range c.funcs {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *channel.Function) int { return strings.Compare(a.Name, b.Name) })
	return out
}
