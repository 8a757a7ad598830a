package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channel/originate"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/funcs"
)

// callCommands are the commands that begin calls, send them elsewhere, and look at what
// calls are in.
func (s *Server) callCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "channel originate", Synopsis: "Call a device, and send it to an extension or into an application",
			Help: "channel originate SIP/101 extension 102@office, or channel originate SIP/101 application Playback hello. It rings 30 seconds.",
			Args: []decl.Arg{
				{Name: "tech/data", Help: "the device"}, {Name: "extension|application"}, {Name: "what", Help: "[exten@][context], or an application and its arguments", Repeat: true},
			},
			Run: s.originateCommand, Complete: s.completeOriginate,
		},
		{
			Words: "channel redirect", Synopsis: "Send a channel elsewhere in the dialplan",
			Args: []decl.Arg{{Name: "channel"}, {Name: "<[[context,]exten,]priority>"}},
			Run:  s.redirectCommand, Complete: s.completeChannel,
		},
		{
			Words: "bridge show", Synopsis: "Show the bridges, or the channels in one",
			Args: []decl.Arg{{Name: "all|bridge", Optional: true}}, Run: s.showBridges, Complete: s.completeBridge,
		},
		{
			Words: "bridge kick", Synopsis: "Take a channel out of a bridge: it is hung up",
			Args: []decl.Arg{{Name: "bridge"}, {Name: "channel|all"}}, Run: s.kickFromBridge, Complete: s.completeBridge,
		},
		{
			Words: "bridge destroy", Synopsis: "End a bridge: its channels are hung up",
			Args: []decl.Arg{{Name: "bridge"}}, Run: s.destroyBridge, Complete: s.completeBridge,
		},
		{Words: "bridge technology show", Synopsis: "Show the ways in which channels are joined", Run: s.showBridgeKinds},
		{
			Words: "group show channels", Synopsis: "Show the groups that channels are in",
			Args: []decl.Arg{{Name: "pattern", Help: "a regular expression of the group", Optional: true}}, Run: s.showGroups,
		},
		{
			Words: "core show hanguphandlers", Synopsis: "Show the hang-up handlers of channels",
			Args: []decl.Arg{{Name: "channel", Help: "only its own", Optional: true}}, Run: s.showHandlers, Complete: s.completeChannel,
		},
	}
}

func (s *Server) originateCommand(_ context.Context, r *decl.Request) error {
	if len(r.Args) < 3 {
		return decl.ErrUsage
	}
	q := originate.Request{Dest: r.Arg(0)}
	tech, resource, ok := strings.Cut(q.Dest, "/")
	if !ok || tech == "" || resource == "" {
		return fmt.Errorf("%q is not Technology/resource", q.Dest)
	}
	switch strings.ToLower(r.Arg(1)) {
	case "extension":
		exten, context, _ := strings.Cut(r.Arg(2), "@")
		q.Location = channel.Location{Context: cmp.Or(context, "default"), Exten: cmp.Or(exten, "s"), Priority: 1}
		if !s.engine.Match(q.Location.Context, q.Location.Exten, 1, "").Exists() {
			return fmt.Errorf("the dialplan has no %s@%s", q.Location.Exten, q.Location.Context)
		}
	case "application":
		q.App, q.Data = r.Arg(2), channel.Clean(strings.Join(r.Args[3:], " "))
		if _, ok := s.engine.Catalog().Application(q.App); !ok {
			return fmt.Errorf("there is no application %q", q.App)
		}
	default:
		return decl.ErrUsage
	}
	if s.registry.Refusing() {
		return errors.New("no more calls are taken")
	}
	s.registry.Go(func() {
		if how := originate.Place(s.registry, s.engine, q); how.Err != nil {
			s.log.Warn(fmt.Sprintf("channel originate %s: %v", q.Dest, how.Err))
		}
	})
	return nil
}

