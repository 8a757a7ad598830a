package missed

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/config"
	"pbx/webhook"
)

// FileName is the file that users are in.
const FileName = "missed.conf"

// Settings are missed.conf.
type Settings struct {
	// Family of extconfig.conf has users that the file does not, "" for none.
	Family config.Variable
	Users  []*User
	// Keep is how long a delivery is tried, Most how many may wait.
	Keep time.Duration
	Most int
	Zone *time.Location
	// Subject, Body, HTML and Text are templates: of mails, the last one of messages.
	Subject, Body, HTML, Text string
	// From is who messages are from, "" for the exchange.
	From string
	// Secret signs posts.
	Secret string
	Mail   Mail
}

// Active reports whether anybody is to be told of anything.
func (s *Settings) Active() bool { return s != nil && (len(s.Users) > 0 || s.Family.Value != "") }

// User is who missed calls.
type User struct {
	ID, Name string
	// Devices are Technology/name.
	Devices []string
	Mail    []string
	Webhook string
	// Message is where a text goes, "" for nowhere: sip:101.
	Message string
	// Reasons are those that he wants to hear of, nil for all.
	Reasons []Reason
	Pos     config.Pos
}

// Mail is how mail is sent.
type Mail struct {
	Host     string
	Port     int
	Security Security
	// Auth is the method of logging in, "" for what the server offers.
	Auth           string
	User, Password string
	From           string
	TLS            *tls.Config
	OAuth          OAuth
}

// Security is how the connection to a mail server is kept from others.
type Security string

// The kinds of security: STARTTLS required (RFC 3207), TLS from the first byte on (RFC
// 8314), STARTTLS where the server has it, none.
const (
	StartTLS      Security = "starttls"
	TLS           Security = "tls"
	Opportunistic Security = "opportunistic"
	Clear         Security = "no"
)

var securities = []Security{StartTLS, TLS, Opportunistic, Clear}

// authMethods are the words of auth=.
var authMethods = []string{"auto", "plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256", "xoauth2", "no"}

// general is [general] as it is written.
type general struct {
	Family       string        `conf:"family"`
	Keep         time.Duration `conf:"keep"`
	Most         int           `conf:"most"`
	Zone         string        `conf:"timezone"`
	Server       string        `conf:"server"`
	Security     string        `conf:"security"`
	Verify       bool          `conf:"tlsverify"`
	CA           string        `conf:"cafile"`
	Auth         string        `conf:"auth"`
	Username     string        `conf:"username"`
	Password     string        `conf:"password"`
	From         string        `conf:"from"`
	TokenURL     string        `conf:"oauth_token_url"`
	ClientID     string        `conf:"oauth_client_id"`
	ClientSecret string        `conf:"oauth_client_secret"`
	RefreshToken string        `conf:"oauth_refresh_token"`
	Scope        string        `conf:"oauth_scope"`
	Subject      string        `conf:"subject"`
	Body         string        `conf:"body"`
	BodyFile     string        `conf:"bodyfile"`
	HTMLFile     string        `conf:"htmlfile"`
	Text         string        `conf:"text"`
	MessageFrom  string        `conf:"messagefrom"`
	Secret       string        `conf:"webhook_secret"`
}

// loader reads missed.conf.
type loader struct {
	s        *Settings
	findings []config.Finding
	read     func(name string) ([]byte, error)
}

// Load reads missed.conf, which may be absent: nil then. Files beside it that it names
// are read with read.
func Load(l *config.Loader, read func(name string) ([]byte, error)) (*Settings, []config.Finding, error) {
	file, findings, err := l.Optional(FileName)
	if file == nil || err != nil {
		return nil, findings, err
	}
	b := &loader{s: &Settings{}, findings: findings, read: read}
	sec := file.Section("general")
	if sec == nil {
		sec = &config.Section{Name: "general", Pos: config.Pos{File: FileName}}
	}
	b.general(sec)
	for _, u := range file.Sections {
		if !u.Template && !strings.EqualFold(u.Name, "general") {
			b.user(u)
		}
	}
	b.mailboxes(sec)
	return b.s, b.findings, nil
}

func (b *loader) find(pos config.Pos, severity config.Severity, rule, token, format string, args ...any) {
	b.findings = append(b.findings, config.Finding{Pos: pos, Severity: severity, Rule: rule, Token: token, Message: fmt.Sprintf(format, args...)})
}

func (b *loader) bad(v config.Variable, want string) {
	b.find(v.Pos, config.Error, "bad-value", v.Value, "%s = %q: expected %s", v.Name, v.Value, want)
}

