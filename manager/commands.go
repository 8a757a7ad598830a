package manager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"pbx/decl"
)

// Commands are the console commands of the interface.
func (s *Server) Commands() []decl.Command {
	return []decl.Command{
		{Words: "manager show settings", Synopsis: "Show manager global settings", Run: s.showSettings},
		{Words: "manager show users", Synopsis: "List configured manager users", Run: s.showUsers},
		{Words: "manager show user", Synopsis: "Display information on a specific manager user", Run: s.showUser, Args: []decl.Arg{{Name: "user"}}, Complete: s.completeUser},
		{Words: "manager show connected", Synopsis: "List connected manager interface users", Run: s.showConnected},
		{Words: "manager show commands", Synopsis: "List manager interface commands", Run: s.showCommands},
		{
			Words: "manager show command", Synopsis: "Show a manager interface command", Run: s.showCommand, Args: []decl.Arg{{Name: "action", Repeat: true}},
			Complete: func(_ []string, _ string) []string { return s.actionNames() },
		},
		{Words: "manager show events", Synopsis: "List manager interface events", Run: s.showEvents},
		{
			Words: "manager show event", Synopsis: "Show a manager interface event", Run: s.showEvent, Args: []decl.Arg{{Name: "event"}},
			Complete: func(_ []string, _ string) []string { return eventNames() },
		},
		{
			Words: "manager kick session", Synopsis: "End a session", Run: s.kick, Args: []decl.Arg{{Name: "address", Help: "as 'manager show connected' shows it, with the port"}},
			Complete: func(_ []string, _ string) (out []string) {
				for _, x := range s.list() {
					out = append(out, x.remote.String())
				}
				return out
			},
		},
	}
}

func (s *Server) completeUser(args []string, _ string) (out []string) {
	if len(args) > 0 {
		return nil
	}
	for _, u := range s.settings.Load().Users {
		out = append(out, u.Name)
	}
	return out
}

func (s *Server) actionNames() (out []string) {
	for _, a := range s.sorted() {
		out = append(out, a.Name)
	}
	return out
}

func yesNo(b bool) string {
	if b {
		return "Yes"
	}
	return "No"
}

func (s *Server) showSettings(_ context.Context, r *decl.Request) error {
	c := s.settings.Load()
	fmt.Fprintf(r.Out, "\nGlobal Settings:\n----------------\n")
	row := func(name string, value any) { fmt.Fprintf(r.Out, "  %-25.25s  %v\n", name+":", value) }
	row("Manager (AMI)", yesNo(c.Enabled))
	row("Web Manager (AMI/HTTP)", yesNo(c.WebEnabled))
	row("TCP Bindaddress", c.Bind)
	row("HTTP Timeout (seconds)", int(c.HTTPTimeout.Seconds()))
	row("TLS Enable", yesNo(c.TLS))
	row("TLS Bindaddress", c.TLSBind)
	row("TLS Certfile", c.certFile)
	row("TLS Privatekey", c.keyFile)
	row("Allow multiple login", yesNo(c.MultipleLogin))
	row("Display connects", yesNo(c.DisplayConnects))
	row("Timestamp events", yesNo(c.Timestamps))
	row("Channel vars", strings.Join(c.ChannelVars, ","))
	row("Disabled events", strings.Join(c.Disabled, ","))
	row("Debug", yesNo(c.Debug))
	return nil
}

func (s *Server) showUsers(_ context.Context, r *decl.Request) error {
	users := s.settings.Load().Users
	if len(users) == 0 {
		fmt.Fprintln(r.Out, "There are no manager users.")
		return nil
	}
	fmt.Fprintf(r.Out, "\nusername\n--------\n")
	for _, u := range users {
		fmt.Fprintln(r.Out, u.Name)
	}
	fmt.Fprintf(r.Out, "-------------------\n%d manager users configured.\n", len(users))
	return nil
}

func (s *Server) showUser(_ context.Context, r *decl.Request) error {
	u := s.settings.Load().user(r.Arg(0))
	if u == nil {
		return fmt.Errorf("There is no manager called %s", r.Arg(0))
	}
	fmt.Fprintln(r.Out)
	secret := "<Not set>"
	if u.Secret != "" {
		secret = "<Set>"
	}
	fmt.Fprintf(r.Out, "             username: %s\n               secret: %s\n                  ACL: %s\n            read perm: %s\n           write perm: %s\n      displayconnects: %s\n allowmultiplelogin: %s\n",
		u.Name, secret, strings.ToLower(yesNo(len(u.ACL) > 0)), none(u.Read.String()), none(u.Write.String()), strings.ToLower(yesNo(u.DisplayConnects)), strings.ToLower(yesNo(u.MultipleLogin)))
	fmt.Fprintf(r.Out, "            Variables: %s\n", map[bool]string{true: "", false: "<none>"}[len(u.Variables) > 0])
	for _, v := range u.Variables {
		fmt.Fprintf(r.Out, "                         %s = %s\n", v.Name, v.Value)
	}
	return nil
}

