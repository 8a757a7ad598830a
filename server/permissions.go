package server

import (
	"context"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"pbx/config"
	"pbx/console"
	"pbx/decl"
)

// readPermissions reads cli_permissions.conf, which may be absent: a section is a user of
// this machine, or a group behind an @, and says what may be typed on the console.
func readPermissions(l *config.Loader) (*console.Permissions, []config.Finding, error) {
	file, findings, err := l.Optional("cli_permissions.conf")
	if err != nil || file == nil {
		return nil, findings, err
	}
	p := &console.Permissions{Default: true}
	bad := func(pos config.Pos, token, format string, args ...any) {
		findings = append(findings, config.Finding{Pos: pos, Severity: config.Warning, Rule: "bad-value", Token: token, Message: fmt.Sprintf(format, args...)})
	}
	for _, sec := range file.Sections {
		switch {
		case sec.Template:
			continue
		case strings.EqualFold(sec.Name, "general"):
			for _, v := range sec.Vars {
				if !strings.EqualFold(v.Name, "default_perm") {
					findings = append(findings, unknownKey(v, "cli_permissions.conf [general]", []string{"default_perm"}))
					continue
				}
				p.Default = strings.EqualFold(v.Value, "permit")
				if !p.Default && !strings.EqualFold(v.Value, "deny") {
					bad(v.Pos, v.Value, "default_perm = %q is not permit or deny; deny is used", v.Value)
				}
			}
			continue
		}
		h, err := newHolder(sec.Name)
		if err != nil {
			bad(sec.Pos, sec.Name, "%v; the section is left out", err)
			continue
		}
		for _, v := range sec.Vars {
			permit := strings.EqualFold(v.Name, "permit")
			if !permit && !strings.EqualFold(v.Name, "deny") {
				findings = append(findings, unknownKey(v, "cli_permissions.conf", []string{"permit", "deny"}))
				continue
			}
			r, err := console.NewPermissionRule(permit, v.Value)
			if err != nil {
				bad(v.Pos, v.Value, "%s = %q is no regular expression; it counts as the beginning of commands", v.Name, v.Value)
			}
			h.Rules = append(h.Rules, r)
		}
		p.Holders = append(p.Holders, h)
	}
	return p, findings, nil
}

// newHolder looks a user up, or a group behind an @.
func newHolder(name string) (h console.Holder, err error) {
	h.Name = name
	var id string
	if group, ok := strings.CutPrefix(name, "@"); ok {
		h.Group = true
		g, err := user.LookupGroup(group)
		if err != nil {
			return h, fmt.Errorf("Unknown group '%s'", group)
		}
		id = g.Gid
	} else {
		u, err := user.Lookup(name)
		if err != nil {
			return h, fmt.Errorf("Unknown user '%s'", name)
		}
		id = u.Uid
	}
	n, err := strconv.ParseUint(id, 10, 32)
	h.ID = uint32(n)
	return h, err
}

// applyPermissions takes permissions in. A rule that no command is about is named: one that
// denies would be missed only when somebody runs what it means.
func (s *Server) applyPermissions(p *console.Permissions) {
	s.commands.SetPermissions(p)
	if p == nil {
		return
	}
	var names []string
	for _, c := range s.commands.All() {
		name, _ := s.commands.Name(c.Words)
		names = append(names, strings.ToLower(name))
	}
	for _, h := range p.Holders {
		for _, r := range h.Rules {
			if !concerns(r, names) {
				s.log.Warn(fmt.Sprintf("cli_permissions.conf: [%s] %s = %s: no command is called so, and an alias does not count", h.Name, permitWord(r.Permit), r.Command))
			}
		}
	}
}

// concerns reports whether a rule may be about any of the commands, as far as the words in
// front of what makes it a regular expression tell.
func concerns(r console.PermissionRule, names []string) bool {
	words := strings.ToLower(r.Command)
	if i := strings.IndexAny(words, `\.+*?()|[]{}^$`); i >= 0 {
		words = words[:i]
	}
	if words == "all" || strings.HasPrefix(words, "ctl") {
		return true
	}
	return slices.ContainsFunc(names, func(name string) bool {
		return strings.HasPrefix(name, words) || strings.HasPrefix(words, name+" ") || !r.Permit && strings.Contains(name, words)
	})
}

