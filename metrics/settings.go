package metrics

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"pbx/config"
)

// Settings is prometheus.conf.
type Settings struct {
	// Enabled lets others than programs on this machine ask.
	Enabled  bool   `conf:"enabled"`
	URI      string `conf:"uri"`
	User     string `conf:"auth_username"`
	Password string `conf:"auth_password"`
	Realm    string `conf:"auth_realm"`
}

// Load reads prometheus.conf, which may be absent.
func Load(l *config.Loader) (Settings, []config.Finding, error) {
	s := Settings{URI: "/metrics", Realm: "pbx"}
	file, findings, err := l.Optional("prometheus.conf")
	if file == nil || err != nil {
		return s, findings, err
	}
	for _, sec := range file.Sections {
		if !strings.EqualFold(sec.Name, "general") {
			findings = append(findings, config.Finding{
				Pos: sec.Pos, Severity: config.Warning, Rule: "unknown-section", Message: "prometheus.conf has no section [" + sec.Name + "]",
			})
			continue
		}
		findings = append(findings, config.Decode(sec, &s, "core_metrics_enabled")...)
		if s.Enabled && (s.User == "" || s.Password == "") {
			findings = append(findings, config.Finding{
				Pos: sec.Pos, Severity: config.Warning, Rule: "no-proof",
				Message: "prometheus.conf has no auth_username and auth_password: whoever reaches the HTTP server sees the counters",
				Hint:    "add both, or leave enabled=no: then only programs on this machine see them",
			})
		}
	}
	s.URI = "/" + strings.Trim(s.URI, "/ ")
	return s, findings, nil
}

// allows reports whether a request may see the page, and answers it when not.
func (s *Settings) allows(w http.ResponseWriter, r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	here := err == nil && from.Addr().Unmap().IsLoopback()
	switch {
	case !s.Enabled && here:
		return true
	case !s.Enabled:
		http.NotFound(w, r)
		return false
	case s.User == "" || s.Password == "":
		return true
	}
	user, password, _ := r.BasicAuth()
	if same(user, s.User)&same(password, s.Password) == 1 {
		return true
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="`+strings.ReplaceAll(s.Realm, `"`, "'")+`", charset="UTF-8"`)
	http.Error(w, "Unauthorized", http.StatusUnauthorized)
	return false
}

// same compares in a time that says nothing of where they differ.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// Handler is the page with the settings that current returns.
func (m *Metrics) Handler(current func() Settings) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := current()
		if r.URL.Path != s.URI {
			http.NotFound(w, r)
			return
		}
		if s.allows(w, r) {
			begun := time.Now()
			m.handler.ServeHTTP(w, r)
			m.scrape.Store(&Scrape{At: begun, Took: time.Since(begun)})
		}
	})
}

// Scrape is one reading of the page by somebody else.
type Scrape struct {
	At   time.Time
	Took time.Duration
}

// LastScrape is the last of them, nil before the first.
func (m *Metrics) LastScrape() *Scrape { return m.scrape.Load() }

// Write writes the page, which does not count as a scrape.
func (m *Metrics) Write(ctx context.Context, w io.Writer) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	if err != nil {
		return err
	}
	p := page{Writer: w, header: make(http.Header), status: http.StatusOK}
	m.handler.ServeHTTP(&p, r)
	if p.status != http.StatusOK {
		return fmt.Errorf("metrics: %s", http.StatusText(p.status))
	}
	return nil
}

// page is a response that goes to a writer.
type page struct {
	io.Writer
	header http.Header
	status int
}

func (p *page) Header() http.Header    { return p.header }
func (p *page) WriteHeader(status int) { p.status = status }
