package console

import (
	"context"
	"fmt"
	"net"
	"regexp"
	"strings"

	"golang.org/x/sys/unix"
)

// Peer is who is at the other end of the console's socket: the user and group of the
// process when it connected. nil is one that the system does not tell of.
type Peer struct{ UID, GID uint32 }

// peerOf asks the system who is at the other end of a connection.
func peerOf(conn net.Conn) *Peer {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	var who *Peer
	_ = raw.Control(func(fd uintptr) {
		if u, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			who = &Peer{UID: u.Uid, GID: u.Gid}
		}
	})
	return who
}

// Permissions are what users and groups of this machine may type on the console. They
// hold for the socket alone: AMI has classes of its own.
type Permissions struct {
	// Default is for what no rule is about.
	Default bool
	Holders []Holder // in the order of the file
}

// Holder is a user or a group with its rules, of which the last that is about a command
// counts. What a user's rules say goes before what those of the group say.
type Holder struct {
	Name  string
	Group bool
	ID    uint32
	Rules []PermissionRule
}

func (h *Holder) is(who *Peer) bool {
	if h.Group {
		return h.ID == who.GID
	}
	return h.ID == who.UID
}

// PermissionRule permits commands, or denies them.
type PermissionRule struct {
	Permit  bool
	Command string
	pattern *regexp.Regexp // nil where Command is only the beginning of commands
}

// NewPermissionRule makes the rule of a line. A command is the beginning of commands, in
// any case of letters, or a regular expression of them with their arguments, or all. What
// is permitted has to be so from the first word on, so that an argument permits nothing;
// an expression that denies may match anywhere. The error says that the text is no
// expression; the rule is good for a beginning then.
func NewPermissionRule(permit bool, command string) (PermissionRule, error) {
	r := PermissionRule{Permit: permit, Command: command}
	expression := "(?is)(?:" + command + ")"
	if permit {
		expression = "(?is)^(?:" + command + ")"
	}
	pattern, err := regexp.Compile(expression)
	if err == nil {
		r.pattern = pattern
	}
	return r, err
}

func (r *PermissionRule) about(line string) bool {
	return strings.EqualFold(r.Command, "all") || hasFold(line, r.Command) || r.pattern != nil && r.pattern.MatchString(line)
}

// Allows reports whether a command with its arguments may be run.
func (p *Permissions) Allows(who *Peer, line string) bool {
	if p == nil {
		return true
	}
	permit, ruled, _ := p.verdict(who, line)
	return permit || !ruled && p.Default
}

// AllowsRequest is Allows for a request of the JSON interface, which the rules know as
// the command "ctl METHOD PATH". Since it can do what commands do, whoever is denied
// anything needs a rule for it.
func (p *Permissions) AllowsRequest(who *Peer, method, target string) bool {
	if p == nil {
		return true
	}
	permit, ruled, denied := p.verdict(who, "ctl "+method+" "+target)
	return permit || !ruled && p.Default && !denied
}

// verdict is what the rules say of a line, whether any is about it, and whether any
// denies who it is something.
func (p *Permissions) verdict(who *Peer, line string) (permit, ruled, denied bool) {
	if who == nil {
		return false, false, false
	}
	byUser := false
	for i := range p.Holders {
		h := &p.Holders[i]
		if !h.is(who) {
			continue
		}
		for j := range h.Rules {
			r := &h.Rules[j]
			denied = denied || !r.Permit
			if !r.about(line) || h.Group && byUser {
				continue
			}
			permit, ruled, byUser = r.Permit, true, !h.Group
		}
	}
	return permit, ruled, denied
}

// SetPermissions takes new permissions in the place of those before; nil permits
// everything. Sessions that are there follow them.
func (c *Commands) SetPermissions(p *Permissions) { c.permissions.Store(p) }

// Permissions are those of SetPermissions.
func (c *Commands) Permissions() *Permissions { return c.permissions.Load() }

// permit is the error of a command that whoever typed it may not run.
func (c *Commands) permit(ctx context.Context, line string) error {
	if s := SessionFrom(ctx); s != nil && !c.Permissions().Allows(s.who, line) {
		return fmt.Errorf("You don't have permissions to run '%s' command", line)
	}
	return nil
}
