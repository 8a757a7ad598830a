package server

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pbx/agi"
	"pbx/config"
	"pbx/dialplan/program"
)

// Directories say where things live.
type Directories struct {
	Config string // sip.conf and its kin
	State  string // everything, unless asterisk.conf says otherwise
	Spool  string // recordings and other things that wait
	Log    string
	Run    string // the console socket
	Data   string // sounds/ is below it
	VarLib string
	DB     string // registrations
	Key    string
	AGI    string
	// Socket is the console socket, SocketMode its permissions.
	Socket     string
	SocketMode os.FileMode
	// SocketOwner and SocketGroup are whose the socket becomes; -1 is the exchange's own.
	SocketOwner, SocketGroup int
}

// DefaultState is the state directory without --state: /var/lib/pbx for root,
// else $XDG_STATE_HOME/pbx or ~/.local/state/pbx.
func DefaultState() (string, error) {
	if os.Geteuid() == 0 {
		return "/var/lib/pbx", nil
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "pbx"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no state directory (give --state): %w", err)
	}
	return filepath.Join(home, ".local", "state", "pbx"), nil
}

// DefaultConfig is where the default office lies.
func DefaultConfig(state string) string { return filepath.Join(state, "config") }

func defaultDirectories(conf, state string) Directories {
	return Directories{
		Config: conf, State: state,
		Spool: filepath.Join(state, "spool"), Log: filepath.Join(state, "log"), Run: state,
		Data: state, VarLib: state, DB: state, Key: filepath.Join(state, "keys"), AGI: filepath.Join(state, "agi-bin"),
		SocketMode: 0o600, SocketOwner: -1, SocketGroup: -1,
	}
}

// Sounds is where the office's own prompts are looked for.
func (d Directories) Sounds() string { return filepath.Join(d.Data, "sounds") }

// system are the ${AST…DIR} variables of the dialplan.
func (d Directories) system() map[string]string {
	return map[string]string{
		"ASTCONFIGDIR": d.Config, "ASTETCDIR": d.Config, "ASTVARLIBDIR": d.VarLib, "ASTDBDIR": d.DB,
		"ASTKEYDIR": d.Key, "ASTDATADIR": d.Data, "ASTAGIDIR": d.AGI, "ASTSPOOLDIR": d.Spool,
		"ASTRUNDIR": d.Run, "ASTLOGDIR": d.Log, "ASTMODDIR": d.VarLib, "ASTSBINDIR": d.VarLib, "ASTCACHEDIR": d.VarLib,
	}
}

// Core are the [options] of asterisk.conf that the exchange acts on.
type Core struct {
	Verbose, Debug int
	SystemName     string
	MaxCalls       int
	Language       string
	ExecIncludes   bool
	// StdextenMacro has the extensions of users.conf call Macro(stdexten), not Gosub.
	StdextenMacro bool
	// Explain keeps the last calls for `core explain`: an option of ours.
	Explain bool
	// LiveDangerously lets outside programs use functions that can harm the system.
	LiveDangerously bool
	// Drain is how long calls may go on after SIGTERM: an option of ours.
	Drain time.Duration
	// Programs and AGI are what the programs of calls may take: options of ours.
	Programs program.Limits
	AGI      agi.Limits
	// AGIBars has EXEC of AGI take arguments that are divided by bars ([compat] res_agi).
	AGIBars bool
}

// lastBars is the version up to which arguments were divided by bars, as [compat] knows it.
const lastBars = 1.5

// key is where the value of a key of [directories] goes, nil for one that holds
// nothing of ours.
func (d *Directories) key(name string) *string {
	switch strings.ToLower(name) {
	case "astspooldir":
		return &d.Spool
	case "astlogdir":
		return &d.Log
	case "astrundir":
		return &d.Run
	case "astdatadir":
		return &d.Data
	case "astvarlibdir":
		return &d.VarLib
	case "astdbdir":
		return &d.DB
	case "astkeydir":
		return &d.Key
	case "astagidir":
		return &d.AGI
	}
	return nil
}

var directoryNames = []string{
	"astspooldir", "astlogdir", "astrundir", "astdatadir", "astvarlibdir", "astdbdir", "astkeydir", "astagidir",
	"astetcdir", "astmoddir", "astsbindir", "astcachedir",
}

