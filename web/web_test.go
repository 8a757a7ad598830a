package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pbx/config"
	"pbx/config/configtest"
	pbxio "pbx/io"
)

func load(t *testing.T, text string) (Settings, []config.Finding) {
	t.Helper()
	s, findings, err := Load(configtest.Loader(t, map[string]string{"http.conf": text}))
	if err != nil {
		t.Fatal(err)
	}
	return s, findings
}

func TestLoad(t *testing.T) {
	for name, tt := range map[string]struct {
		text    string
		want    string // enabled bind tls tlsbind prefix
		finding string
	}{
		"no file":        {"", "false 127.0.0.1:8088 false 0.0.0.0:8089 ", ""},
		"the usual":      {"[general]\nenabled=yes\nbindaddr=0.0.0.0\nbindport=8188\nprefix=asterisk\n", "true 0.0.0.0:8188 false 0.0.0.0:8089 /asterisk", ""},
		"address, port":  {"[general]\nenabled=yes\nbindaddr=[::1]:80\ntlsbindaddr=192.0.2.1\n", "true [::1]:80 false 192.0.2.1:8089 ", ""},
		"known, idle":    {"[general]\nsessionlimit=100\nenable_static=no\n", "false 127.0.0.1:8088 false 0.0.0.0:8089 ", ""},
		"bad port":       {"[general]\nbindport=eighty\n", "false 127.0.0.1:8088 false 0.0.0.0:8089 ", `http.conf:2: error: bindport = "eighty" is not a port`},
		"misspelled":     {"[general]\nenabledd=yes\n", "false 127.0.0.1:8088 false 0.0.0.0:8089 ", "http.conf:2: warning: http.conf has no option enabledd; did you mean enabled?"},
		"no certificate": {"[general]\nenabled=yes\ntlsenable=yes\ntlscertfile=/nowhere.pem\n", "true 127.0.0.1:8088 true 0.0.0.0:8089 ", "http.conf:4: error: tlscertfile: /nowhere.pem: no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			s, findings := load(t, tt.text)
			yes := map[bool]string{true: "true", false: "false"}
			if got := strings.Join([]string{yes[s.Enabled], s.Bind.String(), yes[s.TLS], s.TLSBind.String(), s.Prefix}, " "); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
			switch {
			case tt.finding == "" && len(findings) > 0:
				t.Error(findings)
			case tt.finding != "" && (len(findings) != 1 || !strings.HasPrefix(findings[0].String(), tt.finding)):
				t.Errorf("%v, want %s", findings, tt.finding)
			}
		})
	}
}

// get asks for a path.
func get(t *testing.T, n pbxio.Network, at, path string) (int, string) {
	t.Helper()
	c, err := n.DialTCP(t.Context(), netip.Addr{}, netip.MustParseAddrPort(at), pbxio.SocketOptions{})
	if err != nil {
		return 0, ""
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(b)
}

// One port serves whatever the mux has; a reload moves it and turns it off.
func TestServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pbxio.NewMemory()
		s := New(n, slog.New(slog.DiscardHandler))
		s.Mux.HandleFunc("/hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "there") })
		apply := func(text string) {
			t.Helper()
			c, _ := load(t, text)
			if err := s.Apply(c); err != nil {
				t.Fatal(err)
			}
		}
		expect := func(at, path string, want int) {
			t.Helper()
			if got, _ := get(t, n, at, path); got != want {
				t.Errorf("%s%s: %d, want %d", at, path, got, want)
			}
		}
		apply("")
		expect("127.0.0.1:8088", "/hello", 0)
		apply("[general]\nenabled=yes\n")
		expect("127.0.0.1:8088", "/hello", 200)
		expect("127.0.0.1:8088", "/other", 404)
		apply("[general]\nenabled=yes\nbindport=9000\nprefix=a\n")
		expect("127.0.0.1:8088", "/a/hello", 0)
		expect("127.0.0.1:9000", "/a/hello", 200)
		expect("127.0.0.1:9000", "/hello", 404)
		apply("[general]\nenabled=no\n")
		expect("127.0.0.1:9000", "/a/hello", 0)
		s.Close()
	})
}

// A request that does not come to its end costs ten seconds, and one address has no
// more than its share.
func TestServerLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := pbxio.NewMemory()
		s := New(n, slog.New(slog.DiscardHandler))
		c, _ := load(t, "[general]\nenabled=yes\n")
		if err := s.Apply(c); err != nil {
			t.Fatal(err)
		}
		var list []net.Conn
		for range perAddress + 10 {
			c, err := n.DialTCP(context.Background(), netip.Addr{}, netip.MustParseAddrPort("127.0.0.1:8088"), pbxio.SocketOptions{})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\n")
			list = append(list, c)
		}
		alive := func() (n int) {
			synctest.Wait()
			for _, c := range list {
				_ = c.SetReadDeadline(time.Now())
				if _, err := c.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
					n++
				}
			}
			return n
		}
		if n := alive(); n != perAddress {
			t.Errorf("%d connections", n)
		}
		time.Sleep(headerTimeout + time.Second)
		if n := alive(); n != 0 {
			t.Errorf("%d connections without a request stay", n)
		}
		if code, _ := get(t, n, "127.0.0.1:8088", "/"); code != 404 {
			t.Error(code)
		}
		s.Close()
	})
}
