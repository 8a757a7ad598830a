package funcs

import (
	"errors"
	"fmt"
	"sync"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

func variableFunctions(d Deps) []channel.Function {
	return []channel.Function{
		{
			Name: "GLOBAL", Synopsis: "A global variable", Help: "Global variables live until the exchange stops.", Raw: true,
			Args: []decl.Arg{variable("the variable")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				v, _ := d.Engine.GlobalValue(a.Raw)
				return handOn(a, v)
			},
			Write: func(_ channel.Thread, a *decl.Args, v string) error {
				d.Engine.SetGlobalValue(a.Raw, channel.Value{S: v, Taint: a.Taint})
				return nil
			},
		},
		{
			Name: "GLOBAL_EXISTS", Synopsis: "1 when a global variable is set", Raw: true, Args: []decl.Arg{variable("the variable")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				_, ok := t.Global(a.Raw)
				return flag(ok), nil
			},
		},
		{
			Name: "GLOBAL_DELETE", Synopsis: "Remove a global variable", Help: "Set(GLOBAL_DELETE(name)=) removes it.", Raw: true,
			Args: []decl.Arg{variable("the variable")},
			Write: func(_ channel.Thread, a *decl.Args, _ string) error {
				d.Engine.DeleteGlobal(a.Raw)
				return nil
			},
		},
		{
			Name: "VARIABLE_EXISTS", Synopsis: "1 when a channel variable is set", Raw: true, Args: []decl.Arg{variable("the variable")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				_, ok := t.Channel().Var(a.Raw)
				return flag(ok), nil
			},
		},
		{
			Name: "DELETE", Synopsis: "Remove a channel variable", Help: "Set(DELETE(name)=) removes it.", Raw: true,
			Args: []decl.Arg{variable("the variable")},
			Write: func(t channel.Thread, a *decl.Args, _ string) error {
				t.Channel().UnsetVar(a.Raw)
				return nil
			},
		},
		{
			Name: "LOCAL", Synopsis: "A variable of the subroutine", Help: "It is gone, and one that it hides is back, after Return. One that is not the subroutine's own is read as nothing.", Raw: true,
			Args: []decl.Arg{variable("the variable")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				thread, ok := t.(*dialplan.Thread)
				if !ok {
					return "", nil
				}
				v, _ := thread.Local(a.Raw)
				return handOn(a, v)
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				return t.SetLocal(a.Raw, channel.Value{S: v, Taint: a.Taint})
			},
		},
		{
			Name: "LOCAL_PEEK", Synopsis: "A variable as an outer subroutine has it", SeeAlso: []string{"LOCAL", "STACK_PEEK"},
			Args: []decl.Arg{arg("n", "how many levels out, 0 is the subroutine that runs"), variable("the variable")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				n, ok := leadingInteger(a.Arg(0))
				thread, is := t.(*dialplan.Thread)
				if !ok || !is || a.Arg(1) == "" {
					return "", errors.New("syntax: LOCAL_PEEK(n,varname)")
				}
				v, _ := thread.Peek(n, a.Arg(1))
				return handOn(a, v)
			},
		},
		{
			Name: "SHARED", Synopsis: "A variable that other channels may read and write",
			Args: []decl.Arg{variable("the variable"), optional("channel", "the channel whose variable it is, this one by default; without what stands behind the dash it is one of that device")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				store, err := shared(d, t, a.Arg(1))
				if err != nil {
					return "", err
				}
				v, _ := store.Load(a.Arg(0))
				s, _ := v.(channel.Value)
				return handOn(a, s)
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				store, err := shared(d, t, a.Arg(1))
				if err != nil {
					return err
				}
				store.Store(a.Arg(0), channel.Value{S: v, Taint: a.Taint})
				return nil
			},
		},
		{
			Name: "IMPORT", Synopsis: "A variable of another channel, or a function as it sees it",
			Args: []decl.Arg{arg("channel", "the name of the channel"), variable("the variable")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				c, ok := d.Engine.Channels().Lookup(a.Arg(0))
				if !ok {
					return "", nil
				}
				v, err := d.Engine.Read(c, a.Arg(1), fenced(t) || a.Tainted)
				a.Mark(v.Taint)
				return v.S, err
			},
		},
		{
			Name: "EXPORT", Synopsis: "Set a variable of another channel, or a function of it", SeeAlso: []string{"IMPORT", "MASTER_CHANNEL"},
			Help: "Set(EXPORT(channel,variable)=value).",
			Args: []decl.Arg{arg("channel", "the channel"), variable("its variable")},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				c, ok := d.Engine.Channels().Lookup(a.Arg(0))
				if !ok {
					return fmt.Errorf("no channel '%s'", a.Arg(0))
				}
				return d.Engine.Write(c, a.Arg(1), channel.Value{S: v, Taint: a.Taint}, fenced(t) || len(a.NameTaint) > 0)
			},
		},
		{
			Name: "MASTER_CHANNEL", Synopsis: "A variable of the channel that the call began with, or a function as it sees it", Raw: true, SeeAlso: []string{"SHARED", "IMPORT"},
			Help: "The channel whose unique number is the linked one of this channel; this channel itself when that is gone.",
			Args: []decl.Arg{variable("the variable")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				v, err := d.Engine.Read(master(d, t), a.Raw, fenced(t) || a.Tainted)
				a.Mark(v.Taint)
				return v.S, err
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				return d.Engine.Write(master(d, t), a.Raw, channel.Value{S: v, Taint: a.Taint}, fenced(t) || len(a.NameTaint) > 0)
			},
		},
	}
}

// fenced reports whether who asks may not use dangerous functions; what he reads or
// writes on another channel is fenced then, too.
func fenced(t channel.Thread) bool {
	thread, ok := t.(*dialplan.Thread)
	return ok && thread.Fenced()
}

// master is the channel that the thread's call began with.
func master(d Deps, t channel.Thread) *channel.Channel {
	if c, ok := d.Engine.Channels().FindUniqueid(t.Channel().Linkedid()); ok {
		return c
	}
	return t.Channel()
}

type sharedKey struct{}

// OfPhone implements channel.OfPhone: who reads them names the phone's channel.
func (sharedKey) OfPhone() {}

var errNoName = errors.New("a name is required")

// shared returns the variables that a channel shares.
func shared(d Deps, t channel.Thread, name string) (*sync.Map, error) {
	c := t.Channel()
	if name != "" {
		var ok bool
		if c, ok = d.Engine.Channels().Lookup(name); !ok {
			c, ok = d.Engine.Channels().FindPrefix(name + "-")
		}
		if !ok {
			return nil, fmt.Errorf("no channel '%s'", name)
		}
	}
	if m, ok := c.Data(sharedKey{}).(*sync.Map); ok {
		return m, nil
	}
	m := new(sync.Map)
	c.SetData(sharedKey{}, m)
	return m, nil
}
