package funcs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/config"
)

func TestConfigValue(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "office.conf"), []byte("[t](!)\ncolour=red\n[a](t)\nallow=ulaw\nallow=alaw\n[a](+)\nallow=g722\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	e, c := newThread(t, Deps{Config: &config.Loader{Dir: dir}})
	for ask, want := range map[string]string{
		"office.conf,a,colour":   "red",
		"office.conf,a,allow":    "ulaw",
		"office.conf,a,allow,1":  "alaw",
		"office.conf,a,allow,-1": "g722",
		"office.conf,a,allow,9":  "",
		"office.conf,b,allow":    "",
		"office.conf,a,allow,x":  "!",
		"../office.conf,a,allow": "!",
		"/etc/passwd,a,allow":    "!",
		"nothing.conf,a,allow":   "!",
		"office.conf,a":          "!",
	} {
		got := read(t, e, c, "AST_CONFIG("+ask+")").S
		if strings.HasPrefix(got, "!") {
			got = "!"
		}
		if got != want {
			t.Errorf("AST_CONFIG(%s): %q, want %q", ask, got, want)
		}
	}
}

func TestIconv(t *testing.T) {
	for _, tc := range []struct{ from, to, text, want string }{
		{"ISO-8859-1", "UTF-8", "Gr\xfc\xdfe", "Grüße"},
		{"utf-8", "latin1", "Grüße", "Gr\xfc\xdfe"},
		{"utf-8", "us-ascii//TRANSLIT", "Grüße", "Gr??e"},
		{"utf-8", "us-ascii//IGNORE", "Grüße", "Gre"},
		{"utf-8", "us-ascii", "Grüße", "!"},
		{"utf-8", "klingon", "x", "!"},
		{"windows-1252", "utf-8", "\x80", "€"},
		{"utf-8", "utf-8", "a,b", "a,b"},
	} {
		got, err := iconv(tc.from, tc.to, tc.text)
		if err != nil {
			got = "!"
		}
		if got != tc.want {
			t.Errorf("%s to %s: %q, want %q", tc.from, tc.to, got, tc.want)
		}
	}
}
