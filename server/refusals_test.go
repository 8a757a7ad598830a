package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"pbx/console"
	pbxio "pbx/io"
	"pbx/store"
)

// TestRefusals: what is told when an exchange cannot start. Each file is named once.
func TestRefusals(t *testing.T) {
	const sipConf, plan = "[general]\n", "[a]\nexten => 1,1,Answer()\n"
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  string // in it, DIR being the directory
		is    error
	}{
		{"no sip.conf", map[string]string{"extensions.conf": plan}, "config: open DIR/sip.conf: no such file or directory", fs.ErrNotExist},
		{"no extensions.conf", map[string]string{"sip.conf": sipConf}, "config: open DIR/extensions.conf: no such file or directory", fs.ErrNotExist},
		{"a broken sip.conf", map[string]string{"sip.conf": "[x", "extensions.conf": plan}, "sip.conf:1: error: \"[x\" has no closing ] [section]", nil},
		{"an include that is not there", map[string]string{"sip.conf": sipConf, "extensions.conf": "#include no.conf\n"}, "extensions.conf:1: error: #include no.conf: no such file [include]", nil},
		{"a state directory in use", map[string]string{"sip.conf": sipConf, "extensions.conf": plan, "locked": ""}, "an exchange runs on the state directory DIR already: `pbx console` talks to it", store.ErrLocked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range tt.files {
				write(t, filepath.Join(dir, name), text)
			}
			if _, locked := tt.files["locked"]; locked {
				j, err := store.Open(filepath.Join(dir, "pbx.journal"), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer j.Close()
			}
			logger := console.NewLogger()
			defer logger.Close()
			_, err := New(Options{ConfigDir: dir, StateDir: dir, Logger: logger, Network: pbxio.NewMemory(), NoConsole: true})
			want := strings.ReplaceAll(tt.want, "DIR", dir)
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Fatalf("%v\nwant %s", err, want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%v is not %v", err, tt.is)
			}
		})
	}
}

func TestWhyNotBound(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{syscall.EADDRINUSE, "does another exchange run here?"},
		{syscall.EADDRNOTAVAIL, "no such address"},
		{syscall.EACCES, "CAP_NET_BIND_SERVICE"},
		{syscall.EAFNOSUPPORT, "IPv6"},
		{syscall.ENOBUFS, "listen: no buffer space available"},
	} {
		if got := whyNotBound(fmt.Errorf("listen: %w", tt.err)); !strings.HasSuffix(got.Error(), tt.want) && !strings.Contains(got.Error(), tt.want) || !errors.Is(got, tt.err) {
			t.Errorf("%v: %v, want %s in it", tt.err, got, tt.want)
		}
	}
	if whyNotBound(nil) != nil {
		t.Error("an error of nothing")
	}
}

// TestSocketOwner: astctlowner and astctlgroup.
func TestSocketOwner(t *testing.T) {
	dir := t.TempDir()
	gid := os.Getegid()
	if os.Geteuid() == 0 {
		gid = 1 // root may give it to anybody
	}
	write(t, filepath.Join(dir, "asterisk.conf"), fmt.Sprintf("[files]\nastctlowner = %d\nastctlgroup = %d\n", os.Geteuid(), gid))
	d, _, findings, err := readAsterisk(dir, dir)
	if err != nil || len(findings) > 0 {
		t.Fatalf("%v, %s", err, show(findings))
	}
	path := filepath.Join(dir, "ctl")
	write(t, path, "")
	if err := d.own(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if st := info.Sys().(*syscall.Stat_t); int(st.Uid) != os.Geteuid() || int(st.Gid) != gid {
		t.Errorf("it belongs to %d:%d", st.Uid, st.Gid)
	}
	again, _, _, err := readAsterisk(dir, dir)
	if err != nil || again != d {
		t.Errorf("a reload would find other directories: %+v, %+v (%v)", again, d, err)
	}
	if err := defaultDirectories(dir, dir).own("/nowhere"); err != nil {
		t.Errorf("nobody asked: %v", err)
	}

	write(t, filepath.Join(dir, "asterisk.conf"), "[files]\nastctlowner = no such user\nastctlgroup = no such group\n")
	d, _, findings, err = readAsterisk(dir, dir)
	if err != nil || len(findings) != 2 || !strings.Contains(show(findings), `astctlgroup = "no such group": this machine has no such group`) || d.SocketOwner != -1 {
		t.Errorf("%v, %s", err, show(findings))
	}
}
