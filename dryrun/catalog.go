package dryrun

import (
	"slices"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// asking are the applications that take digits from the caller.
var asking = []string{"background", "read", "waitexten", "readexten", "waitdigit", "authenticate", "disa", "privacymanager", "controlplayback"}

// commands are the applications that do something outside of the exchange, the
// variables that say how that went, and what those are where no answer is given. The
// call goes on after one without a variable.
var commands = map[string][2]string{
	"system": {"SYSTEMSTATUS", "SUCCESS"}, "trysystem": {"SYSTEMSTATUS", "SUCCESS"},
	"agi": {"AGISTATUS", "SUCCESS"}, "eagi": {"AGISTATUS", "SUCCESS"}, "deadagi": {"AGISTATUS", "SUCCESS"},
	"externalivr": {}, "record": {"RECORD_STATUS", "DTMF"},
}

// AddApplications makes applications known to the engine. Those that do something
// outside of the exchange are told of and not run. Keys that are to be pressed
// when the plan asks for them are pressed when one begins that takes digits.
func (f *Office) AddApplications(apps []channel.Application) {
	for i := range apps {
		name, run := strings.ToLower(apps[i].Name), apps[i].Run
		if slices.Contains(asking, name) {
			apps[i].Run = func(t channel.Thread, a *decl.Args) error {
				f.asked(t.Channel())
				return run(t, a)
			}
		}
		if told, ok := commands[name]; ok {
			status, usual := told[0], told[1]
			apps[i].Run = func(t channel.Thread, a *decl.Args) error {
				if status == "" {
					f.note(t.Channel(), "it is not run")
					return nil
				}
				v, given := f.answer(apps[i].Name, a.Raw)
				if !given {
					v = usual
				}
				f.note(t.Channel(), "it is not run: "+status+" is "+v)
				t.Channel().SetVar(status, channel.Clean(v))
				return nil
			}
		}
	}
	f.engine.AddApplications(apps)
}

// AddFunctions makes functions known to the engine. Any of them may be given an
// answer by the call. Those for which outside is true and those that ask outside of
// the exchange are never asked: they are empty where no answer is given, and the trace says so.
func (f *Office) AddFunctions(funcs []channel.Function, outside bool) {
	for i := range funcs {
		fn := &funcs[i]
		read, write := fn.Read, fn.Write
		stays := outside || fn.Outside
		if read != nil {
			fn.Read = func(t channel.Thread, a *decl.Args) (string, error) {
				if v, ok := f.answer(fn.Name, a.Raw); ok {
					a.Tainted = false
					return v, nil
				}
				if stays {
					f.asks(t.Channel(), fn.Name+"("+a.Raw+") is not asked: it is empty")
					return "", nil
				}
				return read(t, a)
			}
		}
		if write != nil && stays {
			fn.Write = func(t channel.Thread, a *decl.Args, v string) error {
				f.note(t.Channel(), fn.Name+"("+a.Raw+") is not set to "+v)
				return nil
			}
		}
	}
	f.engine.AddFunctions(funcs)
}

// answer is what the call gives for NAME(args), or for NAME.
func (f *Office) answer(name, args string) (string, bool) {
	if f.call == nil {
		return "", false
	}
	if v, ok := f.call.Answers[name+"("+args+")"]; ok {
		return v, true
	}
	v, ok := f.call.Answers[name]
	return v, ok
}
