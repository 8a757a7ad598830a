package api

import (
	"bytes"
	"context"
	"math"
	"net/http"
	"net/url"
)

// operator is who sits at the machine: he may everything.
var operator = &client{name: "console", may: mayAll, rate: math.Inf(1)}

// Ask answers a request of the operator, who has come by the console's socket and so has
// proved who he is: api.conf has no say in it. target is a path with its query. body is
// JSON, nil for none.
func (s *Server) Ask(ctx context.Context, method, target string, body []byte) (status int, answer []byte) {
	w := &taken{header: http.Header{}, status: http.StatusOK}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		problem(http.StatusBadRequest, "%v", err).write(w)
		return w.status, w.body.Bytes()
	}
	r, err := http.NewRequestWithContext(context.WithValue(ctx, clientKey{}, operator), method, "/", bytes.NewReader(body))
	if err != nil {
		problem(http.StatusBadRequest, "%v", err).write(w)
		return w.status, w.body.Bytes()
	}
	r.URL, r.RequestURI, r.RemoteAddr = u, target, "127.0.0.1:0"
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if _, pattern := s.mux.Handler(r); pattern == "" {
		s.noRoute(w, r.WithContext(ctx)).write(w)
	} else {
		s.mux.ServeHTTP(w, r)
	}
	return w.status, w.body.Bytes()
}

// taken takes an answer.
type taken struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (t *taken) Header() http.Header         { return t.header }
func (t *taken) Write(b []byte) (int, error) { return t.body.Write(b) }
func (t *taken) WriteHeader(status int)      { t.status = status }