// general reads [general].
func (b *loader) general(sec *config.Section) {
	g := general{
		Keep: 24 * time.Hour, Most: 1000, Security: string(StartTLS), Verify: true, Auth: "auto",
		Subject: defaultSubject, Body: defaultBody, Text: defaultText,
	}
	b.findings = append(b.findings, config.Decode(sec, &g)...)
	s := b.s
	s.Family, _ = sec.Lookup("family")
	s.Keep, s.Most = max(g.Keep, time.Minute), max(g.Most, 1)
	s.From, s.Secret = g.MessageFrom, g.Secret
	s.Zone = time.Local
	at := func(name string) config.Variable { v, _ := sec.Lookup(name); return v }
	if g.Zone != "" {
		zone, err := time.LoadLocation(g.Zone)
		if err != nil {
			b.bad(at("timezone"), "a time zone such as Europe/Vienna")
		} else {
			s.Zone = zone
		}
	}
	s.Subject, s.Body, s.Text = g.Subject, unescape.Replace(g.Body), unescape.Replace(g.Text)
	if g.BodyFile != "" {
		s.Body = b.file(at("bodyfile"), s.Body)
	}
	if g.HTMLFile != "" {
		s.HTML = b.file(at("htmlfile"), "")
	}
	for name, text := range map[string]string{"subject": s.Subject, "body": s.Body, "text": s.Text, "htmlfile": s.HTML} {
		b.template(at(name), text)
	}
	b.mail(sec, &g)
}

// file reads a template beside missed.conf.
func (b *loader) file(v config.Variable, otherwise string) string {
	text, err := b.read(v.Value)
	if err != nil {
		b.find(v.Pos, config.Error, "bad-value", v.Value, "%s: %v", v.Name, err)
		return otherwise
	}
	return string(text)
}

// template looks for variables that there are not.
func (b *loader) template(v config.Variable, text string) {
	for _, p := range parts(text) {
		if !p.variable || slices.Contains(variables, p.text) {
			continue
		}
		b.find(v.Pos, config.Warning, "bad-value", p.text, "%s: there is no variable ${%s}: it is empty", v.Name, p.text)
		if near := config.Nearest(p.text, variables); near != "" {
			b.findings[len(b.findings)-1].Hint = "did you mean ${" + near + "}?"
		}
	}
}

