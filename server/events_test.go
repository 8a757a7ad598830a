package server

import (
	"context"
	"encoding/json"
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

	"pbx/event"
	pbxio "pbx/io"
)

// client is one of HTTP in the network of a story.
func (s *story) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return s.net.DialTCP(ctx, netip.MustParseAddr("127.0.0.1"), netip.MustParseAddrPort(addr), pbxio.SocketOptions{})
		},
		DisableKeepAlives: true,
	}}
}

// stream opens /api/events.
func (s *story) stream(query string, o *websocket.DialOptions) (*websocket.Conn, int, error) {
	o.HTTPClient = s.client()
	c, r, err := websocket.Dial(s.t.Context(), "ws://127.0.0.1:8088/api/events"+query, o) //nolint:bodyclose // the package says that it need not be closed
	if r == nil {
		return c, 0, err
	}
	return c, r.StatusCode, err
}

func authorized() *websocket.DialOptions {
	return &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + crmToken}}}
}

// TestEventStream: a WebSocket client is told of a call, as it asked; who may not is
// turned away; a silent one is dropped; nobody is told of anything where nobody asks.
func TestEventStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"sip.conf": apiSIP, "extensions.conf": transferPlan, "api.conf": apiConf, "http.conf": "[general]\nenabled=yes\n"})
		defer s.stop()
		synctest.Wait()
		for _, k := range []event.Kind{event.PeerStatus, event.MessageWaiting, event.Registry, event.DTMFEnd, event.CallRecord} {
			if s.s.bus.Wants(k) {
				t.Errorf("somebody listens to kind %d of the bus for nobody", k)
			}
		}
		for name, tt := range map[string]struct {
			query string
			o     *websocket.DialOptions
			want  int
		}{
			"nobody":           {"", &websocket.DialOptions{}, 401},
			"no permission":    {"", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + deskToken}}}, 403},
			"a foreign page":   {"", &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + crmToken}, "Origin": {"https://evil.example"}}}, 403},
			"an unknown event": {"?events=x", authorized(), 400},
			"an unknown field": {"?fields=x", authorized(), 400},
		} {
			if _, code, err := s.stream(tt.query, tt.o); err == nil || code != tt.want {
				t.Errorf("%s: %d %v, want %d", name, code, err, tt.want)
			}
		}
		if a := s.ask("GET", "/api/events", ""); a.code != 426 {
			t.Errorf("without an upgrade: %d", a.code)
		}
		c, _, err := s.stream("?events=dial.*,channel.hangup,peer.status&fields=channel,dest_channel,status,cause", authorized())
		if err != nil {
			t.Fatal(err)
		}
		page, _, err := s.stream("?events=call.record", &websocket.DialOptions{
			Subprotocols: []string{"pbx.events", "bearer." + crmToken}, HTTPHeader: http.Header{"Origin": {"https://crm.example.com"}},
		})
		if err != nil || page.Subprotocol() != "pbx.events" {
			t.Fatal(err)
		}
		told, records := make(chan string, 100), make(chan string, 100)
		for conn, to := range map[*websocket.Conn]chan string{c: told, page: records} {
			go func() {
				defer close(to)
				for {
					_, b, err := conn.Read(t.Context())
					if err != nil {
						var e websocket.CloseError
						if !errors.As(err, &e) || e.Code != websocket.StatusGoingAway {
							t.Errorf("the end: %v", err)
						}
						return
					}
					to <- string(b)
				}
			}()
		}
		s.play(talk + `
			wait 5m
			alice > BYE A
			alice < 200 A
			bob < BYE A
			bob > 200`)
		s.end()
		next := func(from chan string) string {
			synctest.Wait()
			select {
			case text := <-from:
				return text
			default:
				return "nothing"
			}
		}
		for _, want := range []string{
			`"event":"dial.begin","channel":"SIP/alice-00000000","dest_channel":"SIP/bob-00000001"}`,
			`"event":"dial.state","channel":"SIP/alice-00000000","dest_channel":"SIP/bob-00000001","status":"RINGING"}`,
			`"event":"dial.end","channel":"SIP/alice-00000000","dest_channel":"SIP/bob-00000001","status":"ANSWER"}`,
			`"event":"channel.hangup","channel":"SIP/bob-00000001","cause":16}`,
			`"event":"channel.hangup","channel":"SIP/alice-00000000","cause":16}`,
		} {
			if got := next(told); !strings.HasSuffix(got, want) {
				t.Errorf("%s, want %s", got, want)
			}
		}
		var r struct {
			Event  string
			Record struct{ Src, Dst, Disposition string }
		}
		if err := json.Unmarshal([]byte(next(records)), &r); err != nil || r.Record.Src != "101" || r.Record.Dst != "102" || r.Record.Disposition != "ANSWERED" {
			t.Errorf("%+v %v", r, err)
		}
		// One that does not answer pings is dropped.
		silent, err := s.net.DialTCP(t.Context(), netip.Addr{}, netip.MustParseAddrPort("127.0.0.1:8088"), pbxio.SocketOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(silent, "GET /api/events?events=mailbox.messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+crmToken+
			"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
		synctest.Wait()
		if !s.s.bus.Wants(event.MessageWaiting) {
			t.Error("the silent one was not taken")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if s.s.bus.Wants(event.MessageWaiting) {
			t.Error("the silent one is still there")
		}
		_ = silent.Close()
	})
}

// TestEventSinkReload: a sink of events.conf comes and goes with a reload.
func TestEventSinkReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan})
		defer s.stop()
		synctest.Wait()
		dial := func() error {
			c, err := s.net.DialTCP(t.Context(), netip.Addr{}, netip.MustParseAddrPort("127.0.0.1:5090"), pbxio.SocketOptions{})
			if err == nil {
				_ = c.Close()
			}
			return err
		}
		for _, conf := range []string{"[wall]\ntype=tcp\nbind=127.0.0.1:5090\n", ""} {
			s.write("events.conf", conf)
			if _, err := s.s.Reload(); err != nil {
				t.Fatal(err)
			}
			if err := dial(); (err == nil) != (conf != "") {
				t.Errorf("%q: %v", conf, err)
			}
		}
	})
}
