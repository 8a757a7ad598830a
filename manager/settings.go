package manager

import (
	"crypto/tls"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/config"
	"pbx/config/acl"
)

// Settings is manager.conf.
type Settings struct {
	Enabled bool
	Bind    netip.AddrPort
	TLS     bool
	TLSBind netip.AddrPort
	// WebEnabled serves HTTP sessions, which last HTTPTimeout.
	WebEnabled      bool
	HTTPTimeout     time.Duration
	Timestamps      bool // timestampevents
	DisplayConnects bool
	// MultipleLogin lets a user be logged in several times.
	MultipleLogin bool
	// AuthTimeout is how long a connection may take to log in, AuthLimit how many
	// may not have.
	AuthTimeout time.Duration
	AuthLimit   int
	// SilentEvents is brokeneventsaction: Events is not answered where it asks for all
	// events, or for none that there are.
	SilentEvents bool
	// ChannelVars are the variables that events about a channel tell.
	ChannelVars []string
	// Disabled are the events that nobody gets.
	Disabled []string
	Debug    bool
	Users    []*User
	Records  Records

	certFile, keyFile string
	certificate       *tls.Certificate
}

// User is one of the sections of manager.conf.
type User struct {
	Name            string
	Secret          string
	Read, Write     Class
	ACL             acl.List
	Filters         filters
	Variables       []Variable
	DisplayConnects bool
	// WriteTimeout is how long a line may take to be read by the program.
	WriteTimeout  time.Duration
	MultipleLogin bool
	// CommandFollows has Command answered as Asterisk 13 and those before it did, with
	// Response: Follows and --END COMMAND--: programs of that time know nothing else.
	CommandFollows bool

	pos config.Pos
}

// Variable is a setvar line: what the channels of a user's calls get.
type Variable struct{ Name, Value string }

// The defaults. The address is not the ancestor's, which lets the world in.
const (
	defaultPort         = 5038
	defaultTLSPort      = 5039
	defaultAuthTimeout  = 30 * time.Second
	defaultAuthLimit    = 50
	defaultHTTPTimeout  = time.Minute
	defaultWriteTimeout = 10 * time.Second
	minWriteTimeout     = 100 * time.Millisecond
	maxAuthTimeout      = time.Hour
)

var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// user finds a user; names are case-insensitive, as the ancestor has it.
func (s *Settings) user(name string) *User {
	for _, u := range s.Users {
		if strings.EqualFold(u.Name, name) {
			return u
		}
	}
	return nil
}

// idle are options that the field knows and that have nothing to act on here.
var idle = map[string]string{
	"block-sockets": "", "tlscipher": "TLS 1.2 and later, with Go's ciphers", "tlscafile": "", "tlscapath": "",
	"tlsverifyclient": "", "tlsdontverifyserver": "", "tlsclientmethod": "", "tlsdisablev1": "", "tlsdisablev11": "", "tlsdisablev12": "",
	"tlsservercipherorder": "", "subscribecontext": "", "sslcipher": "", "servername": "",
}

var active = []string{
	"enabled", "bindaddr", "port", "tlsenable", "tlsbindaddr", "tlsbindport", "tlscertfile", "tlsprivatekey", "webenabled", "httptimeout",
	"timestampevents", "displayconnects", "allowmultiplelogin", "authtimeout", "authlimit", "channelvars", "disabledevents", "brokeneventsaction", "debug",
}

var userOptions = []string{
	"secret", "password", "read", "write", "deny", "permit", "acl", "eventfilter", "setvar", "displayconnects", "writetimeout", "allowmultiplelogin", "commandfollows",
}

// Load reads manager.conf, which may be absent, the access lists that it names, and what
// other files say of its events.
// What cannot be read is named with its line and left out.
func Load(l *config.Loader) (Settings, []config.Finding, error) {
	s := Settings{
		Bind:        netip.AddrPortFrom(loopback, defaultPort),
		TLSBind:     netip.AddrPortFrom(loopback, defaultTLSPort),
		HTTPTimeout: defaultHTTPTimeout, DisplayConnects: true, MultipleLogin: true, AuthTimeout: defaultAuthTimeout, AuthLimit: defaultAuthLimit,
	}
	found, err := s.Records.load(l)
	if err != nil {
		return s, found, err
	}
	file, findings, err := l.Optional("manager.conf")
	findings = append(found, findings...)
	if file == nil || err != nil {
		return s, findings, err
	}
	r := loader{s: &s, dir: l.Dir, findings: findings}
	r.readLists(l)
	for _, sec := range file.All("general") {
		for _, v := range sec.Vars {
			r.general(v)
		}
	}
	for _, sec := range file.Sections {
		if !sec.Template && !strings.EqualFold(sec.Name, "general") {
			r.user(sec)
		}
	}
	r.finish()
	return s, r.findings, nil
}

type loader struct {
	s        *Settings
	dir      string
	lists    map[string]acl.List
	findings []config.Finding
	bindLine config.Pos
	onLine   config.Pos // of enabled
	tlsLine  config.Pos
	tlsBound bool
}

