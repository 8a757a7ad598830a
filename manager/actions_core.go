package manager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"pbx/decl"
	"pbx/event"
)

// ErrNoModule is the answer of Deps.Reload to a name that it does not know,
// ErrNoReload to a part that cannot be read again.
var (
	ErrNoModule = errors.New("No such module")
	ErrNoReload = errors.New("Module does not support reload")
)

// coreActions are those about the exchange as a whole.
func (s *Server) coreActions() []decl.Action {
	reporting := []string{"system", "reporting"}
	module := []decl.Arg{{Name: "Module", Help: "such as chan_sip or pbx_config", Optional: true}}
	return []decl.Action{
		{
			Name: "Command", Synopsis: "Execute Asterisk CLI Command.", Classes: []string{"command"}, Run: s.command,
			Help: "Runs a command of the console. Its answer comes as lines named Output, or as it is up to --END COMMAND-- for a user with commandfollows=yes.", Args: []decl.Arg{{Name: "Command"}},
		},
		{Name: "CoreSettings", Synopsis: "Show PBX core settings (version etc).", Help: "Tells versions and limits.", Classes: reporting, Run: s.coreSettings},
		{Name: "CoreStatus", Synopsis: "Show PBX core status variables.", Help: "Tells when the exchange started and how many calls there are.", Classes: reporting, Run: s.coreStatus},
		{
			Name: "Reload", Synopsis: "Send a reload event.", Classes: []string{"system", "config"}, Run: s.reload, Args: module,
			Help: "Reads the configuration again: of one part, or all of it. With an error in a file the old configuration goes on.",
		},
		{
			Name: "ModuleLoad", Synopsis: "Module management.", Classes: []string{"system"}, Run: s.moduleLoad,
			Help: "Reloads a part of the exchange, or all. Nothing can be loaded or unloaded: the exchange is one program.",
			Args: append([]decl.Arg{{Name: "LoadType", Help: "reload"}}, module...),
		},
		{
			Name: "ModuleCheck", Synopsis: "Check if module is loaded.", Classes: []string{"system"}, Run: s.moduleCheck,
			Help: "Tells whether the exchange has what a module of that name has elsewhere.", Args: []decl.Arg{{Name: "Module"}},
		},
		{Name: "LoggerRotate", Synopsis: "Reload and rotate the Asterisk logger.", Help: "Opens the log files anew.", Classes: reporting, Run: s.rotate},
		{
			Name: "QueueLog", Synopsis: "Adds custom entry in queue_log.", Classes: []string{"agent"}, Run: s.queueLog,
			Help: "Writes an event of this program's own to the file that reports of call queues are made of.",
			Args: []decl.Arg{
				{Name: "Queue"},
				{Name: "Event"},
				{Name: "Uniqueid", Help: "the call", Optional: true},
				{Name: "Interface", Help: "who serves it", Optional: true},
				{Name: "Message", Help: "what else there is to say, divided by |", Optional: true},
			},
		},
		{
			Name: "UserEvent", Synopsis: "Send an arbitrary event.", Classes: []string{"user"}, Run: s.userEvent,
			Help: "Sends every program an event of this program's own.", Args: []decl.Arg{{Name: "UserEvent", Help: "its name"}, {Name: "Header", Optional: true, Repeat: true}},
		},
	}
}

func (s *Server) command(ctx context.Context, r *decl.ActionRequest) error {
	line := r.Get("Command")
	if strings.TrimSpace(line) == "" {
		return errors.New("No command provided")
	}
	var out bytes.Buffer
	err := s.deps.Console(ctx, line, &out)
	switch {
	case r.Plain: // which does not tell failure from success
		r.Follows(out.String())
		return nil
	case err != nil:
		r.Response("Error")
	default:
		r.Response("Success")
	}
	r.Field("Message", "Command output follows")
	for l := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") { // one at least
		r.Field("Output", strings.TrimSuffix(l, "\r"))
	}
	r.End()
	return nil
}

func (s *Server) coreSettings(_ context.Context, r *decl.ActionRequest) error {
	f := s.deps.Facts()
	yes := map[bool]string{true: "Yes", false: "No"}
	r.Response("Success")
	for _, row := range []struct {
		name  string
		value any
	}{
		{"AMIversion", Version},
		{"AsteriskVersion", f.Version},
		{"SystemName", f.SystemName},
		{"CoreMaxCalls", f.MaxCalls},
		{"CoreMaxLoadAvg", "0.000000"},
		{"CoreRunUser", ""},
		{"CoreRunGroup", ""},
		{"CoreMaxFilehandles", f.MaxFiles},
		{"CoreRealTimeEnabled", "No"},
		{"CoreCDRenabled", yes[f.CDR]},
		{"CoreHTTPenabled", yes[f.HTTP]},
		{"SoundsSearchCustomDir", "No"},
	} {
		r.Field(row.name, row.value)
	}
	r.End()
	return nil
}

