package manager

import (
	"crypto/rand"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"pbx/channel"
	"pbx/event"
)

// TestWebSession: a cookie names its session as long as that fetches its events.
func TestWebSession(t *testing.T) {
	s := New(Deps{
		Registry: channel.NewRegistry(&event.Bus{}, nil, time.Now, ""), Log: slog.New(slog.DiscardHandler), Now: time.Now, Random: rand.Reader,
	})
	defer s.Close()
	s.settings.Store(&Settings{Enabled: true, WebEnabled: true, HTTPTimeout: time.Minute})
	h := s.Handler()
	ask := func(from string) (id string) {
		t.Helper()
		r := httptest.NewRequest("GET", "/rawman?action=challenge&authtype=MD5", nil)
		if from != "" {
			r.Header.Set("Cookie", cookie+"="+from)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		for _, c := range w.Result().Cookies() {
			if c.Name == cookie {
				id = c.Value
			}
		}
		if id == "" || w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return id
	}
	first := ask("")
	if ask(first) != first {
		t.Error("it is another session at once")
	}
	x := s.web.byID[first]
	x.queue(make([]byte, maxWaiting+1)) // it has asked for none
	if ask(first) != first {
		t.Error("it is another session because of events that it has not asked for")
	}
	x.follow()
	x.queue(make([]byte, maxWaiting+1))
	second := ask(first)
	if second == first || ask(second) != second {
		t.Error("a session that has ended goes on")
	}
	if len(s.web.byID) != 1 || len(s.list()) != 1 {
		t.Errorf("%d and %d sessions are left", len(s.web.byID), len(s.list()))
	}
}
