package config

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

type network struct {
	Bind netip.Addr `conf:"bindaddr,udpbindaddr"`
	Port uint16     `conf:"bindport,port"`
}

type settings struct {
	network
	Context  string        `conf:"context"`
	Guest    bool          `conf:"allowguest"`
	Qualify  bool          `conf:"qualify"`
	Retry    int           `conf:"retry"`
	Gain     float64       `conf:"gain"`
	Expiry   time.Duration `conf:"defaultexpiry"`
	T1       time.Duration `conf:"t1" unit:"ms"`
	Timeout  time.Duration `conf:"timeout" unit:"m"`
	Secret   string        `conf:"secret"`
	Register []string      `conf:"register"`
	ACL      []Variable    `conf:"permit,deny"`
	Untagged string
}

func section(t *testing.T, lines string) *Section {
	t.Helper()
	f, findings, err := Parse("t.conf", []byte("[general]\n"+lines))
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	return f.Sections[0]
}

func TestDecode(t *testing.T) {
	s := section(t, `Context = first
bindaddr = 192.0.2.1
BINDPORT = 5061
context = last
allowguest = no
retry = -3
gain = 1.5
defaultexpiry = 120
t1 = 500
timeout = 2
secret = 50%(context)s
register => a@b
permit = 10.0.0.0/8
deny = 0.0.0.0/0
register = c@d
Permit = 192.168.0.0/16
`)
	got := settings{Guest: true, Qualify: true, Untagged: "stays"}
	if findings := Decode(s, &got); len(findings) > 0 {
		t.Fatal(findings)
	}
	acl := got.ACL
	got.ACL = nil
	want := settings{
		network: network{netip.MustParseAddr("192.0.2.1"), 5061},
		Context: "last", Guest: false, Qualify: true, Retry: -3, Gain: 1.5,
		Expiry: 2 * time.Minute, T1: 500 * time.Millisecond, Timeout: 2 * time.Minute,
		Secret: "50%(context)s", Register: []string{"a@b", "c@d"}, Untagged: "stays",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	var order []string
	for _, v := range acl {
		order = append(order, v.Name+" "+v.Value+" "+v.Pos.String())
	}
	if s := strings.Join(order, ", "); s != "permit 10.0.0.0/8 t.conf:14, deny 0.0.0.0/0 t.conf:15, Permit 192.168.0.0/16 t.conf:17" {
		t.Errorf("access list: %s", s)
	}
}

// Of two names for one field the line that comes last counts.
func TestDecodeAliases(t *testing.T) {
	for lines, want := range map[string]string{
		"bindaddr=192.0.2.1\nudpbindaddr=192.0.2.2": "192.0.2.2",
		"udpbindaddr=192.0.2.2\nbindaddr=192.0.2.1": "192.0.2.1",
	} {
		var got settings
		if findings := Decode(section(t, lines), &got); len(findings) > 0 || got.Bind.String() != want {
			t.Errorf("%q: %s, %v", lines, got.Bind, findings)
		}
	}
}

func TestDecodeFindings(t *testing.T) {
	for lines, want := range map[string]string{
		"allowguest = maybe":    `t.conf:2: warning: allowguest = "maybe": expected yes or no; the default stays [bad-value]`,
		"bindport = 70000":      `t.conf:2: warning: bindport = "70000": expected a number of 0 or more; the default stays [bad-value]`,
		"retry = many":          `t.conf:2: warning: retry = "many": expected a number; the default stays [bad-value]`,
		"gain = loud":           `t.conf:2: warning: gain = "loud": expected a number; the default stays [bad-value]`,
		"defaultexpiry = 1h":    `t.conf:2: warning: defaultexpiry = "1h": expected a number of seconds; the default stays [bad-value]`,
		"t1 = NaN":              `t.conf:2: warning: t1 = "NaN": expected a number of milliseconds; the default stays [bad-value]`,
		"timeout = 1e99":        `t.conf:2: warning: timeout = "1e99": expected a number of minutes; the default stays [bad-value]`,
		"bindaddr = everywhere": `t.conf:2: warning: bindaddr = "everywhere": expected ParseAddr("everywhere"): unable to parse IP; the default stays [bad-value]`,
		"contxet = x":           `t.conf:2: warning: unknown option "contxet"; did you mean context? [unknown-option]`,
		"handeled = x":          `t.conf:2: warning: unknown option "handeled"; did you mean handled? [unknown-option]`,
		"xyzzy = x":             `t.conf:2: warning: unknown option "xyzzy" [unknown-option]`,
		"HANDLED = x":           "",
		"untagged = x":          `t.conf:2: warning: unknown option "untagged" [unknown-option]`,
	} {
		before := settings{Guest: true, Retry: 7, Expiry: time.Hour, network: network{Bind: netip.IPv6Loopback(), Port: 5060}}
		got := before
		var texts []string
		for _, f := range Decode(section(t, lines), &got, "handled") {
			texts = append(texts, f.String())
		}
		if s := strings.Join(texts, "\n"); s != want {
			t.Errorf("%q:\ngot  %s\nwant %s", lines, s, want)
		}
		if !reflect.DeepEqual(got, before) {
			t.Errorf("%q changed the settings to %+v", lines, got)
		}
	}
}

func TestFindingNamesTemplate(t *testing.T) {
	f, _, err := Parse("sip.conf", []byte("[tpl](!)\nallowguest=perhaps\n[101](tpl)\n"))
	if err != nil {
		t.Fatal(err)
	}
	var s settings
	findings := Decode(f.Section("101"), &s)
	if len(findings) != 1 || !strings.Contains(findings[0].String(), "sip.conf:2: ") || !strings.Contains(findings[0].String(), "(from template tpl)") {
		t.Fatalf("findings: %v", findings)
	}
}

func TestSectionLookup(t *testing.T) {
	f, _, err := Parse("t.conf", []byte("[a](!)\nx=0\n[A]\nx=1\nX=2\n[b]\n[a]\nx=3\n"))
	if err != nil {
		t.Fatal(err)
	}
	s := f.Section("a")
	if v, ok := s.Get("x"); v != "2" || !ok {
		t.Errorf("Get = %q, %v", v, ok)
	}
	if _, ok := s.Get("y"); ok {
		t.Error("Get finds what is not there")
	}
	if v, _ := s.Lookup("x"); v.Pos.String() != "t.conf:5" {
		t.Errorf("Lookup is from %s", v.Pos)
	}
	var all []string
	for _, s := range f.All("A") {
		for _, v := range s.All("x") {
			all = append(all, v.Value)
		}
	}
	if !slices.Equal(all, []string{"1", "2", "3"}) {
		t.Errorf("All = %v", all)
	}
	if f.Section("c") != nil {
		t.Error("Section finds what is not there")
	}
}
