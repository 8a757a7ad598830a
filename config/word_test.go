package config

import "testing"

func TestBool(t *testing.T) {
	for _, s := range []string{"yes", "YES", "true", "y", "t", "1", "on", " On "} {
		if v, ok := Bool(s); !v || !ok {
			t.Errorf("Bool(%q) = %v, %v", s, v, ok)
		}
	}
	for _, s := range []string{"no", "False", "n", "f", "0", "off"} {
		if v, ok := Bool(s); v || !ok {
			t.Errorf("Bool(%q) = %v, %v", s, v, ok)
		}
	}
	for _, s := range []string{"", "2", "ja", "enable", "yess"} {
		if _, ok := Bool(s); ok {
			t.Errorf("Bool(%q) is taken", s)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"context", "qualify", "qualifyfreq", "host", "nat", "directmedia", "port"}
	for word, want := range map[string]string{
		"contxet": "context", "conntext": "context", "CONTEXT": "context", "qualfy": "qualify",
		"hots": "host", "nta": "nat", "directmeida": "directmedia", "direktmedia": "directmedia",
		"xyzzy": "", "": "", "a": "", "canreinvite": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"abc", "", 3},
		{"abc", "abc", 0},
		{"abc", "acb", 1},
		{"abc", "abd", 1},
		{"abc", "ab", 1},
		{"kitten", "sitting", 3},
		{"ca", "abc", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
