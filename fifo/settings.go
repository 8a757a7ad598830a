package fifo

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pbx/config"
)

// FileName is the file of the settings.
const FileName = "fifo.conf"

// Settings are fifo.conf.
type Settings struct {
	Enabled bool
	// Path is the pipe, Replies the directory of the pipes for answers.
	Path, Replies string
	// Mode are the permissions of Path; Replies is as open. Group is who gets both, -1
	// for whom the exchange belongs to.
	Mode  os.FileMode
	Group int
	// Commands are those that may be asked for, nil for all.
	Commands []string
}

// Load reads fifo.conf, which may be absent. Names that are not absolute are below run.
func Load(l *config.Loader, run string) (Settings, []config.Finding, error) {
	s := Settings{Path: filepath.Join(run, "pbx.fifo"), Replies: filepath.Join(run, "fifo"), Mode: 0o600, Group: -1}
	file, findings, err := l.Optional(FileName)
	if file == nil || err != nil {
		return s, findings, err
	}
	for _, sec := range file.Sections {
		if sec.Template {
			continue
		}
		if !strings.EqualFold(sec.Name, "general") {
			findings = append(findings, config.Finding{
				Pos: sec.Pos, Severity: config.Warning, Rule: "unknown-section", Token: sec.Name, Message: FileName + " has no section [" + sec.Name + "]",
			})
			continue
		}
		findings = append(findings, s.read(sec, run)...)
	}
	return s, findings, nil
}

func (s *Settings) read(sec *config.Section, run string) []config.Finding {
	x := struct {
		Enabled  bool   `conf:"enabled"`
		FIFO     string `conf:"fifo"`
		Replies  string `conf:"reply_dir"`
		Mode     string `conf:"fifo_mode,mode"`
		Group    string `conf:"fifo_group,group"`
		Commands string `conf:"commands"`
	}{FIFO: s.Path, Replies: s.Replies, Mode: "0600", Commands: "all"}
	findings := config.Decode(sec, &x)
	at := func(names ...string) config.Variable {
		for _, n := range names {
			if v, ok := sec.Lookup(n); ok {
				return v
			}
		}
		return config.Variable{Pos: sec.Pos}
	}
	bad := func(v config.Variable, severity config.Severity, rule, format string, args ...any) {
		findings = append(findings, config.Finding{Pos: v.Pos, Severity: severity, Rule: rule, Token: v.Value, Message: fmt.Sprintf(format, args...)})
	}
	absolute := func(name string) string {
		if filepath.IsAbs(name) {
			return filepath.Clean(name)
		}
		return filepath.Join(run, name)
	}
	s.Enabled, s.Path, s.Replies = x.Enabled, absolute(x.FIFO), absolute(x.Replies)
	mode, err := strconv.ParseUint(x.Mode, 8, 9)
	if err != nil || mode&0o200 == 0 {
		bad(at("fifo_mode", "mode"), config.Error, "bad-value", "%q are not permissions such as 0660", x.Mode)
	} else {
		s.Mode = os.FileMode(mode)
	}
	if s.Mode&0o002 != 0 {
		bad(at("fifo_mode", "mode"), config.Warning, "unsafe", "everybody on this machine may then have the exchange send any request")
	}
	if x.Group != "" {
		if g, err := user.LookupGroup(x.Group); err != nil {
			bad(at("fifo_group", "group"), config.Error, "bad-value", "there is no group %q", x.Group)
		} else {
			s.Group, _ = strconv.Atoi(g.Gid) // a number, on every system that has groups
		}
	}
	if !strings.EqualFold(x.Commands, "all") {
		s.Commands = []string{}
		for c := range strings.SplitSeq(x.Commands, ",") {
			c = strings.TrimSpace(c)
			if !slices.Contains(Names(), c) {
				bad(at("commands"), config.Error, "bad-value", "there is no command %q: there are %s", c, strings.Join(Names(), ", "))
				continue
			}
			s.Commands = append(s.Commands, c)
		}
	}
	return findings
}

// Equal reports whether two are the same.
func (s *Settings) Equal(o *Settings) bool {
	return s.Enabled == o.Enabled && slices.Equal(s.Commands, o.Commands) && (s.Commands == nil) == (o.Commands == nil) && s.Path == o.Path && s.Replies == o.Replies && s.Mode == o.Mode && s.Group == o.Group
}