// idleOptions are [options] that the field knows and that have nothing to act on
// here, with the reason.
var idleOptions = map[string]string{
	"alwaysfork": "the exchange stays in the foreground", "nofork": "the exchange stays in the foreground", "quiet": "the exchange stays in the foreground",
	"console": "use `pbx console`", "hideconnect": "consoles connect silently", "lockconfdir": "files are not locked",
	"highpriority": "priority is the service manager's", "runuser": "the user is the service manager's", "rungroup": "the group is the service manager's",
	"initcrypto": "there are no modules", "dumpcore": "there are no core files", "refdebug": "there are no reference counts",
	"cache_media_frames": "audio is not made of frames", "cache_record_files": "recordings go where they belong at once", "record_cache_dir": "recordings go where they belong at once",
	"internal_timing": "timing is always internal", "nocolor": "output has no colours", "lightbackground": "output has no colours", "forceblackbackground": "output has no colours",
	"dontwarn": "warnings are always shown", "timestamp": "use journald or a log file", "entityid": "it is made from the system", "documentation_language": "help is in English",
	"phpcompat": "AGI programs of PHP need nothing of it", "sendfullybooted": "programs are always told", "rtp_use_dynamic": "payload types are always dynamic",
	"rtp_pt_dynamic": "payload types follow RFC 3551", "remote_console_port": "the console is a unix socket", "negate_channels": "it has no meaning here", "rtp_use_dynamic_payloads": "payload types are always dynamic",
	"verbosemodules": "there are no modules", "maxfiles": "the limit is raised as far as the system lets", "disable_remote_console_shell": "the console has no shell",
	"transmit_silence": "it is not done yet", "transmit_silence_during_record": "it is not done yet",
	"maxload": "it is not done yet", "minmemfree": "it is not done yet", "mindtmfduration": "digits are passed as they come", "autosystemname": "",
}

var activeOptions = []string{"verbose", "debug", "systemname", "autosystemname", "maxcalls", "defaultlanguage", "languageprefix", "execincludes", "drain", "live_dangerously", "explain", "programtime", "programoutput", "programprocesses", "agitime", "agideadtime"}

// readAsterisk reads asterisk.conf, which may be absent.
func readAsterisk(dir, state string) (Directories, Core, []config.Finding, error) {
	d := defaultDirectories(dir, state)
	core := Core{Language: "en", Drain: DefaultDrain, Explain: true, Programs: program.DefaultLimits(), AGI: agi.Limits{Dead: agi.DefaultDead}}
	l := &config.Loader{Dir: dir}
	file, findings, err := l.Optional("asterisk.conf")
	if err != nil || file == nil {
		d.Socket = filepath.Join(d.Run, "pbx.ctl")
		return d, core, findings, err
	}
	ctl := "pbx.ctl"
	data := false
	note := func(v config.Variable, sev config.Severity, rule, format string, args ...any) {
		findings = append(findings, config.Finding{Pos: v.Pos, Severity: sev, Rule: rule, Message: fmt.Sprintf(format, args...)})
	}
	for _, sec := range file.Sections {
		// Old files write [directories](!), which the ancestor reads all the same.
		switch strings.ToLower(sec.Name) {
		case "directories":
			for _, v := range sec.Vars {
				p := d.key(v.Name)
				switch {
				case p == nil && contains(directoryNames, v.Name):
					// astetcdir is --config; the others hold nothing of ours.
				case p == nil:
					findings = append(findings, unknownKey(v, "[directories]", directoryNames))
				case !filepath.IsAbs(v.Value):
					note(v, config.Error, "bad-value", "%s = %q is not an absolute path; it is left out", v.Name, v.Value)
				default:
					*p = filepath.Clean(v.Value)
					data = data || p == &d.Data
				}
			}
		case "options":
			for _, v := range sec.Vars {
				findings = append(findings, core.set(v)...)
			}
		case "files":
			for _, v := range sec.Vars {
				switch strings.ToLower(v.Name) {
				case "astctl":
					if v.Value != filepath.Base(v.Value) || v.Value == "." {
						note(v, config.Error, "bad-value", "astctl = %q is not a file name", v.Value)
						continue
					}
					ctl = v.Value
				case "astctlpermissions":
					mode, err := strconv.ParseUint(v.Value, 8, 9)
					if err != nil {
						note(v, config.Error, "bad-value", "astctlpermissions = %q are not permissions such as 0660", v.Value)
						continue
					}
					d.SocketMode = os.FileMode(mode)
				case "astctlowner", "astctlgroup":
					kind, to, find := "user", &d.SocketOwner, userID
					if strings.EqualFold(v.Name, "astctlgroup") {
						kind, to, find = "group", &d.SocketGroup, groupID
					}
					id, err := find(v.Value)
					if err != nil {
						note(v, config.Warning, "bad-value", "%s = %q: this machine has no such %s", v.Name, v.Value, kind)
						continue
					}
					*to = id
				default:
					findings = append(findings, unknownKey(v, "[files]", []string{"astctl", "astctlpermissions", "astctlowner", "astctlgroup"}))
				}
			}
		case "compat":
			for _, v := range sec.Vars {
				version, err := strconv.ParseFloat(strings.TrimSpace(v.Value), 64)
				switch {
				case err != nil:
					note(v, config.Warning, "bad-value", "[compat] %s = %q: expected a version such as 1.4", v.Name, v.Value)
				case strings.EqualFold(v.Name, "res_agi"):
					core.AGIBars = version < lastBars
				default:
					note(v, config.Note, "no-effect", "[compat] %s: the exchange does as version 1.8 and later did", v.Name)
				}
			}
		default:
			f := config.Finding{
				Pos: sec.Pos, Severity: config.Warning, Rule: "unknown-section",
				Message: fmt.Sprintf("asterisk.conf has no section [%s]", sec.Name),
			}
			if near := config.Nearest(sec.Name, []string{"directories", "options", "files", "compat"}); near != "" {
				f.Hint = "did you mean [" + near + "]?"
			}
			findings = append(findings, f)
		}
	}
	if !data && d.VarLib != state {
		d.Data = d.VarLib // the ancestor's default for astdatadir
	}
	d.Socket = filepath.Join(d.Run, ctl)
	return d, core, findings, nil
}

