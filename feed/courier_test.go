package feed

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pbx/spool"
	"pbx/webhook"
)

func queuedList(n int) (list []queuedEvent) {
	for i := range n {
		list = append(list, queuedEvent{ID: fmt.Sprint("id-", i), Name: "dial.end", Text: json.RawMessage(fmt.Sprintf(`{"id":"id-%d","event":"dial.end"}`, i))})
	}
	return list
}

// TestWebhook: what is posted, and which answers bring another try.
func TestWebhook(t *testing.T) {
	type post struct {
		body   string
		header http.Header
	}
	status := http.StatusOK
	posts := make(chan post, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		posts <- post{string(b), r.Header}
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	log := &logged{}
	poster := webhook.New("pbx/test", time.Now)
	defer poster.Close()
	for _, tt := range []struct {
		name   string
		batch  int
		status int
		n      int
		want   string // of the error
		after  time.Duration
		body   string
	}{
		{"one", 1, 200, 1, "", 0, `{"id":"id-0","event":"dial.end"}`},
		{"two", 10, 204, 2, "", 0, `[{"id":"id-0","event":"dial.end"},{"id":"id-1","event":"dial.end"}]`},
		{"one in a batch", 10, 200, 1, "", 0, `[{"id":"id-0","event":"dial.end"}]`},
		{"down", 1, 503, 1, "the server answers 503", 0, ""},
		{"not there yet", 1, 404, 1, "the server answers 404", 0, ""},
		{"elsewhere", 1, 302, 1, "the server answers 302", 0, ""},
		{"later", 1, 429, 1, "the server answers 429", 7 * time.Second, ""},
		{"unwanted", 1, 422, 1, "", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status = tt.status
			h := newHook(&sink{Name: "crm", URL: server.URL, Secret: "s3", Authorization: "Bearer x", Batch: tt.batch}, poster, slog.New(slog.NewTextHandler(log, nil)))
			err := h.deliver(queuedList(tt.n))
			p := <-posts
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			var later laterError
			if errors.As(err, &later) != (tt.after > 0) || later.after != tt.after {
				t.Errorf("after %v, want %v", later.after, tt.after)
			}
			if tt.body != "" && p.body != tt.body {
				t.Errorf("body %s", p.body)
			}
			sent, _, _ := strings.Cut(strings.TrimPrefix(p.header.Get(webhook.SignatureHeader), "t="), ",")
			at, _ := strconv.ParseInt(sent, 10, 64)
			if p.header.Get(webhook.SignatureHeader) != webhook.Sign("s3", time.Unix(at, 0), []byte(p.body)) || p.header.Get(webhook.DeliveryHeader) != "id-0" ||
				p.header.Get("Authorization") != "Bearer x" || p.header.Get("Content-Type") != "application/json" {
				t.Errorf("%v", p.header)
			}
		})
	}
	if n := strings.Count(log.String(), "it is not sent again"); n != 1 {
		t.Errorf("the log tells of %d that were refused", n)
	}
	h := newHook(&sink{URL: server.URL, Batch: 1}, poster, slog.New(slog.DiscardHandler))
	h.close()
	if err := h.deliver(queuedList(1)); !errors.Is(err, spool.ErrLeave) {
		t.Errorf("at the end: %v", err)
	}
}

// natsServer speaks as much of the NATS protocol as a publisher needs.
type natsServer struct {
	l net.Listener

	mu       sync.Mutex
	messages []string
	headers  []string
}

func newNATSServer(t *testing.T) *natsServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &natsServer{l: l}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return s
}

func (s *natsServer) serve(c net.Conn) {
	defer c.Close()
	_, _ = io.WriteString(c, `INFO {"server_id":"x","version":"2.10.0","proto":1,"headers":true,"max_payload":1000}`+"\r\n")
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		w := strings.Fields(line)
		switch {
		case len(w) == 1 && w[0] == "PING":
			_, _ = io.WriteString(c, "PONG\r\n")
		case len(w) == 4 && w[0] == "HPUB":
			head, _ := strconv.Atoi(w[2])
			all, _ := strconv.Atoi(w[3])
			b := make([]byte, all+2)
			if _, err := io.ReadFull(r, b); err != nil {
				return
			}
			s.mu.Lock()
			s.messages = append(s.messages, w[1]+" "+string(b[head:all]))
			s.headers = append(s.headers, string(b[:head]))
			s.mu.Unlock()
		}
	}
}

// TestNATS: events are published under their subjects with their ids; what is too big is
// left out; a server that is not there is tried again.
func TestNATS(t *testing.T) {
	server := newNATSServer(t)
	log := &logged{}
	n := newNATS(&sink{Name: "bus", Server: "nats://" + server.l.Addr().String(), Subject: "office.{event}"}, Deps{Log: slog.New(slog.NewTextHandler(log, nil))})
	defer n.close()
	big := queuedEvent{ID: "big", Name: "dial.end", Text: json.RawMessage(`"` + strings.Repeat("x", 2000) + `"`)}
	if err := n.deliver(append(queuedList(2), big)); err != nil {
		t.Fatal(err)
	}
	server.mu.Lock()
	if len(server.messages) != 2 || server.messages[1] != `office.dial.end {"id":"id-1","event":"dial.end"}` || !strings.Contains(server.headers[0], "Nats-Msg-Id: id-0") {
		t.Errorf("%q %q", server.messages, server.headers)
	}
	server.mu.Unlock()
	if !strings.Contains(log.String(), "NATS takes no event of 2002 bytes (big)") {
		t.Errorf("the log: %s", log.String())
	}
	gone := newNATS(&sink{Server: "nats://127.0.0.1:1"}, Deps{Log: slog.New(slog.DiscardHandler)})
	if err := gone.deliver(queuedList(1)); err == nil {
		t.Error("nobody is there, and it was delivered")
	}
	gone.close()
	if err := gone.deliver(queuedList(1)); !errors.Is(err, spool.ErrLeave) {
		t.Errorf("at the end: %v", err)
	}
}
