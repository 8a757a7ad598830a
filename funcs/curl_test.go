package funcs

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/event"
)

// newThread is a thread on a channel that no phone is behind, with every function.
func newThread(t *testing.T, d Deps) (*dialplan.Engine, *channel.Channel) {
	t.Helper()
	r := channel.NewRegistry(&event.Bus{}, slog.New(slog.DiscardHandler), time.Now, "")
	d.Engine = dialplan.NewEngine(dialplan.EngineOptions{Channels: r})
	d.Engine.AddFunctions(All(d))
	return d.Engine, r.Detached()
}

func read(t *testing.T, e *dialplan.Engine, c *channel.Channel, name string) channel.Value {
	t.Helper()
	v, err := e.Read(c, name, false)
	if err != nil {
		return channel.Value{S: "!" + err.Error()}
	}
	return v
}

func write(t *testing.T, e *dialplan.Engine, c *channel.Channel, name, v string) {
	t.Helper()
	if err := e.Write(c, name, channel.Clean(v), false); err != nil {
		t.Fatalf("Set(%s=%s): %v", name, v, err)
	}
}

func webServer(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		name, password, _ := r.BasicAuth()
		_, _ = io.WriteString(w, strings.Join([]string{r.Method, string(body), r.UserAgent(), name, password, r.Header.Get("X-Office"), r.Header.Get("Cookie")}, "|")+"\n\n")
	})
	mux.HandleFunc("/form", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "name=Ann+Bell&note=a%2Cb&n=1\n")
	})
	mux.HandleFunc("/gone", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "gone", http.StatusGone) })
	mux.HandleFunc("/move", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/echo", http.StatusFound) })
	mux.HandleFunc("/round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/round", http.StatusFound) })
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", maxAnswer+1))
	})
	mux.HandleFunc("/never", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func TestCurl(t *testing.T) {
	base := webServer(t)
	for _, tc := range []struct {
		name, ask, want string
		options         []string
	}{
		{"get", base + "/echo", "GET||pbx||||", nil},
		{"without a scheme", strings.TrimPrefix(base, "http://") + "/echo", "GET||pbx||||", nil},
		{"post", base + "/echo,a=1&b=2,3", "POST|a=1&b=2,3|pbx||||", nil},
		{"options", base + "/echo", "GET||me/1|ann|secret|7|k=v", []string{"useragent=me/1", "userpwd=ann:secret", "httpheader=X-Office: 7", "cookie=k=v"}},
		{"an answer whatever its status", base + "/gone", "gone", nil},
		{"a status that fails", base + "/gone", "", []string{"failurecodes=404,410"}},
		{"a redirection is the answer", base + "/move", `<a href="/echo">Found</a>.`, nil},
		{"a redirection that is followed", base + "/move", "GET||pbx||||", []string{"followlocation=yes"}},
		{"a round of redirections", base + "/round", "", []string{"followlocation=yes", "maxredirs=3"}},
		{"too long", base + "/long", "", nil},
		{"too late", base + "/never", "", []string{"httptimeout=0.05"}},
		{"another scheme", "file:///etc/passwd", "", nil},
		{"a form", base + "/form", `Ann Bell,a\,b,1`, []string{"hashcompat=yes"}},
		{"a form whose plus is one", base + "/form", `Ann+Bell,a\,b,1`, []string{"hashcompat=legacy"}},
		{"nobody there", "http://127.0.0.1:1/", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, c := newThread(t, Deps{})
			for _, o := range tc.options {
				name, v, _ := strings.Cut(o, "=")
				write(t, e, c, "CURLOPT("+name+")", v)
			}
			got := read(t, e, c, "CURL("+tc.ask+")")
			if strings.HasPrefix(got.S, "!") {
				got.S = ""
			}
			if got.S != tc.want {
				t.Errorf("got %q, want %q", got.S, tc.want)
			}
			if got.S != "" && len(got.Taint) == 0 {
				t.Error("the answer counts as the office's own")
			}
		})
	}
}

func TestCurlHash(t *testing.T) {
	base := webServer(t)
	e, c := newThread(t, Deps{})
	write(t, e, c, "CURLOPT(hashcompat)", "yes")
	write(t, e, c, "HASH(row)", read(t, e, c, "CURL("+base+"/form)").S)
	for key, want := range map[string]string{"name": "Ann Bell", "note": "a,b", "n": "1"} {
		if got := read(t, e, c, "HASH(row,"+key+")").S; got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
}

func TestCurlToFile(t *testing.T) {
	base, file := webServer(t), filepath.Join(t.TempDir(), "f")
	e, c := newThread(t, Deps{})
	write(t, e, c, "CURL("+base+"/form)", file)
	if got, err := os.ReadFile(file); err != nil || string(got) != "name=Ann+Bell&note=a%2Cb&n=1\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// TestCurlHost: a caller says what is asked for, not whom.
func TestCurlHost(t *testing.T) {
	for _, tc := range []struct {
		url   string
		taint decl.Span
		ok    bool
	}{
		{"http://office/who/1234?x=1", decl.Span{Start: 18, End: 22}, true},
		{"http://office", decl.Span{Start: 7, End: 13}, false},
		{"http://a.office/x", decl.Span{Start: 7, End: 8}, false},
		{"office/x", decl.Span{Start: 0, End: 1}, false},
		{"http://office:80/x", decl.Span{Start: 14, End: 16}, false},
		{"http://office,name=x", decl.Span{Start: 19, End: 20}, true},
	} {
		a := &decl.Args{Raw: tc.url, Pos: decl.Split(tc.url, 2), Tainted: true, Taint: []decl.Span{tc.taint}}
		if _, err := curlAddress(a); (err == nil) != tc.ok {
			t.Errorf("%s %v: %v", tc.url, tc.taint, err)
		}
	}
}

func TestCurlOptions(t *testing.T) {
	e, c := newThread(t, Deps{})
	for _, tc := range []struct {
		option, value, complaint string
	}{
		{"followlocation", "perhaps", "neither yes nor no"},
		{"httptimeout", "soon", "not a number"},
		{"failurecodes", "404,x", "not a status"},
		{"httpheader", "nothing", "NAME: VALUE"},
		{"httpheader", "A: b\r\nC: d", "NAME: VALUE"},
		{"hashcompat", "maybe", "legacy"},
		{"proxytype", "socks9", "socks5"},
		{"useragents", "x", "did you mean useragent?"},
	} {
		err := e.Write(c, "CURLOPT("+tc.option+")", channel.Clean(tc.value), false)
		if err == nil || !strings.Contains(err.Error(), tc.complaint) {
			t.Errorf("%s=%s: %v, want %q", tc.option, tc.value, err, tc.complaint)
		}
	}
	if got := read(t, e, c, "CURLOPT(httptimeout)").S; got != "180" {
		t.Errorf("httptimeout is %q by default", got)
	}
}
