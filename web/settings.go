package web

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pbx/config"
)

// Settings is http.conf.
type Settings struct {
	Enabled bool
	Bind    netip.AddrPort
	TLS     bool
	TLSBind netip.AddrPort
	// Prefix stands before every path, "" or such as "/asterisk".
	Prefix string

	certFile, keyFile string
	certificate       *tls.Certificate
}

// The defaults of the ancestor.
const (
	defaultPort    = 8088
	defaultTLSPort = 8089
)

// idle are options that the field knows and that do nothing here.
var idle = []string{
	"servername", "sessionlimit", "session_inactivity", "session_keep_alive", "enablestatic", "enable_static", "enable_status", "redirect",
	"tlscipher", "sslcipher", "tlscafile", "tlscapath", "tlsdisablev1", "tlsdisablev11", "tlsdisablev12", "tlsservercipherorder",
	"tlsclientmethod", "tlsverifyclient", "tlsdontverifyserver", "timeout",
}

var active = []string{
	"enabled", "bindaddr", "bindport", "prefix", "tlsenable", "sslenable", "tlsbindaddr", "sslbindaddr", "tlscertfile", "tlscert", "sslcert",
	"tlsprivatekey", "sslprivatekey",
}

// Load reads http.conf, which may be absent. What cannot be read is named with its
// line and left out.
func Load(l *config.Loader) (Settings, []config.Finding, error) {
	s := Settings{
		Bind:    netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), defaultPort),
		TLSBind: netip.AddrPortFrom(netip.IPv4Unspecified(), defaultTLSPort),
	}
	file, findings, err := l.Optional("http.conf")
	if file == nil || err != nil {
		return s, findings, err
	}
	r := reader{s: &s, dir: l.Dir, findings: findings}
	for _, sec := range file.All("general") {
		for _, v := range sec.Vars {
			r.read(v)
		}
	}
	r.certificate()
	return s, r.findings, nil
}

type reader struct {
	s        *Settings
	dir      string
	findings []config.Finding
	tlsLine  config.Pos // of the certificate, or of tlsenable
}

func (r *reader) find(pos config.Pos, severity config.Severity, rule, message string) {
	r.findings = append(r.findings, config.Finding{Pos: pos, Severity: severity, Rule: rule, Message: message})
}

func (r *reader) read(v config.Variable) {
	s, name := r.s, strings.ToLower(v.Name)
	bad := func(want string) {
		r.find(v.Pos, config.Error, "bad-value", fmt.Sprintf("%s = %q is not %s; it is left out", v.Name, v.Value, want))
	}
	boolean := func(to *bool) {
		b, ok := config.Bool(v.Value)
		if !ok {
			bad("yes or no")
			return
		}
		*to = b
	}
	address := func(to *netip.AddrPort) {
		text := strings.TrimSpace(v.Value)
		if a, err := netip.ParseAddrPort(text); err == nil {
			*to = a
		} else if a, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
			*to = netip.AddrPortFrom(a, to.Port())
		} else {
			bad("an address of this machine")
		}
	}
	switch name {
	case "enabled":
		boolean(&s.Enabled)
	case "bindaddr":
		address(&s.Bind)
	case "bindport":
		n, err := strconv.ParseUint(v.Value, 10, 16)
		if err != nil || n == 0 {
			bad("a port")
			return
		}
		s.Bind = netip.AddrPortFrom(s.Bind.Addr(), uint16(n))
	case "prefix":
		if s.Prefix = strings.Trim(v.Value, "/ "); s.Prefix != "" {
			s.Prefix = "/" + s.Prefix
		}
	case "tlsenable", "sslenable":
		boolean(&s.TLS)
		if r.tlsLine.Line == 0 {
			r.tlsLine = v.Pos
		}
	case "tlsbindaddr", "sslbindaddr":
		address(&s.TLSBind)
	case "tlscertfile", "tlscert", "sslcert":
		s.certFile, r.tlsLine = v.Value, v.Pos
	case "tlsprivatekey", "sslprivatekey":
		s.keyFile = v.Value
	default:
		if slices.Contains(idle, name) {
			return
		}
		f := config.Finding{Pos: v.Pos, Severity: config.Warning, Rule: "unknown-option", Message: "http.conf has no option " + v.Name}
		if near := config.Nearest(name, append(slices.Clone(active), idle...)); near != "" {
			f.Hint = "did you mean " + near + "?"
		}
		r.findings = append(r.findings, f)
	}
}

// certificate reads the files of TLS.
func (r *reader) certificate() {
	s := r.s
	if !s.TLS || !s.Enabled {
		return
	}
	c, err := config.LoadCertificate(r.dir, s.certFile, s.keyFile)
	if err != nil {
		r.find(r.tlsLine, config.Error, "tls-certificate", "tlscertfile: "+err.Error())
		return
	}
	s.certificate = c
}