func (r *loader) find(pos config.Pos, severity config.Severity, rule, message, hint string) {
	r.findings = append(r.findings, config.Finding{Pos: pos, Severity: severity, Rule: rule, Message: message, Hint: hint})
}

// readLists reads acl.conf; sip.conf has told of what is odd in it.
func (r *loader) readLists(l *config.Loader) {
	if f, _, err := l.Load("acl.conf"); err == nil {
		r.lists, _ = acl.Named(f)
	}
}

func (r *loader) bad(v config.Variable, want string) {
	r.find(v.Pos, config.Error, "bad-value", fmt.Sprintf("%s = %q is not %s; it is left out", v.Name, v.Value, want), "")
}

func (r *loader) boolean(v config.Variable, to *bool) {
	b, ok := config.Bool(v.Value)
	if !ok {
		r.bad(v, "yes or no")
		return
	}
	*to = b
}

func (r *loader) number(v config.Variable, least, most int, set func(int)) {
	n, err := strconv.Atoi(strings.TrimSpace(v.Value))
	if err != nil || n < least || n > most {
		r.bad(v, fmt.Sprintf("a number from %d to %d", least, most))
		return
	}
	set(n)
}

func (r *loader) address(v config.Variable, to *netip.AddrPort) bool {
	text := strings.TrimSpace(v.Value)
	if a, err := netip.ParseAddrPort(text); err == nil {
		*to = a
	} else if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		*to = netip.AddrPortFrom(a, to.Port())
	} else {
		r.bad(v, "an address of this machine")
		return false
	}
	return true
}

func (r *loader) general(v config.Variable) {
	s := r.s
	switch name := strings.ToLower(v.Name); name {
	case "enabled":
		r.boolean(v, &s.Enabled)
		r.onLine = v.Pos
	case "bindaddr":
		if r.address(v, &s.Bind) {
			r.bindLine = v.Pos
		}
	case "port":
		r.number(v, 1, 65535, func(n int) { s.Bind = netip.AddrPortFrom(s.Bind.Addr(), uint16(n)) })
	case "tlsenable", "sslenable":
		r.boolean(v, &s.TLS)
		if r.tlsLine.Line == 0 {
			r.tlsLine = v.Pos
		}
	case "tlsbindaddr", "sslbindaddr":
		r.tlsBound = r.address(v, &s.TLSBind)
	case "tlsbindport", "sslbindport":
		r.number(v, 1, 65535, func(n int) { s.TLSBind = netip.AddrPortFrom(s.TLSBind.Addr(), uint16(n)) })
	case "tlscertfile", "tlscert", "sslcert":
		s.certFile, r.tlsLine = v.Value, v.Pos
	case "tlsprivatekey", "sslprivatekey":
		s.keyFile = v.Value
	case "webenabled":
		r.boolean(v, &s.WebEnabled)
	case "httptimeout":
		r.number(v, 1, 86400, func(n int) { s.HTTPTimeout = time.Duration(n) * time.Second })
	case "timestampevents":
		r.boolean(v, &s.Timestamps)
	case "displayconnects":
		r.boolean(v, &s.DisplayConnects)
	case "allowmultiplelogin":
		r.boolean(v, &s.MultipleLogin)
	case "authtimeout":
		r.number(v, 1, int(maxAuthTimeout/time.Second), func(n int) { s.AuthTimeout = time.Duration(n) * time.Second })
	case "authlimit":
		r.number(v, 1, 10000, func(n int) { s.AuthLimit = n })
	case "brokeneventsaction":
		r.boolean(v, &s.SilentEvents)
	case "channelvars":
		s.ChannelVars = append(s.ChannelVars, words(v.Value)...)
	case "disabledevents":
		s.Disabled = append(s.Disabled, words(v.Value)...)
	case "debug":
		r.boolean(v, &s.Debug)
	default:
		why, known := idle[name]
		switch {
		case known && why != "":
			r.find(v.Pos, config.Note, "no-effect", v.Name+" has no effect: "+why, "")
		case !known:
			r.unknown(v, "[general] of manager.conf", slices.AppendSeq(slices.Clone(active), maps.Keys(idle)))
		}
	}
}

