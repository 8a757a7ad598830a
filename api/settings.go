package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"pbx/config"
	"pbx/config/acl"
)

// Settings is api.conf.
type Settings struct {
	Enabled bool `conf:"enabled"`
	// SIPUsers lets SIP devices in with their name and secret by HTTP digest.
	SIPUsers bool `conf:"sipusers"`
	// Rate is how many requests a second one client may make, with bursts of twice as
	// many.
	Rate float64 `conf:"rate"`
	// Origins are the web pages whose scripts may use the interface, such as
	// https://crm.example.com.
	Origins []string          `conf:"origin,origins"`
	Rules   []config.Variable `conf:"permit,deny"`

	acl    acl.List
	tokens []*token
}

// token is one of the other sections: a program with what it may do.
type token struct {
	Name    string
	Secret  string            `conf:"secret"`
	SHA256  string            `conf:"sha256"`
	May     permissions       `conf:"permissions"`
	Context string            `conf:"context"`
	Rate    float64           `conf:"rate"`
	Rules   []config.Variable `conf:"permit,deny"`

	acl  acl.List
	hash [sha256.Size]byte
}

// defaultRate is how many requests a second a client may make where api.conf does not
// say.
const defaultRate = 20

// leastSecret is the length of a secret that nobody guesses over a network.
const leastSecret = 16

// Load reads api.conf, which may be absent. What cannot be read is named with its line
// and left out.
func Load(l *config.Loader) (Settings, []config.Finding, error) {
	s := Settings{Rate: defaultRate}
	file, findings, err := l.Optional("api.conf")
	if file == nil || err != nil {
		return s, findings, err
	}
	r := reader{findings: findings}
	for _, sec := range file.All("general") {
		r.findings = append(r.findings, config.Decode(sec, &s)...)
		r.origins(&s, sec)
	}
	if s.Rate <= 0 {
		s.Rate = defaultRate
	}
	// Programs on this machine pass, others where a line says so.
	s.acl = append(local(), r.rules(s.Rules)...)
	for _, sec := range file.Sections {
		if !sec.Template && !strings.EqualFold(sec.Name, "general") {
			r.token(&s, sec)
		}
	}
	return s, r.findings, nil
}

// local lets programs on this machine in.
func local() acl.List {
	here := acl.Rule{Permit: true}
	if r, err := acl.ParseRule("127.0.0.0/8,::1", true); err == nil {
		here = r
	}
	return acl.List{acl.DenyAll(), here}
}

type reader struct{ findings []config.Finding }

func (r *reader) find(pos config.Pos, severity config.Severity, rule, message, hint string) {
	r.findings = append(r.findings, config.Finding{Pos: pos, Severity: severity, Rule: rule, Message: message, Hint: hint})
}

// rules reads permit and deny lines. One that cannot be read lets nobody in.
func (r *reader) rules(lines []config.Variable) (list acl.List) {
	for _, v := range lines {
		rule, err := acl.ParseRule(v.Value, strings.EqualFold(v.Name, "permit"))
		if err != nil {
			r.find(v.Pos, config.Error, "bad-value", fmt.Sprintf("%s: %v; until this is mended nobody passes", v.Name, err), "")
			list = append(list, acl.DenyAll())
			continue
		}
		list = append(list, rule)
	}
	return list
}

// origins divides the lines into origins and looks at each.
func (r *reader) origins(s *Settings, sec *config.Section) {
	s.Origins = nil
	for _, v := range sec.Vars {
		if !strings.EqualFold(v.Name, "origin") && !strings.EqualFold(v.Name, "origins") {
			continue
		}
		for _, w := range words(v.Value) {
			u, err := url.Parse(w)
			if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" {
				r.find(v.Pos, config.Error, "bad-value", fmt.Sprintf("%s: %q is not an origin such as https://crm.example.com; it is left out", v.Name, w), "")
				continue
			}
			s.Origins = append(s.Origins, strings.ToLower(u.Scheme+"://"+u.Host))
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

func (r *reader) token(s *Settings, sec *config.Section) {
	t := &token{Name: sec.Name, Rate: s.Rate}
	for _, old := range s.tokens {
		if strings.EqualFold(old.Name, sec.Name) {
			r.find(sec.Pos, config.Warning, "duplicate-section", "api.conf has two sections ["+sec.Name+"]; the second is left out", "")
			return
		}
	}
	r.findings = append(r.findings, config.Decode(sec, t)...)
	if t.Rate <= 0 {
		t.Rate = s.Rate
	}
	switch {
	case t.SHA256 != "":
		b, err := hex.DecodeString(strings.TrimSpace(t.SHA256))
		if err != nil || len(b) != len(t.hash) {
			r.find(sec.Pos, config.Error, "bad-hash", "["+sec.Name+"] sha256 is not the 64 hex digits of a SHA-256: nobody gets in with it", "printf %s TOKEN | sha256sum")
			return
		}
		copy(t.hash[:], b)
	case t.Secret == "":
		r.find(sec.Pos, config.Warning, "no-secret", "["+sec.Name+"] has neither secret nor sha256: nobody can use it", "")
		return
	default:
		if len(t.Secret) < leastSecret || config.UsualSecret(t.Secret) {
			r.find(sec.Pos, config.Warning, "weak-secret", fmt.Sprintf("[%s] has a secret that can be guessed: a token has %d characters at least", sec.Name, leastSecret),
				"openssl rand -hex 24 makes one")
		}
		t.hash = sha256.Sum256([]byte(t.Secret))
	}
	if _, told := sec.Get("permissions"); t.May == 0 && !told {
		r.find(sec.Pos, config.Warning, "no-effect", "["+sec.Name+"] has no permissions: it may do nothing", "permissions="+strings.Join(permissionNames[:], ","))
	}
	if len(t.Rules) > 0 {
		t.acl = append(acl.List{acl.DenyAll()}, r.rules(t.Rules)...)
	}
	if i := slices.IndexFunc(s.tokens, func(o *token) bool { return o.hash == t.hash }); i >= 0 {
		r.find(sec.Pos, config.Error, "same-secret", "["+sec.Name+"] and ["+s.tokens[i].Name+"] have one secret; the second is left out", "")
		return
	}
	s.tokens = append(s.tokens, t)
}

// allows reports whether a client at an address may ask at all.
func (s *Settings) allows(from netip.Addr) bool { return from.IsValid() && s.acl.Allows(from) }

// permissions are what somebody may do.
type permissions uint8

const (
	mayRead permissions = 1 << iota
	mayEvents
	mayOriginate
	mayControl
	mayConfig
	mayAll = mayConfig<<1 - 1
)

var permissionNames = [...]string{"read", "events", "originate", "control", "config"}

// String lists them as api.conf does.
func (p permissions) String() string {
	var list []string
	for i, name := range permissionNames {
		if p>>i&1 != 0 {
			list = append(list, name)
		}
	}
	return strings.Join(list, ",")
}

// UnmarshalText reads a list such as "read,originate", or "all".
func (p *permissions) UnmarshalText(text []byte) error {
	*p = 0
	for _, w := range words(strings.ToLower(string(text))) {
		i := slices.Index(permissionNames[:], w)
		switch {
		case i >= 0:
			*p |= 1 << i
		case w == "all":
			*p = mayAll
		default:
			return fmt.Errorf("some of %s, or all", strings.Join(permissionNames[:], ", "))
		}
	}
	return nil
}
