package manager

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pbx/decl"
	"pbx/dialplan"
)

// planActions show and change the dialplan.
func (s *Server) planActions() []decl.Action {
	return []decl.Action{
		{
			Name: "ShowDialPlan", Synopsis: "Show dialplan contexts and extensions", Classes: []string{"config", "reporting"}, Run: s.showPlan,
			Help: "Lists the steps of the dialplan, or of a context or an extension.", Args: []decl.Arg{{Name: "Extension", Optional: true}, {Name: "Context", Optional: true}},
		},
		{
			Name: "DialplanExtensionAdd", Synopsis: "Add an extension to the dialplan", Classes: []string{"system"}, Run: s.addExtension,
			Help: "Adds a step to an extension, for the calls that begin from now on, until the exchange stops.",
			Args: []decl.Arg{{Name: "Context"}, {Name: "Extension"}, {Name: "Priority"}, {Name: "Application"}, {Name: "ApplicationData", Optional: true}, {Name: "Replace", Optional: true}},
		},
		{
			Name: "DialplanExtensionRemove", Synopsis: "Remove an extension from the dialplan", Classes: []string{"system"}, Run: s.removeExtension,
			Help: "Takes an extension, or one step of it, out of the dialplan until it is read again.",
			Args: []decl.Arg{{Name: "Context"}, {Name: "Extension"}, {Name: "Priority", Optional: true}},
		},
	}
}

func (s *Server) showPlan(_ context.Context, r *decl.ActionRequest) error {
	wantContext, wantExten := r.Get("Context"), r.Get("Extension")
	contexts := s.deps.Engine.Plan().Contexts()
	extensions, priorities, shown := 0, 0, 0
	r.List("DialPlan list will follow")
	found := wantContext == ""
	step := func(c *dialplan.Context, exten, label, priority, app, data string) {
		fields := []any{"Context", c.Name, "Extension", exten}
		if label != "" {
			fields = append(fields, "ExtensionLabel", label)
		}
		r.Entry("ListDialplan", append(fields, "Priority", priority, "Application", app, "AppData", data, "Registrar", "pbx_config")...)
		priorities++
	}
	for _, c := range contexts {
		if wantContext != "" && c.Name != wantContext {
			continue
		}
		found = true
		shown++
		for _, e := range c.Extensions() {
			if wantExten != "" && e.Name != wantExten && !dialplan.Matches(e.Name, wantExten) {
				continue
			}
			extensions++
			if e.Hint != nil {
				step(c, e.Name, "", "hint", e.Hint.App, "")
			}
			for _, p := range e.Priorities {
				step(c, e.Name, p.Label, strconv.Itoa(p.Number), p.App, p.Args)
			}
		}
		if wantExten != "" {
			continue
		}
		for _, i := range c.Includes {
			r.Entry("ListDialplan", "Context", c.Name, "IncludeContext", i.Text, "Registrar", "pbx_config")
		}
		for _, i := range c.IgnorePatterns {
			r.Entry("ListDialplan", "Context", c.Name, "IgnorePattern", i.Pattern, "Registrar", "pbx_config")
		}
		for _, w := range c.Switches {
			r.Entry("ListDialplan", "Context", c.Name, "Switch", w.Name+"/"+w.Args, "Registrar", "pbx_config")
		}
	}
	switch {
	case !found:
		return fmt.Errorf("Did not find context %s", wantContext)
	case wantExten != "" && extensions == 0 && wantContext != "":
		return fmt.Errorf("Did not find extension %s@%s", wantExten, wantContext)
	case wantExten != "" && extensions == 0:
		return fmt.Errorf("Did not find extension %s in any context", wantExten)
	}
	return r.Done("ShowDialPlanComplete", "ListExtensions", extensions, "ListPriorities", priorities, "ListContexts", shown)
}

func (s *Server) addExtension(_ context.Context, r *decl.ActionRequest) error {
	plan, exten, priority, app := r.Get("Context"), r.Get("Extension"), strings.TrimSpace(r.Get("Priority")), r.Get("Application")
	if plan == "" || exten == "" || priority == "" || app == "" {
		return errors.New("Context, Extension, Priority, and Application must be defined")
	}
	line := app
	if !strings.EqualFold(priority, "hint") {
		if n, err := strconv.Atoi(priority); err != nil || n < 1 {
			return errors.New("The priority specified was invalid.")
		}
		line += "(" + r.Get("ApplicationData") + ")"
	}
	if strings.ContainsAny(plan+exten+line, "\r\n") {
		return errors.New("A line is one line")
	}
	if !r.May("command") && !r.May("system") {
		return errors.New("Permission denied")
	}
	if s.deps.Engine.HasExtension(plan, exten, priority) && !r.True("Replace") {
		return errors.New("That extension and priority already exist at that context")
	}
	if err := s.deps.Engine.AddLine(plan, "exten", exten+","+priority+","+line, r.True("Replace")); err != nil {
		return err
	}
	return r.OK("Added requested extension")
}

func (s *Server) removeExtension(_ context.Context, r *decl.ActionRequest) error {
	plan, exten, priority := r.Get("Context"), r.Get("Extension"), strings.TrimSpace(r.Get("Priority"))
	if plan == "" || exten == "" {
		return errors.New("Context and Extension must be defined")
	}
	number := 0
	switch {
	case strings.EqualFold(priority, "hint"):
		number = dialplan.HintPriority
	case priority != "":
		n, err := strconv.Atoi(priority)
		if err != nil || n < 1 {
			return errors.New("The priority specified was invalid.")
		}
		number = n
	}
	if s.deps.Engine.RemoveExtension(plan, exten, number) != nil {
		return errors.New("Failed to remove requested extension")
	}
	return r.OK("Removed the requested extension")
}
