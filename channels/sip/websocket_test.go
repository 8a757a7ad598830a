package sip

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"pbx/channels/sip/message"
	pbxio "pbx/io"
)

// serveWeb has an HTTP server of the exchange's take WebSockets.
func (r *rig) serveWeb(at string) {
	r.t.Helper()
	l, err := r.net.ListenTCP(netip.MustParseAddrPort(at), pbxio.SocketOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", r.WebSocket())
	mux.HandleFunc("/other", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "something else") })
	s := &http.Server{Handler: mux}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			r.t.Error(err)
		}
	}()
	r.t.Cleanup(func() { _ = s.Close() })
}

// client speaks HTTP to addresses of the memory network.
func (r *rig) client() *http.Client {
	tr := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		return r.net.DialTCP(ctx, netip.Addr{}, netip.MustParseAddrPort(addr), pbxio.SocketOptions{})
	}}
	r.t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// browser opens a WebSocket from a page of an origin, "" for none.
func (r *rig) browser(at, origin string, protocols ...string) (*websocket.Conn, int, error) {
	r.t.Helper()
	o := &websocket.DialOptions{HTTPClient: r.client(), Subprotocols: protocols}
	if origin != "" {
		o.HTTPHeader = http.Header{"Origin": {origin}}
	}
	c, resp, err := websocket.Dial(r.t.Context(), "ws://"+at+"/ws", o) //nolint:bodyclose // Dial took what there was of it
	if err != nil {
		if resp != nil {
			return nil, resp.StatusCode, err
		}
		return nil, 0, err
	}
	r.t.Cleanup(func() { _ = c.CloseNow() })
	return c, resp.StatusCode, nil
}

const webOffice = listen + `websocket_origins=https://phone.example.com
[web]
type=friend
host=dynamic
secret=sEcret-1
transport=ws,wss
qualify=yes
[desk]
type=friend
host=dynamic
secret=sEcret-1
transport=udp
`

func TestWebSocketOrigins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, webOffice, nil)
		r.serveWeb("127.0.50.1:8088")
		for name, tt := range map[string]struct {
			origin    string
			protocols []string
			status    int
		}{
			"no browser":       {"", []string{"sip"}, 101},
			"the same host":    {"https://127.0.50.1", []string{"sip"}, 101},
			"listed":           {"https://phone.example.com", []string{"sip"}, 101},
			"listed, not HTTP": {"http://phone.example.com", []string{"sip"}, 403},
			"another site":     {"https://evil.example", []string{"sip"}, 403},
			"null":             {"null", []string{"sip"}, 403},
			"no subprotocol":   {"", nil, 400},
			"another one":      {"", []string{"xmpp"}, 400},
		} {
			if _, status, _ := r.browser("127.0.50.1:8088", tt.origin, tt.protocols...); status != tt.status {
				t.Errorf("%s: %d, want %d", name, status, tt.status)
			}
		}
		if r.logs.with("turned away", "https://evil.example is not among websocket_origins") != 1 {
			t.Errorf("the log: %q", r.logs.full)
		}
		resp, err := r.client().Get("http://127.0.50.1:8088/other")
		if err != nil || resp.StatusCode != 200 {
			t.Errorf("other paths of the port: %v", err)
		} else {
			_ = resp.Body.Close()
		}
		off, _ := loadText(t, strings.Replace(webOffice, "websocket_origins", "websocket_enabled=no\nwebsocket_origins", 1))
		r.Reload(off)
		synctest.Wait()
		if _, status, _ := r.browser("127.0.50.1:8088", "", "sip"); status != 404 {
			t.Errorf("websocket_enabled=no: %d", status)
		}
	})
}

// webPhone sends and receives messages in frames.
type webPhone struct {
	t *testing.T
	c *websocket.Conn
	p *streamPhone // makes requests
}

func (p *webPhone) send(b []byte) {
	p.t.Helper()
	if err := p.c.Write(p.t.Context(), websocket.MessageText, b); err != nil {
		p.t.Fatal(err)
	}
}

