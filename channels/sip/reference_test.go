package sip

import (
	"reflect"
	"slices"
	"testing"

	"pbx/config"
)

// TestOptions holds that the reference tells of every option what it does, or why
// it does not act, and that the defaults it names are the ones that hold.
func TestOptions(t *testing.T) {
	names := make(map[string]bool)
	for _, o := range Options() {
		names[o.Name] = true
		if o.Help == "" && o.Absent == "" {
			t.Errorf("%s: the reference says nothing of it", o.Name)
		}
		if !o.General && !o.Device && !o.Users {
			t.Errorf("%s: may stand nowhere", o.Name)
		}
		for _, a := range o.Aliases {
			names[a] = true
		}
	}
	for _, name := range newConfigLoader().known {
		if !names[name] {
			t.Errorf("%s is missing", name)
		}
	}
	words := keywords()
	for name, text := range optionTexts {
		if !names[name] {
			t.Errorf("%s is no option", name)
		}
		if text.def == "" {
			continue
		}
		k, ok := words[name]
		if !ok {
			t.Errorf("%s: its default comes from the settings, not from a text", name)
			continue
		}
		for _, compat := range []bool{false, true} {
			value := text.def
			if compat && text.compat != "" {
				value = text.compat
			}
			want := Config{General: defaults(compat)}
			got := Config{General: defaults(compat), Peers: []*PeerConfig{{PeerSettings: want.General.Defaults}}}
			want.Peers = []*PeerConfig{{PeerSettings: want.General.Defaults}}
			l := newConfigLoader()
			r := &reader{l: l, g: &got.General, s: &got.General.Defaults}
			if k.scope == inPeer {
				r = &reader{l: l, s: &got.Peers[0].PeerSettings, p: got.Peers[0]}
			}
			if err := k.set(r, config.Variable{Name: name, Value: value}); err != nil || len(l.findings) > 0 {
				t.Errorf("%s=%s: %v %v", name, value, err, l.findings)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("compat %v: %s is not the default of %s", compat, value, name)
			}
		}
	}
	if !slices.IsSortedFunc(Options(), func(a, b Option) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}) {
		t.Error("not sorted")
	}
}
