package server

import (
	"encoding/json"
	"testing"
	"testing/synctest"
)

// TestAsk: the operator may everything, also without api.conf.
func TestAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan})
		defer s.stop()
		for _, c := range []struct {
			method, target, body string
			want                 int
		}{
			{"GET", "/api/stats", "", 200},
			{"GET", "/api/peers/bob", "", 200},
			{"GET", "/api/peers/no%2Fbody", "", 404},
			{"GET", "/api/nothing", "", 404},
			{"DELETE", "/api/stats", "", 405},
			{"POST", "/api/reload", `{"dry_run":true}`, 200},
			{"POST", "/api/reload", `{"dry":true}`, 400},
			{"POST", "/api/reload", "", 415},
			{"DELETE", "/api/channels/none", "", 404},
			{"GET", "stats", "", 400},
			{"GET", "", "", 400},
			{"G T", "/api/stats", "", 400},
		} {
			status, answer := s.s.api.Ask(t.Context(), c.method, c.target, []byte(c.body))
			if status != c.want || !json.Valid(answer) {
				t.Errorf("%s %s %s: %d, want %d: %s", c.method, c.target, c.body, status, c.want, answer)
			}
		}
		s.end()
	})
}
