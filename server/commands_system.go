package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/config/acl"
	"pbx/decl"
)

// systemCommands are the commands about the machine, and about what the exchange has.
func (s *Server) systemCommands() []decl.Command {
	return []decl.Command{
		{Words: "core show sysinfo", Synopsis: "Show the system's uptime and memory", Run: showSystem},
		{Words: "core restart when convenient", Synopsis: "Start anew as soon as there is no call", Run: s.stopCommand(stopWhenConvenient | restart)},
		{
			Words: "module show", Synopsis: "Show the parts under the names of the modules that they are elsewhere",
			Args: []decl.Arg{{Name: "like", Optional: true}, {Name: "keyword", Optional: true}}, Run: s.showModules, Complete: words("like"),
		},
		{
			Words: "module load", Synopsis: "Say whether a module is there", Run: s.loadModule, Args: []decl.Arg{{Name: "module"}},
			Help: "Nothing is loaded: every part is there from the start.",
		},
		{
			Words: "module unload", Synopsis: "Refuse to unload a module", Args: []decl.Arg{{Name: "module"}},
			Run: func(context.Context, *decl.Request) error {
				return errors.New("parts of the exchange cannot be unloaded")
			},
		},
		s.reloadCommand("manager reload", "Read manager.conf, and the files beside it, again", reloadRest),
		{Words: "http show status", Synopsis: "Show the HTTP server", Run: s.showHTTP},
		{Words: "features show", Synopsis: "Show the feature codes", Run: s.showFeatures},
		{Words: "acl show", Synopsis: "Show the access lists of acl.conf", Args: []decl.Arg{{Name: "name", Optional: true}}, Run: s.showLists, Complete: s.completeList},
		{
			Words: "dialplan eval function", Synopsis: "Show what a function returns outside of a call",
			Args: []decl.Arg{{Name: "function", Help: "with its arguments, such as LEN(hello)"}}, Run: s.evalFunction,
			Complete: func(args []string, _ string) (names []string) {
				if len(args) == 0 {
					for _, f := range s.engine.Functions() {
						names = append(names, f.Name+"(")
					}
				}
				return names
			},
		},
		{
			Words: "dialplan exec application", Synopsis: "Run an application on a channel that has no device",
			Args: []decl.Arg{{Name: "application"}, {Name: "arguments", Optional: true, Repeat: true}}, Run: s.execApplication,
			Complete: func(args []string, _ string) (names []string) {
				if len(args) == 0 {
					for _, a := range s.engine.Applications() {
						names = append(names, a.Name)
					}
				}
				return names
			},
		},
	}
}

// kib is a number of units in KiB; what counts them is as wide as the machine.
func kib[N uint32 | uint64](n N, unit uint32) uint64 { return uint64(n) * uint64(unit) / 1024 }

func showSystem(_ context.Context, r *decl.Request) error {
	var info syscall.Sysinfo_t
	if err := syscall.Sysinfo(&info); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "\nSystem Statistics\n-----------------\n")
	fmt.Fprintf(r.Out, "  System Uptime:             %d hours\n", info.Uptime/3600)
	fmt.Fprintf(r.Out, "  Total RAM:                 %d KiB\n  Free RAM:                  %d KiB\n  Buffer RAM:                %d KiB\n", kib(info.Totalram, info.Unit), kib(info.Freeram, info.Unit), kib(info.Bufferram, info.Unit))
	fmt.Fprintf(r.Out, "  Total Swap Space:          %d KiB\n  Free Swap Space:           %d KiB\n\n", kib(info.Totalswap, info.Unit), kib(info.Freeswap, info.Unit))
	fmt.Fprintf(r.Out, "  Number of Processes:       %d \n\n", info.Procs)
	return nil
}