// userID is the number of a user by name or number.
func userID(name string) (int, error) {
	if u, err := user.Lookup(name); err == nil {
		name = u.Uid
	}
	return strconv.Atoi(name)
}

// groupID is the number of a group by name or number.
func groupID(name string) (int, error) {
	if g, err := user.LookupGroup(name); err == nil {
		name = g.Gid
	}
	return strconv.Atoi(name)
}

// own gives the console socket to whom asterisk.conf says.
func (d Directories) own(path string) error {
	if d.SocketOwner < 0 && d.SocketGroup < 0 {
		return nil
	}
	return os.Chown(path, d.SocketOwner, d.SocketGroup)
}

func (c *Core) set(v config.Variable) (findings []config.Finding) {
	bad := func(want string) {
		findings = append(findings, config.Finding{
			Pos: v.Pos, Severity: config.Warning, Rule: "bad-value",
			Message: fmt.Sprintf("%s = %q is not %s; it is left out", v.Name, v.Value, want),
		})
	}
	number := func(p *int, most int) {
		n, err := strconv.Atoi(v.Value)
		if err != nil || n < 0 || n > most {
			bad(fmt.Sprintf("a number from 0 to %d", most))
			return
		}
		*p = n
	}
	seconds := func(p *time.Duration, most int) {
		n := int(*p / time.Second)
		number(&n, most)
		*p = time.Duration(n) * time.Second
	}
	truth := func(p *bool) {
		b, ok := config.Bool(v.Value)
		if !ok {
			bad("yes or no")
			return
		}
		*p = b
	}
	switch name := strings.ToLower(v.Name); name {
	case "verbose":
		number(&c.Verbose, 10)
	case "debug":
		number(&c.Debug, 10)
	case "maxcalls":
		number(&c.MaxCalls, 1<<20)
	case "systemname":
		c.SystemName = v.Value
	case "autosystemname":
		on := false
		truth(&on)
		if host, err := os.Hostname(); on && c.SystemName == "" {
			c.SystemName = host
			if err != nil {
				c.SystemName = "localhost"
			}
		}
	case "defaultlanguage":
		if !isWord(v.Value) {
			bad("a language such as en or de_AT")
			break
		}
		c.Language = v.Value
	case "languageprefix":
		on := true
		if truth(&on); !on {
			findings = append(findings, config.Finding{
				Pos: v.Pos, Severity: config.Note, Rule: "no-effect",
				Message: "languageprefix = no has no effect: a sound is looked for as en/digits/1",
			})
		}
	case "live_dangerously":
		truth(&c.LiveDangerously)
	case "execincludes":
		truth(&c.ExecIncludes)
	case "stdexten":
		if c.StdextenMacro = strings.EqualFold(v.Value, "macro"); !c.StdextenMacro && !strings.EqualFold(v.Value, "gosub") {
			findings = append(findings, config.Finding{
				Pos: v.Pos, Severity: config.Warning, Rule: "bad-value", Message: fmt.Sprintf("stdexten = %q: expected macro or gosub", v.Value),
			})
		}
	case "explain":
		truth(&c.Explain)
	case "drain":
		seconds(&c.Drain, 3600)
	case "programtime":
		seconds(&c.Programs.Time, 1<<20)
	case "programoutput":
		number(&c.Programs.Output, 64<<20)
	case "programprocesses":
		number(&c.Programs.Processes, 1<<16)
	case "agitime":
		seconds(&c.AGI.Time, 1<<20)
	case "agideadtime":
		seconds(&c.AGI.Dead, 1<<20)
	default:
		if why, known := idleOptions[name]; known {
			findings = append(findings, config.Finding{
				Pos: v.Pos, Severity: config.Note, Rule: "no-effect",
				Message: fmt.Sprintf("%s has no effect: %s", v.Name, why),
			})
			break
		}
		known := append([]string(nil), activeOptions...)
		for name := range idleOptions {
			known = append(known, name)
		}
		findings = append(findings, unknownKey(v, "[options]", known))
	}
	return findings
}

func unknownKey(v config.Variable, where string, known []string) config.Finding {
	f := config.Finding{
		Pos: v.Pos, Severity: config.Warning, Rule: "unknown-option",
		Message: fmt.Sprintf("%s has no option %s", where, v.Name),
	}
	if near := config.Nearest(v.Name, known); near != "" {
		f.Hint = "did you mean " + near + "?"
	}
	return f
}

func contains(list []string, word string) bool {
	for _, w := range list {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}

func isWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}
