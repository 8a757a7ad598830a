package feed

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"pbx/config"
	"pbx/config/acl"
	"pbx/webhook"
)

// Settings is events.conf: the sinks by their sections, in order.
type Settings struct{ sinks []*sink }

// sink is a section of events.conf.
type sink struct {
	Name   string
	Type   string   `conf:"type"`
	Events []string `conf:"events"`
	Fields []string `conf:"fields"`

	// Of a unix socket.
	Path string   `conf:"path"`
	Mode fileMode `conf:"mode"`
	// Of TCP: where to listen, or whom to connect to.
	Bind    netip.AddrPort    `conf:"bind"`
	Connect netip.AddrPort    `conf:"connect"`
	Rules   []config.Variable `conf:"permit,deny"`
	// TLS of TCP. Authorities are those of programs that connect, who must then show a
	// certificate, or of the collector; TLSName is the name in its certificate.
	TLS         bool   `conf:"tls"`
	Certificate string `conf:"tlscertfile"`
	Key         string `conf:"tlsprivatekey"`
	Authorities string `conf:"tlscafile"`
	TLSName     string `conf:"tlsname"`
	// Of a webhook.
	URL           string `conf:"url"`
	Authorization string `conf:"authorization"`
	Batch         int    `conf:"batch"`
	// Of NATS.
	Server    string `conf:"server"`
	Subject   string `conf:"subject"`
	User      string `conf:"user"`
	Password  string `conf:"password"`
	Token     string `conf:"token"`
	Creds     string `conf:"credentials"`
	JetStream bool   `conf:"jetstream"`
	// Secret is what a client of TCP says first, and what a webhook is signed with.
	Secret string `conf:"secret"`
	// Queue is how much may wait on disk, in megabytes.
	Queue int `conf:"queue"`

	acl acl.List
	tls *tls.Config // nil without TLS, or where its files cannot be read
}

// fileMode is an octal number, as of chmod.
type fileMode os.FileMode

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *fileMode) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 9)
	if err != nil {
		return errors.New("the permissions of a file, such as 0660")
	}
	*m = fileMode(n)
	return nil
}

// The kinds of sink.
const (
	typeUnix    = "unix"
	typeTCP     = "tcp"
	typeWebhook = "webhook"
	typeNATS    = "nats"
)

// options are what each kind of sink has, beside type, events and fields.
var options = map[string][]string{
	typeUnix:    {"path", "mode"},
	typeTCP:     {"bind", "connect", "secret", "permit", "deny", "tls", "tlscertfile", "tlsprivatekey", "tlscafile", "tlsname"},
	typeWebhook: {"url", "secret", "authorization", "batch", "queue"},
	typeNATS:    {"server", "subject", "user", "password", "token", "credentials", "jetstream", "queue"},
}

const (
	defaultQueue   = 64 // megabytes
	maxQueue       = 10_000
	maxBatch       = 1000
	defaultSubject = "pbx.events.{event}"
	socketMode     = 0o600
)

// Load reads events.conf, which may be absent. What cannot be read is named with its
// line; a sink of which nothing can be made is left out.
func Load(l *config.Loader) (Settings, []config.Finding, error) {
	var s Settings
	file, findings, err := l.Optional("events.conf")
	if file == nil || err != nil {
		return s, findings, err
	}
	r := reader{findings: findings, dir: l.Dir, hub: &Hub{table: newTable()}}
	for _, sec := range file.Sections {
		if sec.Template {
			continue
		}
		if x := r.sink(&s, sec); x != nil {
			s.sinks = append(s.sinks, x)
		}
	}
	return s, r.findings, nil
}

type reader struct {
	dir      string
	hub      *Hub
	findings []config.Finding
	section  *config.Section
	refused  bool
}

// find names a line of the section that is read, or the section.
func (r *reader) find(name string, severity config.Severity, rule, hint, format string, args ...any) {
	f := config.Finding{Pos: r.section.Pos, Severity: severity, Rule: rule, Message: "[" + r.section.Name + "] " + fmt.Sprintf(format, args...), Hint: hint}
	if v, ok := r.section.Lookup(name); ok {
		f.Pos = v.Pos
	}
	r.findings = append(r.findings, f)
}

// refuse names what makes a sink useless.
func (r *reader) refuse(name, format string, args ...any) {
	r.find(name, config.Error, "bad-value", "", format+" (the sink is left out)", args...)
	r.refused = true
}

func (r *reader) sink(s *Settings, sec *config.Section) *sink {
	r.section, r.refused = sec, false
	x := &sink{Name: sec.Name, Mode: socketMode, Batch: 1, Queue: defaultQueue, Subject: defaultSubject}
	if slices.ContainsFunc(s.sinks, func(o *sink) bool { return strings.EqualFold(o.Name, x.Name) }) {
		r.find("", config.Warning, "duplicate-section", "", "stands twice in events.conf; the second is left out")
		return nil
	}
	r.findings = append(r.findings, config.Decode(sec, x)...)
	x.Type = strings.ToLower(strings.TrimSpace(x.Type))
	mine, ok := options[x.Type]
	if !ok {
		r.refuse("type", "type is one of unix, tcp, webhook, nats")
		return nil
	}
	for _, v := range sec.Vars {
		if name := strings.ToLower(v.Name); !slices.Contains(mine, name) && slices.Contains(slices.Collect(anyOption), name) {
			r.find(name, config.Warning, "no-effect", "", "%s has no effect on a sink of type %s", name, x.Type)
		}
	}
	if _, err := r.hub.Select(strings.Join(x.Events, ","), ""); err != nil {
		r.refuse("events", "events: %v", err)
	}
	if _, err := r.hub.Select("", strings.Join(x.Fields, ",")); err != nil {
		r.refuse("fields", "fields: %v", err)
	}
	switch x.Type {
	case typeUnix:
		r.unix(x)
	case typeTCP:
		r.tcp(x)
	case typeWebhook:
		r.webhook(x)
	case typeNATS:
		r.nats(x)
	}
	if (x.Type == typeWebhook || x.Type == typeNATS) && (x.Queue < 1 || x.Queue > maxQueue) {
		r.find("queue", config.Error, "bad-value", "", "queue is from 1 to %d megabytes; %d stays", maxQueue, defaultQueue)
		x.Queue = defaultQueue
	}
	if r.refused {
		return nil
	}
	return x
}