// modules are the names that hasModule knows, with what they are.
func (s *Server) modules() map[string]string {
	list := map[string]string{
		"chan_sip": "Session Initiation Protocol (SIP)", "chan_local": "Local Proxy Channel", "pbx_config": "Text Extension Configuration", "pbx_ael": "AEL Extension Configuration",
		"res_rtp_asterisk": "RTP Stack", "res_http_websocket": "HTTP WebSocket Support", "codec_ulaw": "mu-Law Coder/Decoder", "codec_alaw": "A-law Coder/Decoder",
		"bridge_simple": "Simple two channel bridging module", "bridge_native_rtp": "Native RTP bridging module", "res_indications": "Region-specific tones",
	}
	for _, a := range s.engine.Applications() {
		list["app_"+strings.ToLower(a.Name)] = a.Synopsis
	}
	for _, f := range s.engine.Functions() {
		list["func_"+strings.ToLower(f.Name)] = f.Synopsis
	}
	return list
}

// likeWhat is the text after a command's "like", in small letters; "" without one.
func likeWhat(r *decl.Request) (string, error) {
	switch {
	case len(r.Args) == 0:
		return "", nil
	case len(r.Args) == 2 && strings.EqualFold(r.Arg(0), "like"):
		return strings.ToLower(r.Arg(1)), nil
	}
	return "", decl.ErrUsage
}

func (s *Server) showModules(_ context.Context, r *decl.Request) error {
	like, err := likeWhat(r)
	if err != nil {
		return err
	}
	const format = "%-30s %-40.40s %-10v %-11s %13s\n"
	fmt.Fprintf(r.Out, format, "Module", "Description", "Use Count", "Status", "Support Level")
	list, n := s.modules(), 0
	for _, name := range slices.Sorted(maps.Keys(list)) {
		if strings.Contains(name+".so", like) {
			n++
			fmt.Fprintf(r.Out, format, name+".so", list[name], 0, "Running", "core")
		}
	}
	fmt.Fprintf(r.Out, "%d modules loaded\n", n)
	return nil
}

func (s *Server) loadModule(_ context.Context, r *decl.Request) error {
	if !s.hasModule(r.Arg(0)) {
		return fmt.Errorf("Unable to load module %s", r.Arg(0))
	}
	fmt.Fprintf(r.Out, "Loaded %s\n", esc(r.Arg(0)))
	return nil
}

func (s *Server) showHTTP(_ context.Context, r *decl.Request) error {
	c := s.configuration().web
	fmt.Fprintf(r.Out, "HTTP Server Status:\nPrefix: %s\nServer: pbx/%s\n", c.Prefix, s.opts.Version)
	if !c.Enabled {
		fmt.Fprintf(r.Out, "Server Disabled\n")
	} else {
		fmt.Fprintf(r.Out, "Server Enabled and Bound to %s\n", c.Bind)
		if c.TLS {
			fmt.Fprintf(r.Out, "HTTPS Server Enabled and Bound to %s\n", c.TLSBind)
		}
	}
	fmt.Fprintf(r.Out, "\nEnabled URI's:\n")
	for _, u := range [][2]string{
		{"/ws", "SIP over WebSocket"},
		{"/rawman", "Raw HTTP Manager Event Interface"},
		{"/mxml", "XML Manager Event Interface"},
		{"/manager", "HTML Manager Event Interface"},
		{"/arawman", "Raw HTTP Manager Event Interface w/Digest authentication"},
		{"/amxml", "XML Manager Event Interface w/Digest authentication"},
		{"/amanager", "HTML Manager Event Interface w/Digest authentication"},
		{"/api/", "JSON interface"},
		{"/healthz", "health"},
		{"/readyz", "readiness"},
		{s.configuration().metrics.URI, "counters for Prometheus"},
	} {
		fmt.Fprintf(r.Out, "%s => %s\n", c.Prefix+u[0], u[1])
	}
	fmt.Fprintf(r.Out, "\nEnabled Redirects:\n  None.\n")
	return nil
}

