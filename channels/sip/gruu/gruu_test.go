package gruu

import (
	"bytes"
	"testing"

	"pbx/channels/sip/message"
)

func sealer(t testing.TB, key byte) *Sealer {
	s, err := New([KeySize]byte{key})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTemporary(t *testing.T) {
	s, other := sealer(t, 1), sealer(t, 2)
	b := BindingOf("urn:uuid:a", "call@h")
	first := s.AppendUser(nil, [NonceSize]byte{1}, "101", b)
	second := s.AppendUser(nil, [NonceSize]byte{2}, "101", b)
	if bytes.Contains(first, []byte("101")) || bytes.Equal(first[6:], second[6:]) {
		t.Errorf("%s and %s tell", first, second)
	}
	for _, user := range [][]byte{first, second} {
		name, got, ok := s.Open(user)
		if !ok || name != "101" || got != b {
			t.Errorf("%s: %q, %v, %v", user, name, got, ok)
		}
		if _, _, ok := other.Open(user); ok {
			t.Error("another key reads it")
		}
		u, err := message.ParseURI([]byte("sip:" + string(user) + "@x;gr"))
		if err != nil || !bytes.Equal(u.User, user) {
			t.Errorf("not a user part: %s", user)
		}
		user[len(user)-2] ^= 1
		if _, _, ok := s.Open(user); ok {
			t.Error("a changed one opens")
		}
	}
	if BindingOf("a", "b") == BindingOf("a", "c") || BindingOf("a", "b") == BindingOf("c", "b") {
		t.Error("bindings are alike")
	}
}

func TestPublic(t *testing.T) {
	for instance, want := range map[string]string{
		"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6": "sip:101@pbx.example:5080;gr=urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
		`a;b"c>%`: "sip:101@pbx.example:5080;gr=a%3Bb%22c%3E%25",
	} {
		got := string(AppendPublic(nil, "101", "pbx.example:5080", instance))
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
		u, err := message.ParseURI([]byte(got))
		gr, _ := u.Params.Get("gr")
		if err != nil || message.UnescapeString(gr) != instance {
			t.Errorf("%s comes back as %s, %v", instance, gr, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	s, err := New([KeySize]byte{1})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.AppendUser(nil, [NonceSize]byte{1}, "101", Binding{}))
	f.Add([]byte("tgruu."))
	f.Fuzz(func(t *testing.T, user []byte) {
		if name, b, ok := s.Open(user); ok && (name == "" || !Temporary(user)) {
			t.Fatalf("%q opens as %q %v", user, name, b)
		}
	})
}