func (s *Server) coreStatus(_ context.Context, r *decl.ActionRequest) error {
	f := s.deps.Facts()
	active, calls := s.deps.Registry.Count()
	r.Response("Success")
	r.Field("CoreStartupDate", f.Started.Format("2006-01-02"))
	r.Field("CoreStartupTime", f.Started.Format("15:04:05"))
	r.Field("CoreReloadDate", f.Reloaded.Format("2006-01-02"))
	r.Field("CoreReloadTime", f.Reloaded.Format("15:04:05"))
	r.Field("CoreCurrentCalls", active)
	r.Field("CoreProcessedCalls", calls)
	r.End()
	return nil
}

// The ways a reload can go, as the event Reload numbers them.
const (
	reloadNotFound       = 2
	reloadError          = 3
	reloadNotImplemented = 6
)

func (s *Server) reload(_ context.Context, r *decl.ActionRequest) error {
	return s.reloadModule(r, "Module Reloaded", "Module does not support reload")
}

// reloadModule reads a part again. The two actions that do so have words of their own for
// how it went.
func (s *Server) reloadModule(r *decl.ActionRequest, done, cannot string) error {
	module := r.Get("Module")
	err := s.deps.Reload(module)
	status, text := reloadError, ""
	switch {
	case err == nil:
		return r.OK(done) // whoever reloads tells the bus
	case errors.Is(err, ErrNoModule):
		status, text = reloadNotFound, err.Error()
	case errors.Is(err, ErrNoReload):
		status, text = reloadNotImplemented, cannot
	default:
		text = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	r.Fail(text)
	r.Then = func() {
		s.deps.Registry.Bus().Publish(event.Event{Kind: event.Reload, Time: s.deps.Now(), Name: module, State: status})
	}
	return nil
}

func (s *Server) moduleLoad(_ context.Context, r *decl.ActionRequest) error {
	kind, module := strings.ToLower(r.Get("LoadType")), r.Get("Module")
	switch {
	case kind == "reload" && module == "":
		return s.reloadModule(r, "All modules reloaded", "")
	case kind == "reload":
		return s.reloadModule(r, "Module reloaded.", "Module does not support reload action.")
	case kind != "load" && kind != "unload" && kind != "refresh":
		return errors.New("Incomplete ModuleLoad action.")
	case module == "":
		return errors.New("Need module name")
	}
	return fmt.Errorf("Could not %s module.", kind)
}

func (s *Server) moduleCheck(_ context.Context, r *decl.ActionRequest) error {
	if !s.deps.Module(r.Get("Module")) {
		return errors.New("Module not loaded")
	}
	r.Response("Success")
	r.Field("Version", "")
	r.End()
	return nil
}

func (s *Server) rotate(_ context.Context, r *decl.ActionRequest) error {
	if err := s.deps.Rotate(); err != nil {
		return fmt.Errorf("Failed to reload the logger and rotate log files: %w", err)
	}
	return r.OK("Reloaded the logger and rotated log files")
}

func (s *Server) queueLog(_ context.Context, r *decl.ActionRequest) error {
	queue, name := r.Get("Queue"), r.Get("Event")
	if queue == "" || name == "" {
		return errors.New("Need 'Queue' and 'Event' parameters.")
	}
	s.deps.QueueLog.Add(r.Get("Uniqueid"), queue, r.Get("Interface"), name, r.Get("Message"))
	return r.OK("Event added successfully")
}

func (s *Server) userEvent(_ context.Context, r *decl.ActionRequest) error {
	var lines []string
	for _, h := range r.Headers {
		if strings.EqualFold(h.Name, "Action") || strings.EqualFold(h.Name, "UserEvent") {
			continue
		}
		lines = append(lines, h.Name+": "+h.Value)
	}
	r.Then = func() {
		s.deps.Registry.Bus().Publish(event.Event{
			Kind: event.UserEvent, Time: s.deps.Now(), Name: r.Get("UserEvent"), Value: strings.Join(lines, "\n"),
		})
	}
	return r.OK("Event Sent")
}