// mail reads how mail is sent.
func (b *loader) mail(sec *config.Section, g *general) {
	m := &b.s.Mail
	at := func(name string) config.Variable {
		v, ok := sec.Lookup(name)
		if !ok {
			v.Pos, v.Name = sec.Pos, name
		}
		return v
	}
	m.User, m.Password, m.From = g.Username, g.Password, g.From
	m.Security = Security(strings.ToLower(g.Security))
	if !slices.Contains(securities, m.Security) {
		b.bad(at("security"), "starttls, tls, opportunistic or no")
		m.Security = StartTLS
	}
	m.Host, m.Port = g.Server, map[Security]int{StartTLS: 587, TLS: 465, Opportunistic: 25, Clear: 25}[m.Security]
	if host, port, err := net.SplitHostPort(g.Server); err == nil {
		m.Host = host
		if m.Port, err = strconv.Atoi(port); err != nil || m.Port < 1 || m.Port > 65535 {
			b.bad(at("server"), "a host, or host:port")
			m.Host = ""
		}
	}
	if m.Auth = strings.ToLower(g.Auth); !slices.Contains(authMethods, m.Auth) {
		b.bad(at("auth"), "one of "+strings.Join(authMethods, ", "))
		m.Auth = "auto"
	}
	if m.From != "" {
		if _, err := mail.ParseAddress(m.From); err != nil {
			b.bad(at("from"), `an address such as "Telephone" <pbx@example.com>`)
			m.Host = ""
		}
	}
	m.TLS = &tls.Config{ServerName: m.Host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: !g.Verify}
	if g.CA != "" {
		text, err := b.read(g.CA)
		pool := x509.NewCertPool()
		if err == nil && !pool.AppendCertsFromPEM(text) {
			err = fmt.Errorf("%s holds no certificate", g.CA)
		}
		if err != nil {
			b.find(at("cafile").Pos, config.Error, "bad-value", g.CA, "cafile: %v", err)
		}
		m.TLS.RootCAs = pool
	}
	if !g.Verify {
		b.find(at("tlsverify").Pos, config.Warning, "unsafe", "", "tlsverify = no gives the mail account's password to whoever answers in the server's place")
	}
	if m.Password != "" && (m.Security == Clear || m.Security == Opportunistic) && !loopback(m.Host) {
		b.find(at("security").Pos, config.Warning, "unsafe", "", "security = %s may send the mail account's password unencrypted", m.Security)
	}
	m.OAuth = OAuth{TokenURL: g.TokenURL, ClientID: g.ClientID, ClientSecret: g.ClientSecret, RefreshToken: g.RefreshToken, Scope: g.Scope}
	if g.TokenURL != "" && webhook.Check(g.TokenURL) != nil {
		b.bad(at("oauth_token_url"), "an address such as https://example.com/token")
	}
	if m.Auth == "xoauth2" && m.OAuth.RefreshToken == "" && m.Password == "" {
		b.find(at("auth").Pos, config.Error, "bad-value", "", "auth = xoauth2 needs oauth_refresh_token and oauth_token_url, or a token as password")
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// user reads the section of one user.
func (b *loader) user(sec *config.Section) {
	var x struct {
		Name    string `conf:"name"`
		Device  string `conf:"device"`
		Mail    string `conf:"mail"`
		Webhook string `conf:"webhook"`
		Message string `conf:"message"`
		Reasons string `conf:"reasons"`
	}
	b.findings = append(b.findings, config.Decode(sec, &x)...)
	u, problem := NewUser(sec.Name, x.Name, x.Device, x.Mail, x.Webhook, x.Message, x.Reasons)
	u.Pos = sec.Pos
	if problem.Name != "" {
		v, _ := sec.Lookup(problem.Name)
		b.bad(v, problem.Want)
	}
	if len(u.Mail) == 0 && u.Webhook == "" && u.Message == "" {
		b.find(sec.Pos, config.Warning, "bad-value", sec.Name, "[%s] is told of nothing: it has no mail, webhook or message that can be used", sec.Name)
		return
	}
	b.s.Users = append(b.s.Users, u)
}

// Problem is what is wrong with a field of a user.
type Problem struct{ Name, Want string }

// NewUser makes a user out of texts, of the file or of a database. A field that cannot
// be used is told of and left out; the device is SIP/ID where there is none.
func NewUser(id, name, device, addresses, hook, message, which string) (u *User, problem Problem) {
	u = &User{ID: id, Name: name}
	for d := range strings.SplitSeq(device, "&") {
		if d = strings.TrimSpace(d); d != "" {
			u.Devices = append(u.Devices, d)
		}
	}
	if len(u.Devices) == 0 {
		u.Devices = []string{"SIP/" + id}
	}
	if addresses != "" {
		list, err := mail.ParseAddressList(addresses)
		if err != nil {
			problem = Problem{"mail", "addresses such as anna@example.com"}
		}
		for _, a := range list {
			u.Mail = append(u.Mail, a.String())
		}
	}
	if hook != "" {
		if u.Webhook = hook; webhook.Check(hook) != nil {
			u.Webhook, problem = "", Problem{"webhook", "an address such as https://example.com/hook"}
		}
	}
	switch yes, isBool := config.Bool(message); {
	case isBool && yes:
		tech, resource, _ := strings.Cut(u.Devices[0], "/")
		u.Message = strings.ToLower(tech) + ":" + resource
	case isBool || message == "":
	case !strings.Contains(message, ":"):
		problem = Problem{"message", "yes, no, or an address such as sip:101"}
	default:
		u.Message = message
	}
	for w := range strings.SplitSeq(which, ",") {
		if w = strings.ToLower(strings.TrimSpace(w)); w == "" {
			continue
		}
		if !slices.Contains(reasons, Reason(w)) {
			problem = Problem{"reasons", "some of no answer, cancelled, busy, failed, unreachable"}
			continue
		}
		u.Reasons = append(u.Reasons, Reason(w))
	}
	return u, problem
}

// wants reports whether the user is to hear of a record.
func (u *User) wants(r *Record) bool {
	return len(u.Reasons) == 0 || slices.Contains(u.Reasons, r.Reason)
}

// mailboxes tells where mail is wanted and cannot be sent.
func (b *loader) mailboxes(general *config.Section) {
	if b.s.Mail.Host != "" && b.s.Mail.From != "" {
		return
	}
	for _, u := range b.s.Users {
		if len(u.Mail) > 0 {
			b.find(general.Pos, config.Error, "bad-value", "", "[%s] is to get mail, and [general] lacks server or from that can be used", u.ID)
			return
		}
	}
}
