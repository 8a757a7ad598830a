package server

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// get asks the HTTP server for a page.
func (s *story) get(path, from string, change func(*http.Request)) (int, string) {
	r := httptest.NewRequest("GET", path, nil)
	r.RemoteAddr = net.JoinHostPort(from, "4000")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.s.web.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestHealth: what a supervisor and a Prometheus server ask.
func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan, "http.conf": "[general]\nenabled=yes\nbindaddr=127.0.0.1\n"})
		defer s.stop()
		synctest.Wait()
		for _, path := range []string{"/healthz", "/readyz"} {
			if code, text := s.get(path, "192.0.2.9", nil); code != 200 || text != "ok\n" {
				t.Errorf("%s: %d %q", path, code, text)
			}
		}
		if code, _ := s.get("/metrics", "192.0.2.9", nil); code != 404 {
			t.Errorf("the counters are shown to others: %d", code)
		}
		s.play(talk + "wait 20s")
		if got, want := s.show("prometheus show status"), "Prometheus Metrics Status:\n\tEnabled: No\n\tURI: /metrics\n\tBasic Auth: No\n\tLast Scrape Time: (N/A)\n\tLast Scrape Duration: (N/A)\n"; got != want {
			t.Errorf("before anybody asked:\n%s", got)
		}
		if got := s.show("prometheus show metrics"); !strings.Contains(got, "\npbx_calls 1\n") || strings.Contains(s.show("prometheus show status"), " ms") {
			t.Errorf("the console's counters: %s", got)
		}
		_, page := s.get("/metrics", "127.0.0.1", nil)
		if got := s.show("prometheus show status"); !strings.Contains(got, "Last Scrape Time: "+time.Now().Format("2006-01-02 15:04")) || !strings.HasSuffix(got, " ms\n") {
			t.Errorf("after somebody asked:\n%s", got)
		}
		for _, line := range []string{
			"pbx_calls 1", "pbx_calls_total 1", `pbx_channels{state="Up",technology="SIP"} 2`, "pbx_rtp_sessions 2",
			`pbx_dials_total{status="ANSWER"} 1`, "pbx_call_setup_seconds_count 1", "pbx_sip_peers 5", "pbx_sip_peers_reachable 5",
			`pbx_sip_transactions_total{class="2xx",side="here"} 1`, `pbx_sip_transactions_total{class="2xx",side="there"} 1`,
			`pbx_build_info{version="test"} 1`, "go_goroutines ", "process_open_fds ",
		} {
			if !strings.Contains(page, "\n"+line) {
				t.Errorf("not there: %s", line)
			}
		}
		s.play(`
			alice > BYE A
			alice < 200 A
			bob < BYE A
			bob > 200`)
		s.end()
		_, page = s.get("/metrics", "::1", nil)
		for _, line := range []string{"pbx_calls 0", `pbx_hangups_total{cause="16"} 2`, "pbx_talk_seconds_count 2", `pbx_rtp_packets_total{direction="received"} 0`, `pbx_talk_seconds_bucket{le="15"} 0`} {
			if !strings.Contains(page, "\n"+line) {
				t.Errorf("not there at the end: %s", line)
			}
		}
		if t.Failed() {
			t.Log(page)
		}
		s.s.registry.Close()
		if code, _ := s.get("/readyz", "127.0.0.1", nil); code != 503 {
			t.Errorf("ready while it stops: %d", code)
		}
	})
}

// TestMetricsProof: prometheus.conf says who may see the counters.
func TestMetricsProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{
			"extensions.conf": transferPlan,
			"prometheus.conf": "[general]\nenabled=yes\nuri=/numbers/\nauth_username=p\nauth_password=secret\n",
		})
		defer s.stop()
		synctest.Wait()
		login := func(user, password string) func(*http.Request) {
			return func(r *http.Request) { r.SetBasicAuth(user, password) }
		}
		for name, tt := range map[string]struct {
			path   string
			change func(*http.Request)
			want   int
		}{
			"nobody":      {"/numbers", nil, 401},
			"wrong":       {"/numbers", login("p", "secre"), 401},
			"right":       {"/numbers", login("p", "secret"), 200},
			"another way": {"/metrics", login("p", "secret"), 404},
		} {
			if code, _ := s.get(tt.path, "192.0.2.9", tt.change); code != tt.want {
				t.Errorf("%s: %d, want %d", name, code, tt.want)
			}
		}
	})
}