func words(list string) (out []string) {
	for w := range strings.SplitSeq(list, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

func (r *loader) unknown(v config.Variable, where string, known []string) {
	hint := ""
	if near := config.Nearest(v.Name, known); near != "" {
		hint = "did you mean " + near + "?"
	}
	r.find(v.Pos, config.Warning, "unknown-option", where+" has no option "+v.Name, hint)
}

// user reads the section of a user.
func (r *loader) user(sec *config.Section) {
	s := r.s
	u := &User{Name: sec.Name, DisplayConnects: s.DisplayConnects, WriteTimeout: defaultWriteTimeout, MultipleLogin: s.MultipleLogin, pos: sec.Pos}
	if old := s.user(sec.Name); old != nil {
		u = old // a section that goes on
	} else {
		s.Users = append(s.Users, u)
	}
	for _, v := range sec.Vars {
		r.userOption(u, v)
	}
	if u.Secret == "" {
		r.find(u.pos, config.Warning, "no-secret", "["+u.Name+"] has no secret: nobody can log in as it", "")
	}
}

func (r *loader) userOption(u *User, v config.Variable) {
	name := strings.ToLower(v.Name)
	switch name {
	case "secret", "password":
		u.Secret = v.Value
		return
	case "read", "write":
		c, unknown := ParseClasses(v.Value)
		for _, w := range unknown {
			hint := ""
			if near := config.Nearest(w, classNames[:]); near != "" {
				hint = "did you mean " + near + "?"
			}
			r.find(v.Pos, config.Warning, "unknown-class", fmt.Sprintf("%s: there is no class %q", v.Name, w), hint)
		}
		if name == "read" {
			u.Read = c
		} else {
			u.Write = c
		}
		return
	case "permit", "deny":
		rule, err := acl.ParseRule(v.Value, name == "permit")
		switch {
		case err == nil:
			u.ACL = append(u.ACL, rule)
		case name == "permit":
			r.bad(v, "an address or a network")
		default:
			u.ACL = append(u.ACL, acl.DenyAll())
			r.find(v.Pos, config.Error, "bad-value", fmt.Sprintf("deny: %v; until this is mended nobody passes", err), "")
		}
		return
	case "acl":
		for _, w := range words(v.Value) {
			list, ok := r.lists[strings.ToLower(w)]
			if !ok {
				list = acl.List{acl.DenyAll()}
				r.find(v.Pos, config.Error, "unknown-acl", "acl.conf has no section ["+w+"]; until this is mended nobody passes", "")
			}
			u.ACL = append(u.ACL, list...)
		}
		return
	case "eventfilter":
		f, err := parseFilter(v.Value)
		if err != nil {
			r.find(v.Pos, config.Error, "bad-value", "eventfilter: "+err.Error(), "")
			return
		}
		u.Filters = append(u.Filters, f)
		return
	case "setvar":
		n, value, ok := strings.Cut(v.Value, "=")
		if !ok || strings.TrimSpace(n) == "" {
			r.bad(v, "name=value")
			return
		}
		u.Variables = append(u.Variables, Variable{strings.TrimSpace(n), value})
		return
	case "displayconnects":
		r.boolean(v, &u.DisplayConnects)
		return
	case "allowmultiplelogin":
		r.boolean(v, &u.MultipleLogin)
		return
	case "commandfollows":
		r.boolean(v, &u.CommandFollows)
		return
	case "writetimeout":
		n, err := strconv.Atoi(strings.TrimSpace(v.Value))
		if d := time.Duration(n) * time.Millisecond; err == nil && d >= minWriteTimeout {
			u.WriteTimeout = max(d, defaultWriteTimeout/100)
		} else {
			r.bad(v, "a number of milliseconds, 100 at least")
		}
		return
	}
	if strings.HasPrefix(name, "eventfilter(") {
		criteria := strings.TrimSuffix(strings.TrimSpace(v.Name[len("eventfilter("):]), ")")
		f, err := parseNamedFilter(criteria, v.Value)
		if err != nil {
			r.find(v.Pos, config.Error, "bad-value", "eventfilter: "+err.Error(), "")
			return
		}
		u.Filters = append(u.Filters, f)
		return
	}
	r.unknown(v, "a user of manager.conf", userOptions)
}

// finish looks at the whole.
func (r *loader) finish() {
	s := r.s
	if !r.tlsBound {
		s.TLSBind = netip.AddrPortFrom(s.Bind.Addr(), s.TLSBind.Port())
	}
	if !s.Enabled {
		return
	}
	if r.bindLine.Line == 0 {
		r.find(r.onLine, config.Note, "loopback", "without bindaddr the manager interface listens on 127.0.0.1 only", "bindaddr=0.0.0.0 opens it to the network")
	}
	if !s.Bind.Addr().IsLoopback() {
		for _, u := range s.Users {
			if len(u.ACL) == 0 && u.Secret != "" {
				r.find(u.pos, config.Warning, "open-manager", "["+u.Name+"] may log in from everywhere, in clear text over "+s.Bind.String(),
					"add deny=0.0.0.0/0 and permit=, or bindaddr=127.0.0.1 with tlsenable=yes")
			}
		}
	}
	for _, u := range s.Users {
		if weak(u) {
			r.find(u.pos, config.Warning, "weak-secret", "["+u.Name+"] has a secret that is guessed first", "a long random one costs nothing")
		}
	}
	r.certificate()
}

// weak reports whether a secret is one that programs try first.
func weak(u *User) bool {
	if u.Secret == "" {
		return false
	}
	return len(u.Secret) < 6 || strings.EqualFold(u.Secret, u.Name) ||
		config.UsualSecret(u.Secret)
}

// certificate reads the files of TLS.
func (r *loader) certificate() {
	s := r.s
	if !s.TLS {
		return
	}
	c, err := config.LoadCertificate(r.dir, s.certFile, s.keyFile)
	if err != nil {
		r.find(r.tlsLine, config.Error, "tls-certificate", "tlscertfile: "+err.Error(), "")
		return
	}
	s.certificate = c
}