func (s *Server) completeOriginate(args []string, _ string) (list []string) {
	switch len(args) {
	case 0:
		for _, name := range s.sip.PeerNames() {
			list = append(list, "SIP/"+name)
		}
	case 1:
		return []string{"extension", "application"}
	case 2:
		if strings.EqualFold(args[1], "application") {
			for _, a := range s.engine.Applications() {
				list = append(list, a.Name)
			}
		}
	}
	return list
}

func (s *Server) redirectCommand(_ context.Context, r *decl.Request) error {
	if len(r.Args) != 2 {
		return decl.ErrUsage
	}
	ch, ok := s.registry.Find(r.Arg(0))
	if !ok {
		return fmt.Errorf("Channel '%s' not found", r.Arg(0))
	}
	to, err := s.engine.Resolve(ch, ch.Location(), r.Arg(1))
	if err != nil {
		return err
	}
	if !s.engine.Match(to.Context, to.Exten, to.Priority, "").Exists() {
		return fmt.Errorf("there is no %s,%s,%d", to.Context, to.Exten, to.Priority)
	}
	ch.AsyncGoto(to)
	fmt.Fprintf(r.Out, "Channel '%s' successfully redirected to %s,%s,%d\n", esc(ch.Name()), to.Context, to.Exten, to.Priority)
	return nil
}

// bridges are the channels in each bridge, by its id.
func (s *Server) bridges() (ids []string, in map[string][]channel.Snapshot) {
	in = make(map[string][]channel.Snapshot)
	for _, ch := range s.registry.Channels() {
		now := ch.Snapshot()
		if now.BridgeID == "" {
			continue
		}
		if in[now.BridgeID] == nil {
			ids = append(ids, now.BridgeID)
		}
		in[now.BridgeID] = append(in[now.BridgeID], now)
	}
	return ids, in
}

func (s *Server) completeBridge(args []string, _ string) []string {
	ids, in := s.bridges()
	switch len(args) {
	case 0:
		return append(ids, "all")
	case 1:
		names := []string{"all"}
		for _, c := range in[args[0]] {
			names = append(names, c.Name)
		}
		return names
	}
	return nil
}

// talks is how long the channels of a bridge have been answered, all of them.
func talks(in []channel.Snapshot, now time.Time) time.Duration {
	since := in[0].Created
	for i := range in {
		since = slices.MaxFunc([]time.Time{since, in[i].Answered}, time.Time.Compare)
	}
	return now.Sub(since)
}

func (s *Server) showBridges(_ context.Context, r *decl.Request) error {
	ids, in := s.bridges()
	if id := r.Arg(0); id != "" && id != "all" {
		if in[id] == nil {
			noBridge(r, id)
			return nil
		}
		fmt.Fprintf(r.Out, "Id: %s\nType: basic\nTechnology: %s\nName: <unknown>\nDuration: %s\nNum-Channels: %d\n", id, bridgeTechnology(in[id]), clock(talks(in[id], s.now())), len(in[id]))
		for _, c := range in[id] {
			fmt.Fprintf(r.Out, "Channel: %s\n", esc(c.Name))
		}
		return nil
	}
	const format = "%-36s %-36s %5v %-15s %-15s %s\n"
	fmt.Fprintf(r.Out, format, "Bridge-ID", "Name", "Chans", "Type", "Technology", "Duration")
	for _, id := range ids {
		fmt.Fprintf(r.Out, format, id, "<unknown>", len(in[id]), "basic", bridgeTechnology(in[id]), clock(talks(in[id], s.now())))
	}
	return nil
}

// bridgeTechnology is what the field calls a bridge: packets are relayed where two talk.
func bridgeTechnology(in []channel.Snapshot) string {
	switch {
	case len(in) == 2:
		return "native_rtp"
	case len(in) > 2:
		return "softmix"
	}
	return "simple_bridge"
}

func clock(d time.Duration) string {
	n := int(max(d, 0) / time.Second)
	return fmt.Sprintf("%02d:%02d:%02d", n/3600, n/60%60, n%60)
}