func none(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

func (s *Server) showConnected(_ context.Context, r *decl.Request) error {
	const format = "  %-15.15s  %-55.55s  %-10.10s  %-10.10s  %-8.8s  %-8.8s  %-10.10s  %-10.10s\n"
	fmt.Fprintf(r.Out, format, "Username", "IP Address", "Start", "Elapsed", "FileDes", "HttpCnt", "ReadPerms", "WritePerms")
	now, n := s.deps.Now(), 0
	for _, x := range s.list() {
		u := x.loggedIn()
		if u == nil {
			continue
		}
		n++
		fmt.Fprintf(r.Out, format, u.Name, x.remote.String(), fmt.Sprint(x.began.Unix()), fmt.Sprint(int(now.Sub(x.began).Seconds())), "-", "-",
			fmt.Sprintf("%010d", uint32(u.Read)), fmt.Sprintf("%010d", uint32(u.Write)))
	}
	fmt.Fprintf(r.Out, "%d users connected.\n", n)
	return nil
}

func (s *Server) showCommands(_ context.Context, r *decl.Request) error {
	fmt.Fprintf(r.Out, "  %-40.40s  %s\n  %-40.40s  %s\n", "Action", "Synopsis", "------", "--------")
	for _, a := range s.sorted() {
		fmt.Fprintf(r.Out, "  %-40.40s  %s\n", a.Name, a.Synopsis)
	}
	return nil
}

func (s *Server) showCommand(_ context.Context, r *decl.Request) error {
	if len(r.Args) == 0 {
		return errors.New("say which action")
	}
	for _, name := range r.Args {
		a := s.action(name)
		if a == nil {
			return fmt.Errorf("No manager command %s", name)
		}
		fmt.Fprintf(r.Out, "[Syntax]\nAction: %s\n[ActionID:] <value>\n", a.Name)
		for _, arg := range a.Args {
			label := arg.Name + ":"
			if arg.Optional {
				label = "[" + label + "]"
			}
			fmt.Fprintf(r.Out, "%s <value>\n", label)
		}
		fmt.Fprintf(r.Out, "\n[Synopsis]\n%s\n\n[Description]\n%s\n\n[Privilege]\n%s\n", a.Synopsis, a.Help, a.need.privilege())
		if len(a.Args) > 0 {
			fmt.Fprintf(r.Out, "\n[Arguments]\n")
			for _, arg := range a.Args {
				if arg.Help != "" {
					fmt.Fprintf(r.Out, "%s\n    %s\n", arg.Name, arg.Help)
				}
			}
		}
		fmt.Fprintln(r.Out)
	}
	return nil
}

// eventNames are the events that programs can be sent, but for those of lists.
func eventNames() []string {
	names := []string{
		"FullyBooted", "HangupHandlerPush", "HangupHandlerPop", "HangupHandlerRun", "AttendedTransfer", "BlindTransfer", "LocalOptimizationBegin", "LocalOptimizationEnd", "SuccessfulAuth",
		"InvalidPassword", "InvalidAccountID", "FailedACL", "RequestBadFormat", "RequestNotAllowed", "SessionLimit", "ChallengeResponseFailed",
	}
	for _, r := range renderers {
		if r.name != "" {
			names = append(names, r.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (s *Server) showEvents(_ context.Context, r *decl.Request) error {
	fmt.Fprintf(r.Out, "Events:\n  --------------------  --------------------  --------------------\n")
	for three := range slices.Chunk(eventNames(), 3) {
		fmt.Fprintf(r.Out, "  %s\n", strings.TrimRight(fmt.Sprintf("%-22s%-22s%-22s", pad(three, 0), pad(three, 1), pad(three, 2)), " "))
	}
	return nil
}

func pad(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

func (s *Server) showEvent(_ context.Context, r *decl.Request) error {
	for _, e := range renderers {
		if strings.EqualFold(e.name, r.Arg(0)) {
			fmt.Fprintf(r.Out, "Event: %s\nPrivilege: %s\n", e.name, e.class.privilege())
			return nil
		}
	}
	for _, name := range eventNames() {
		if strings.EqualFold(name, r.Arg(0)) {
			fmt.Fprintf(r.Out, "Event: %s\n", name)
			return nil
		}
	}
	return fmt.Errorf("Could not find event '%s'", r.Arg(0))
}

func (s *Server) kick(_ context.Context, r *decl.Request) error {
	for _, x := range s.list() {
		if x.remote.String() == r.Arg(0) {
			x.leave("the operator ended the session")
			fmt.Fprintf(r.Out, "The session from %s is ended\n", r.Arg(0))
			return nil
		}
	}
	return errors.New("No manager session found with that address")
}