func (p *webPhone) receive() *message.Message {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 5*time.Second)
	defer cancel()
	_, b, err := p.c.Read(ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	m := &message.Message{}
	if err := m.Parse(b); err != nil {
		p.t.Fatalf("%v\n%s", err, b)
	}
	return m
}

// A browser registers with a Contact that nobody can resolve and is reached by its
// WebSocket until that ends, and its registration with it.
func TestWebSocketPhone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, webOffice, nil)
		r.serveWeb("127.0.50.1:8088")
		open := func(user string) *webPhone {
			c, _, err := r.browser("127.0.50.1:8088", "https://phone.example.com", "sip")
			if err != nil {
				t.Fatal(err)
			}
			return &webPhone{t, c, &streamPhone{r: r, user: user, via: "WS", id: user}}
		}
		register := func(p *webPhone) int {
			contact := "Contact: <sip:xyz@df7jal23ls0d.invalid;transport=ws>\n"
			p.send(p.p.request("REGISTER", "", contact, ""))
			m := p.receive()
			p.send(p.p.request("REGISTER", "", answerTo(t, m, "REGISTER", "sip:127.0.50.1", p.p.user, "sEcret-1", "00000001")+contact, ""))
			for {
				if m := p.receive(); m.IsResponse() {
					return m.Status()
				} else if m.Method() == message.OPTIONS {
					p.p.rest = append(p.p.rest, m)
				}
			}
		}
		web, desk := open("web"), open("desk")
		if status := register(desk); status != 403 {
			t.Errorf("desk may use UDP alone: %d", status)
		}
		if status := register(web); status != 200 {
			t.Fatal(status)
		}
		var options *message.Message
		if len(web.p.rest) > 0 {
			options = web.p.rest[0]
		} else {
			options = web.receive()
		}
		if via := string(options.Header(message.HeaderVia)); options.Method() != message.OPTIONS || !strings.HasPrefix(via, "SIP/2.0/WS 127.0.50.1:8088;") ||
			string(options.RequestURIBytes()) != "sip:xyz@df7jal23ls0d.invalid;transport=ws" {
			t.Errorf("%s", options.Bytes())
		}
		b := message.NewBuilder(nil)
		b.Response(options, 200, "", "x")
		web.send(b.Bytes())
		synctest.Wait()
		if got := r.console("sip show peer web"); !strings.Contains(got, "Status       : OK") || !strings.Contains(got, "Prim.Transp. : WS") {
			t.Errorf("%s", got)
		}
		web.send([]byte("\r\n\r\n"))
		if _, b, err := web.c.Read(t.Context()); err != nil || string(b) != "\r\n" {
			t.Errorf("keep-alive: %q %v", b, err)
		}
		web.send(web.p.request("OPTIONS", "1000", "", ""))
		if m := web.receive(); m.Status() != 200 {
			t.Error(m.Status())
		}
		if got := r.DeviceState("web").String(); got != "NOT_INUSE" {
			t.Errorf("registered: %s", got)
		}
		_ = web.c.Close(websocket.StatusNormalClosure, "")
		synctest.Wait()
		if got := r.DeviceState("web").String(); got != "UNAVAILABLE" {
			t.Errorf("after the page was closed: %s", got)
		}
	})
}

// What a WebSocket may not do.
func TestWebSocketLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, webOffice, nil)
		r.serveWeb("127.0.50.1:8088")
		open := func() *websocket.Conn {
			c, _, err := r.browser("127.0.50.1:8088", "", "sip")
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		over := func(c *websocket.Conn, within time.Duration) bool {
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			_, _, err := c.Read(ctx)
			return err != nil && ctx.Err() == nil
		}
		long := open()
		_ = long.Write(t.Context(), websocket.MessageText, make([]byte, message.MaxSize+1))
		if !over(long, time.Second) {
			t.Error("a frame of more than 64 KiB")
		}
		if silent := open(); !over(silent, 31*time.Second) {
			t.Error("a WebSocket without proof stays")
		}
		empty := open()
		_ = empty.Write(t.Context(), websocket.MessageText, nil)
		_ = empty.Write(t.Context(), websocket.MessageText, []byte("\x00"))
		if over(empty, 5*time.Second) {
			t.Error("an empty frame ends it")
		}
	})
}