func (s *Server) showFeatures(_ context.Context, r *decl.Request) error {
	const format = "%-25s %-7s %-7s\n"
	fmt.Fprintf(r.Out, format, "Builtin Feature", "Default", "Current")
	fmt.Fprintf(r.Out, format, "---------------", "-------", "-------")
	f, standard := s.registry.Features(), channel.DefaultFeatures()
	fmt.Fprintf(r.Out, format, "Pickup", standard.PickupExten, esc(f.PickupExten))
	fmt.Fprintf(r.Out, format, "Blind Transfer", standard.BlindTransfer, esc(f.BlindTransfer))
	fmt.Fprintf(r.Out, format, "Attended Transfer", standard.AttendedTransfer, esc(f.AttendedTransfer))
	fmt.Fprintf(r.Out, format, "Disconnect Call", standard.Disconnect, esc(f.Disconnect))
	fmt.Fprintln(r.Out)
	fmt.Fprintf(r.Out, format, "Dynamic Feature", "Default", "Current")
	fmt.Fprintf(r.Out, format, "---------------", "-------", "-------")
	if len(f.Applications) == 0 {
		fmt.Fprintln(r.Out, "(none)")
	}
	for _, a := range f.Applications {
		fmt.Fprintf(r.Out, format, esc(a.Name), "no def", esc(a.Digits))
	}
	fmt.Fprintln(r.Out, "\nFeature Groups:\n---------------")
	if len(f.Groups) == 0 {
		fmt.Fprintln(r.Out, "(none)")
	}
	for _, name := range slices.Sorted(maps.Keys(f.Groups)) {
		fmt.Fprintf(r.Out, "===> Group: %s\n", esc(name))
		for _, a := range f.Groups[name] {
			fmt.Fprintf(r.Out, "===> --> %s (%s)\n", esc(a.Name), esc(a.Digits))
		}
	}
	return nil
}

func (s *Server) completeList(args []string, _ string) []string {
	file, _, err := (&config.Loader{Dir: s.configuration().dirs.Config}).Optional("acl.conf")
	if err != nil || len(args) > 0 {
		return nil
	}
	lists, _ := acl.Named(file)
	return slices.Collect(maps.Keys(lists))
}

func (s *Server) showLists(_ context.Context, r *decl.Request) error {
	file, _, err := (&config.Loader{Dir: s.configuration().dirs.Config}).Optional("acl.conf")
	if err != nil {
		return err
	}
	lists, _ := acl.Named(file)
	if name := r.Arg(0); name != "" {
		list, ok := lists[strings.ToLower(name)]
		if !ok {
			fmt.Fprintf(r.Out, "\nCould not find ACL named '%s'\n", esc(name))
			return nil
		}
		fmt.Fprintf(r.Out, "\nACL: %s\n---------------------------------------------\n", esc(name))
		for i, rule := range list {
			how, networks := " deny", strings.TrimPrefix(rule.String(), "deny=")
			if rule.Permit {
				how, networks = "allow", strings.TrimPrefix(rule.String(), "permit=")
			}
			fmt.Fprintf(r.Out, "%3d: %s - %s\n", i, how, networks)
		}
		return nil
	}
	fmt.Fprintln(r.Out, "\nacl\n---")
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		fmt.Fprintln(r.Out, name)
	}
	return nil
}

func (s *Server) evalFunction(_ context.Context, r *decl.Request) error {
	text := strings.Join(r.Args, " ")
	if !strings.HasSuffix(text, ")") {
		return decl.ErrUsage
	}
	v, err := s.engine.Read(nil, text, false)
	if err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "Return Value: Success (0)\nResult: %s\n", esc(v.S))
	return nil
}

// execTime is how long an application of the console may run.
const execTime = 30 * time.Second

func (s *Server) execApplication(ctx context.Context, r *decl.Request) error {
	app, data := r.Arg(0), strings.Join(r.Args[min(1, len(r.Args)):], " ")
	if plain, rest, ok := strings.Cut(strings.Join(r.Args, " "), "("); ok && strings.HasSuffix(rest, ")") {
		app, data = plain, strings.TrimSuffix(rest, ")")
	}
	ch := s.registry.NewDeviceless("Console/exec", channel.Location{Context: "default", Exten: "s", Priority: 1})
	done := ch.Done()
	if err := s.engine.StartApplication(ch, app, channel.Clean(data)); err != nil {
		ch.Hangup()
		return err
	}
	limit := time.NewTimer(execTime)
	defer limit.Stop()
	select {
	case <-done:
		fmt.Fprintf(r.Out, "%s has ended.\n", esc(app))
		return nil
	case <-limit.C:
	case <-ctx.Done():
	}
	ch.SoftHangup(channel.CauseNormalClearing)
	return fmt.Errorf("%s ran longer than %v and was ended", app, execTime)
}
