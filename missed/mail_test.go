package missed

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/config/configtest"
	"pbx/missed/smtptest"
	"pbx/store"
)

func load(t *testing.T, text string, files map[string]string) (*Settings, []config.Finding) {
	t.Helper()
	set, findings, err := Load(configtest.Loader(t, map[string]string{FileName: text}), func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
		}
		return []byte(text), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return set, findings
}

// service is one with a store of its own and no exchange around it.
func service(t *testing.T) *Service {
	t.Helper()
	j, err := store.Open(filepath.Join(t.TempDir(), "journal"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	quiet := slog.New(slog.DiscardHandler)
	return New(Deps{Registry: channel.NewRegistry(nil, quiet, time.Now, ""), Store: j, Log: quiet})
}

var aRecord = Record{
	ID: "1700000000.7-101", Device: "SIP/101", User: "101", Name: "Anna", CallerNum: "0123", CallerName: "Jürg <b>\r\nBcc: x@example.com", Dialled: "101",
	Reason: Busy, Time: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC), Rang: 7, Attempts: 1, Linkedid: "1700000000.7",
}

func TestMail(t *testing.T) {
	const head = "[general]\nfrom = Telephone <pbx@example.com>\ntimezone = Europe/Vienna\nusername = me\npassword = word\n"
	for _, c := range []struct {
		name, settings string
		server         smtptest.Options
		auth           string
		secure         bool
		fails          string
	}{
		{"STARTTLS and a login", "cafile = ca\n", smtptest.Options{Auth: "PLAIN LOGIN"}, "PLAIN |me|word", true, ""},
		{"TLS from the first byte on", "cafile = ca\nsecurity = tls\nauth = plain\n", smtptest.Options{TLS: true, Auth: "PLAIN"}, "PLAIN |me|word", true, ""},
		{"a token", "cafile = ca\nauth = xoauth2\n", smtptest.Options{Auth: "XOAUTH2"}, "XOAUTH2 user=me|auth=Bearer word||", true, ""},
		{"no login", "security = no\nauth = no\n", smtptest.Options{}, "", false, ""},
		{"a login in the clear, as the file says", "security = no\nauth = plain\n", smtptest.Options{Auth: "PLAIN"}, "PLAIN |me|word", false, ""},
		{"a certificate of nobody", "", smtptest.Options{Auth: "PLAIN"}, "", false, "certificate"},
		{"a certificate of nobody, and never mind", "tlsverify = no\n", smtptest.Options{Auth: "PLAIN"}, "PLAIN |me|word", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.New(t, c.server)
			set, _ := load(t, head+"server = "+server.Addr+"\n"+c.settings+"[101]\nmail = anna@example.com\n", map[string]string{"ca": string(server.CA)})
			s := service(t)
			err := s.sendMail(t.Context(), set, &job{ID: "1700000000.7-101-mail0", Kind: byMail, To: set.Users[0].Mail[0], Record: aRecord})
			if c.fails != "" {
				var never lost
				if err == nil || !strings.Contains(err.Error(), c.fails) || errors.As(err, &never) {
					t.Errorf("%v, want an error about %s that passes", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := <-server.Mails
			if got.From != "pbx@example.com" || len(got.To) != 1 || got.To[0] != "anna@example.com" || got.Auth != c.auth || got.Secure != c.secure {
				t.Errorf("%+v", got)
			}
			m, err := mail.ReadMessage(strings.NewReader(got.Data))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if want := "Missed call from Jürg <b>  Bcc: x@example.com <0123>"; err != nil || subject != want {
				t.Errorf("subject %q, want %q", subject, want)
			}
			if m.Header.Get("Bcc") != "" || m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("Message-ID") != "<1700000000.7-101-mail0@example.com>" {
				t.Errorf("%v", m.Header)
			}
			body, _ := io.ReadAll(quotedprintable.NewReader(m.Body))
			if want := "called 101 on 2026-11-28 at 13:00.\r\nThe call was not answered: busy."; !strings.Contains(strings.ReplaceAll(strings.ReplaceAll(string(body), "\r\n", "\n"), "\n", "\r\n"), want) {
				t.Errorf("body %q", body)
			}
		})
	}
}

// TestMailTemplates: a text and an HTML part from files.
func TestMailTemplates(t *testing.T) {
	server := smtptest.New(t, smtptest.Options{})
	set, findings := load(t, "[general]\nfrom = pbx@example.com\nsecurity = no\nserver = "+server.Addr+"\nsubject = ${NAME}: ${REASON}\nbodyfile = body.txt\nhtmlfile = body.html\n[101]\nmail = anna@example.com\n",
		map[string]string{"body.txt": "Dear ${NAME},\n${RINGTIME} s\n", "body.html": "<p>${CALLER}</p>"})
	for _, f := range findings {
		t.Error(f)
	}
	s := service(t)
	if err := s.sendMail(t.Context(), set, &job{ID: "x", To: "anna@example.com", Record: aRecord}); err != nil {
		t.Fatal(err)
	}
	got := (<-server.Mails).Data
	for _, want := range []string{"Subject: Anna: busy", "multipart/alternative", "Dear Anna,\n7 s", "&lt;b&gt;"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

// TestMailRefused: 5xx is for ever, 4xx is not.
func TestMailRefused(t *testing.T) {
	server := smtptest.New(t, smtptest.Options{})
	set, _ := load(t, "[general]\nfrom = pbx@example.com\nsecurity = no\nserver = "+server.Addr+"\n[101]\nmail = anna@example.com\n", nil)
	s := service(t)
	for line, ever := range map[string]bool{"550 no such user": true, "451 later": false, "452 full": false, "554 spam": true} {
		server.Answer("RCPT", line)
		err := s.sendMail(t.Context(), set, &job{ID: "x", To: "anna@example.com", Record: aRecord})
		var never lost
		if err == nil || errors.As(err, &never) != ever {
			t.Errorf("%s: %v, for ever %v", line, err, errors.As(err, &never))
		}
	}
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	set.Mail.Host, set.Mail.Port = "127.0.0.1", down.Addr().(*net.TCPAddr).Port
	_ = down.Close()
	var never lost
	if err := s.sendMail(t.Context(), set, &job{ID: "x", To: "anna@example.com", Record: aRecord}); err == nil || errors.As(err, &never) {
		t.Errorf("a server that is down: %v", err)
	}
}

// TestToken: a token is asked for once, and again when it is old or was not taken.
func TestToken(t *testing.T) {
	asked, answer, status := 0, `{"access_token":"tok","expires_in":3600}`, 200
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if err := r.ParseForm(); err != nil || r.Form.Get("grant_type") != "refresh_token" || r.Form.Get("refresh_token") != "rt" || r.Form.Get("client_id") != "id" || r.Form.Get("client_secret") != "cs" {
			t.Errorf("asked with %v %v", r.Form, err)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer web.Close()
	server := smtptest.New(t, smtptest.Options{Auth: "XOAUTH2"})
	set, _ := load(t, "[general]\nfrom = pbx@example.com\nserver = "+server.Addr+"\ncafile = ca\nusername = me\nauth = xoauth2\n"+
		"oauth_token_url = "+web.URL+"\noauth_client_id = id\noauth_client_secret = cs\noauth_refresh_token = rt\n[101]\nmail = anna@example.com\n", map[string]string{"ca": string(server.CA)})
	s := service(t)
	now := time.Now()
	s.tokens.now = func() time.Time { return now }
	send := func(want int) error {
		t.Helper()
		err := s.sendMail(t.Context(), set, &job{ID: "x", To: "anna@example.com", Record: aRecord})
		if asked != want {
			t.Errorf("asked %d times, want %d", asked, want)
		}
		return err
	}
	for range 2 {
		if err := send(1); err != nil {
			t.Fatal(err)
		}
		if got := <-server.Mails; got.Auth != "XOAUTH2 user=me|auth=Bearer tok||" {
			t.Errorf("auth %q", got.Auth)
		}
	}
	now = now.Add(time.Hour)
	if err := send(2); err != nil {
		t.Fatal(err)
	}
	<-server.Mails
	server.Answer("AUTH", "535 5.7.8 no")
	if err := send(2); err == nil {
		t.Error("a login that was refused went well")
	}
	server.Answer("AUTH", "")
	if err := send(3); err != nil {
		t.Error(err)
	}
	s.tokens.drop()
	status, answer = 400, `{"error":"invalid_grant","error_description":"expired"}`
	if err := send(4); err == nil || !strings.Contains(err.Error(), "invalid_grant expired") {
		t.Errorf("%v", err)
	}
}