// noBridge answers who names a bridge that there is not. It is no failure: the call may
// have ended just now.
func noBridge(r *decl.Request, id string) {
	fmt.Fprintf(r.Out, "Bridge '%s' not found\n", esc(id))
}

func (s *Server) kickFromBridge(_ context.Context, r *decl.Request) error {
	_, in := s.bridges()
	id, name := r.Arg(0), r.Arg(1)
	if in[id] == nil {
		noBridge(r, id)
		return nil
	}
	all := strings.EqualFold(name, "all")
	if all {
		fmt.Fprintf(r.Out, "Kicking all channels from bridge '%s'\n", id)
	}
	found := all
	for _, c := range in[id] {
		ch, ok := s.registry.Find(c.Name)
		if !ok || !all && !strings.EqualFold(name, c.Name) {
			continue
		}
		if !all {
			fmt.Fprintf(r.Out, "Kicking channel '%s' from bridge '%s'\n", esc(c.Name), id)
		}
		found = true
		ch.SoftHangup(channel.CauseNormalClearing)
	}
	if !found {
		fmt.Fprintf(r.Out, "Channel '%s' not found\n", esc(name))
	}
	return nil
}

func (s *Server) destroyBridge(_ context.Context, r *decl.Request) error {
	_, in := s.bridges()
	if in[r.Arg(0)] == nil {
		noBridge(r, r.Arg(0))
		return nil
	}
	fmt.Fprintf(r.Out, "Destroying bridge '%s'\n", r.Arg(0))
	for _, c := range in[r.Arg(0)] {
		if ch, ok := s.registry.Find(c.Name); ok {
			ch.SoftHangup(channel.CauseNormalClearing)
		}
	}
	return nil
}

// showBridgeKinds lists how channels are joined, in the words of the field.
func (s *Server) showBridgeKinds(_ context.Context, r *decl.Request) error {
	const format = "%-20s %-20s %8v %s\n"
	fmt.Fprintf(r.Out, format, "Name", "Type", "Priority", "Suspended")
	fmt.Fprintf(r.Out, format, "native_rtp", "Native", 90, "No")
	fmt.Fprintf(r.Out, format, "simple_bridge", "1to1Mix", 50, "No")
	fmt.Fprintf(r.Out, format, "softmix", "MultiMix", 10, "No")
	return nil
}

func (s *Server) showGroups(_ context.Context, r *decl.Request) error {
	match := func(string) bool { return true }
	if r.Arg(0) != "" {
		re, err := s.engine.Regexps().Compile(r.Arg(0))
		if err != nil {
			return err
		}
		match = re.MatchString
	}
	const format = "%-25s  %-20s  %-20s\n"
	fmt.Fprintf(r.Out, format, "Channel", "Group", "Category")
	n := 0
	for _, ch := range s.registry.Channels() {
		groups := funcs.Groups(ch)
		for _, category := range sortedKeys(groups) {
			if match(groups[category]) {
				n++
				fmt.Fprintf(r.Out, format, esc(ch.Name()), esc(groups[category]), esc(orNone(category, "(default)")))
			}
		}
	}
	fmt.Fprintf(r.Out, "%d active channel%s\n", n, map[bool]string{true: "", false: "s"}[n == 1])
	return nil
}

func sortedKeys(m map[string]string) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func (s *Server) showHandlers(_ context.Context, r *decl.Request) error {
	fmt.Fprintf(r.Out, "%-30s Handler\n", "Channel")
	for _, ch := range s.registry.Channels() {
		if want := r.Arg(0); want != "" && !strings.EqualFold(want, ch.Name()) {
			continue
		}
		handlers := dialplan.HangupHandlers(ch)
		for i, h := range slices.Backward(handlers) {
			name := ""
			if i == len(handlers)-1 {
				name = ch.Name()
			}
			fmt.Fprintf(r.Out, "%-30s %s\n", esc(name), esc(h))
		}
	}
	return nil
}
