package dial

import (
	"log/slog"
	"strings"
	"testing"

	"pbx/channel"
	"pbx/decl"
)

// Whatever the network says between them, there are two devices, and none that
// may be dialled has a separator of the network's.
func FuzzDestinations(f *testing.F) {
	for _, s := range []string{"", "100", "100&SIP/trunk/900", "a@b", `"x`, "(", `\`, "]&["} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := "SIP/" + s + "&SIP/b"
		v := channel.Value{S: text}
		if s != "" {
			v.Taint = []decl.Span{{Start: 4, End: 4 + len(s)}}
		}
		got := destinations(v)
		if len(got) != 2 {
			t.Fatalf("%q: %d devices", text, len(got))
		}
		if got[0].refused == "" && strings.ContainsAny(s, "/&@,") {
			t.Errorf("%q may be dialled", text)
		}
		if got[1].String() != "SIP/b" || got[1].refused != "" {
			t.Errorf("%q: the second device became %v", text, got[1])
		}
	})
}

// Options of the network's are none, and no text makes the parser fail.
func FuzzOptions(f *testing.F) {
	for _, s := range []string{"g", ")g(", "L(1:2:3)S(", "1e999", "U(a^b", "Q(99)D(::w)"} {
		f.Add(s, s)
	}
	log := slog.New(slog.DiscardHandler)
	f.Fuzz(func(t *testing.T, ours, theirs string) {
		parseOptions(channel.Clean(ours), log)
		timeouts(ours, log)
		v := channel.Value{S: "c" + theirs + "D(" + theirs + ")"}
		if theirs != "" {
			n := len(theirs)
			v.Taint = []decl.Span{{Start: 1, End: 1 + n}, {Start: n + 3, End: 2*n + 3}}
		}
		o := parseOptions(v, log)
		want := parseOptions(channel.Clean("c"), log)
		if o.goOn != want.goOn || o.limit != want.limit || o.ring != want.ring || o.onCallee.given || !o.elsewhere {
			t.Errorf("%q: options of the network's were taken: %+v", v.S, o)
		}
	})
}