// anyOption are the options of any kind of sink.
func anyOption(yield func(string) bool) {
	for _, list := range options {
		for _, o := range list {
			if !yield(o) {
				return
			}
		}
	}
}

func (r *reader) unix(x *sink) {
	if x.Path == "" {
		r.refuse("path", "path is missing: where the socket is")
		return
	}
	if !filepath.IsAbs(x.Path) {
		r.refuse("path", "path = %q does not begin with /", x.Path)
	}
	if x.Mode&0o007 != 0 {
		r.find("mode", config.Warning, "unsafe", "mode=0660 lets a group in", "mode lets everybody on this machine read who calls whom")
	}
}

func (r *reader) tcp(x *sink) {
	x.acl = acl.List{acl.DenyAll()}
	if here, err := acl.ParseRule("127.0.0.0/8,::1", true); err == nil {
		x.acl = append(x.acl, here)
	}
	for _, v := range x.Rules {
		rule, err := acl.ParseRule(v.Value, strings.EqualFold(v.Name, "permit"))
		if err != nil {
			r.refuse(v.Name, "%s: %v", v.Name, err)
			continue
		}
		x.acl = append(x.acl, rule)
	}
	if x.TLS && x.Bind.IsValid() != x.Connect.IsValid() {
		r.loadTLS(x)
	}
	proves := x.Secret != "" || x.TLS && x.Authorities != "" // who he is
	switch {
	case x.Bind.IsValid() == x.Connect.IsValid():
		r.refuse("bind", "has either bind or connect, an address and a port such as 127.0.0.1:5090")
	case x.Connect.IsValid() && !x.Connect.Addr().IsLoopback() && !x.TLS:
		r.find("connect", config.Note, "unsafe", "tls=yes keeps them secret", "events go to %v in clear text", x.Connect)
	case x.Bind.IsValid() && !x.Bind.Addr().IsLoopback() && !proves:
		r.refuse("bind", "listens on %v without secret, or tls and tlscafile: everybody there could read who calls whom", x.Bind)
	case x.Bind.IsValid() && x.Secret != "" && config.UsualSecret(x.Secret):
		r.find("secret", config.Warning, "weak-secret", "openssl rand -hex 24 makes one", "has a secret that is guessed first")
	}
}

func (r *reader) webhook(x *sink) {
	if err := webhook.Check(x.URL); err != nil {
		r.refuse("url", "url: %v", err)
		return
	}
	if x.Batch < 1 || x.Batch > maxBatch {
		r.find("batch", config.Error, "bad-value", "", "batch is from 1 to %d; 1 stays", maxBatch)
		x.Batch = 1
	}
	u, err := url.Parse(x.URL)
	if err == nil && u.Scheme == "http" && u.Hostname() != "localhost" {
		if a, err := netip.ParseAddr(u.Hostname()); err != nil || !a.IsLoopback() {
			r.find("url", config.Note, "unsafe", "https keeps them secret", "events go to %s in clear text", u.Host)
		}
	}
}

func (r *reader) nats(x *sink) {
	x.Server = cmp.Or(x.Server, "nats://127.0.0.1:4222")
	for w := range strings.SplitSeq(x.Server, ",") {
		u, err := url.Parse(strings.TrimSpace(w))
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			r.refuse("server", "server: %q is not an address such as nats://127.0.0.1:4222", w)
			return
		}
	}
	plain := strings.ReplaceAll(x.Subject, "{event}", "x.x")
	if strings.ContainsAny(plain, " \t{}*>") || strings.HasPrefix(plain, ".") || strings.HasSuffix(plain, ".") || strings.Contains(plain, "..") {
		r.refuse("subject", "subject = %q is not one to publish to, such as %s", x.Subject, defaultSubject)
	}
	if x.Creds != "" && !filepath.IsAbs(x.Creds) {
		x.Creds = filepath.Join(r.dir, x.Creds)
	}
}

// hostOf is the scheme and the host of an address.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// same reports whether two readings of a section make the same sink.
func (x *sink) same(o *sink) bool {
	a, b := *x, *o
	// What files hold is taken in while it runs.
	for _, s := range [...]*sink{&a, &b} {
		s.tls, s.Certificate, s.Key, s.Authorities = nil, "", "", ""
	}
	// Where lines stand does not matter.
	for i := range a.Rules {
		a.Rules[i].Pos = config.Pos{}
	}
	for i := range b.Rules {
		b.Rules[i].Pos = config.Pos{}
	}
	return reflect.DeepEqual(a, b)
}
