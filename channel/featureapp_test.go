package channel_test

import (
	"strings"
	"testing"

	"pbx/channel"
)

// TestFeatureApplication reads lines of applicationmap.
func TestFeatureApplication(t *testing.T) {
	for value, want := range map[string]channel.FeatureApplication{
		"#9,peer,Playback,tt-monkeys":                        {Digits: "#9", Peer: true, App: "Playback", Args: "tt-monkeys"},
		"#1,self/callee,PauseMonitor":                        {Digits: "#1", App: "PauseMonitor"},
		"#8,peer,Set(ARRAY(CDR(mark),CDR(name))=${F(${X})})": {Digits: "#8", Peer: true, App: "Set", Args: "ARRAY(CDR(mark),CDR(name))=${F(${X})}"},
		"*7, self / both, Set(A=1,B), jazz":                  {Digits: "*7", App: "Set", Args: "A=1,B", Music: "jazz"},
		`*7,self,MixMonitor,"a.wav,b",jazz`:                  {Digits: "*7", App: "MixMonitor", Args: "a.wav,b", Music: "jazz"},
		"99,caller,Macro,apprecord":                          {Digits: "99", App: "Macro", Args: "apprecord"},
		"*0,callee,Macro,nway-start,default":                 {Digits: "*0", Peer: true, App: "Macro", Args: "nway-start", Music: "default"},
		"77,self,Hangup()":                                   {Digits: "77", App: "Hangup"},
	} {
		want.Name = "x"
		if got, err := channel.ParseFeatureApplication("x", value); err != nil || got != want {
			t.Errorf("%s: %+v, %v", value, got, err)
		}
	}
	for value, want := range map[string]string{
		"":                    "no code",
		",self,NoOp":          "no code",
		"a1,self,NoOp":        "no keys",
		"*1,all,NoOp":         "self or on peer",
		"*1,self/nobody,NoOp": "who dials it",
		"*1,self":             "no application",
		"*1,peer,":            "no application",
	} {
		if _, err := channel.ParseFeatureApplication("x", value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", value, err)
		}
	}
	f := channel.Features{
		Applications: []channel.FeatureApplication{{Name: "One", Digits: "1"}, {Name: "two", Digits: "2"}},
		Groups:       map[string][]channel.FeatureApplication{"more": {{Name: "One", Digits: "9"}}},
	}
	got := ""
	for _, a := range f.Named("one# Two #three#MORE") {
		got += a.Name + a.Digits + " "
	}
	if got != "One1 two2 One9 " {
		t.Error(got)
	}
}

func FuzzParseFeatureApplication(f *testing.F) {
	f.Add("#9,peer/both,Playback(a,b),jazz")
	f.Add(`#9,self,App,"a,b",jazz`)
	f.Fuzz(func(t *testing.T, value string) {
		a, err := channel.ParseFeatureApplication("x", value)
		if err == nil && (a.App == "" || a.Digits == "") {
			t.Errorf("%q: %+v", value, a)
		}
	})
}