// permissionCommands are the commands about who may type what.
func (s *Server) permissionCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "cli show permissions", Synopsis: "Show the permissions of cli_permissions.conf", Run: s.showPermissions,
			Help: "They hold for whoever connects to the console's socket, by the user and the group of the process, root included; also for pbx ctl, as the command ctl METHOD PATH. AMI has classes of its own.",
		},
		{
			Words: "cli check permissions", Synopsis: "Try the permissions of a user, a group, or a user in a group",
			Args: []decl.Arg{{Name: "user|@group|user@group", Help: "a user alone is in the group of /etc/passwd"}, {Name: "command", Help: "without one, what may be run is listed", Optional: true, Repeat: true}},
			Run:  s.checkPermissions, Complete: s.completePermissions,
		},
		{
			Words: "cli reload permissions", Synopsis: "Read cli_permissions.conf again",
			Run: func(_ context.Context, r *decl.Request) error { return s.reloadFor(r, reloadPermissions, false) },
		},
	}
}

func (s *Server) showPermissions(_ context.Context, r *decl.Request) error {
	p := s.commands.Permissions()
	if p == nil {
		fmt.Fprintln(r.Out, "There is no cli_permissions.conf: who may open the console's socket may run every command.")
		return nil
	}
	fmt.Fprintf(r.Out, "default_perm: %s\n\n", permitWord(p.Default))
	for _, h := range p.Holders {
		if h.Group {
			fmt.Fprintf(r.Out, "group: %s [gid=%d]\n", esc(h.Name[1:]), h.ID)
		} else {
			fmt.Fprintf(r.Out, "user: %s [uid=%d]\n", esc(h.Name), h.ID)
		}
		fmt.Fprintln(r.Out, "Permissions:")
		for _, rule := range h.Rules {
			fmt.Fprintf(r.Out, "\t%s -> %s\n", permitWord(rule.Permit), esc(rule.Command))
		}
		fmt.Fprintln(r.Out)
	}
	return nil
}

func permitWord(permit bool) string {
	if permit {
		return "permit"
	}
	return "deny"
}

// someone is the process of a user, a group, or a user in a group, as they are typed.
func someone(text string) (*console.Peer, error) {
	const nobody = ^uint32(0) // an ID that no process has
	who := &console.Peer{UID: nobody, GID: nobody}
	name, group, grouped := strings.Cut(text, "@")
	if name == "" && group == "" {
		return nil, decl.ErrUsage
	}
	if grouped {
		h, err := newHolder("@" + group)
		if err != nil {
			return nil, err
		}
		who.GID = h.ID
	}
	if name == "" {
		return who, nil
	}
	h, err := newHolder(name)
	if err != nil {
		return nil, err
	}
	who.UID = h.ID
	if u, err := user.Lookup(name); err == nil && !grouped {
		if id, err := strconv.ParseUint(u.Gid, 10, 32); err == nil {
			who.GID = uint32(id)
		}
	}
	return who, nil
}

func (s *Server) checkPermissions(_ context.Context, r *decl.Request) error {
	if len(r.Args) == 0 {
		return decl.ErrUsage
	}
	who, err := someone(r.Arg(0))
	if err != nil {
		return err
	}
	p := s.commands.Permissions()
	kind := "User"
	if strings.HasPrefix(r.Arg(0), "@") {
		kind = "Group"
	}
	if line := strings.Join(r.Args[1:], " "); line != "" {
		name, ok := s.commands.Name(line)
		if !ok {
			return fmt.Errorf("Invalid command: %s", line)
		}
		not := "is not"
		if p.Allows(who, name) {
			not = "is"
		}
		fmt.Fprintf(r.Out, "%s '%s' %s allowed to run command: '%s'\n", kind, esc(r.Arg(0)), not, esc(line))
		return nil
	}
	n := 0
	for _, c := range s.commands.All() {
		if name, _ := s.commands.Name(c.Words); p.Allows(who, name) {
			n++
			fmt.Fprintf(r.Out, "%30.30s %s\n", c.Words, c.Synopsis)
		}
	}
	if n == 0 {
		return errors.New("You are not allowed to run any command")
	}
	return nil
}

// completePermissions offers whom the file names, and then commands.
func (s *Server) completePermissions(args []string, prefix string) (list []string) {
	if len(args) > 0 {
		return s.commands.Complete(strings.Join(append(args[1:len(args):len(args)], prefix), " "))
	}
	if p := s.commands.Permissions(); p != nil {
		for _, h := range p.Holders {
			list = append(list, h.Name)
		}
	}
	return list
}
