package server

import (
	"bytes"
	"strings"
	"testing"
)

func TestDoc(t *testing.T) {
	for _, tt := range []struct {
		name string
		want []string
	}{
		{"Dial", []string{"-= Info about Application 'Dial' =- ", "[Synopsis]\n", "[Syntax]\nDial("}},
		{"dial()", []string{"-= Info about Application 'Dial' =- "}},
		{"CUT", []string{"\n  -= Info about Function 'CUT' =- \n\n[Synopsis]\n", ". \n\n[Provided By]\n", "[Description]\n", "[Syntax]\nCUT(", "[Arguments]\n", "[See Also]\n"}},
		{"sipaddheader", []string{"-= Info about Application 'SIPAddHeader' =- "}},
		{"qualify", []string{"-= Info about the option 'qualify' of sip.conf =- ", "[Where]\n[general], for all devices, and the section of a device\n"}},
		{"allowguest", []string{"[Default]\nno; with compat=asterisk yes\n"}},
		{"priority-gap", []string{"-= Info about the rule 'priority-gap' of pbx check =- ", "[Better]\n"}},
		{"core  explain", []string{"Usage: core explain ["}},
		{"sip show peers", []string{"Usage: sip show peers"}},
		{"LANGUAGE", []string{"the option 'language'"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Doc(&out, tt.name); err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it lacks %q:\n%s", want, out.String())
				}
			}
		})
	}
	err := Doc(&bytes.Buffer{}, "Dail")
	if err == nil || !strings.Contains(err.Error(), "did you mean Dial?") {
		t.Errorf("a misspelled name: %v", err)
	}
}

// TestDocOfAll holds that everything that is declared is found.
func TestDocOfAll(t *testing.T) {
	for _, r := range Rules() {
		if err := Doc(&bytes.Buffer{}, r.Name); err != nil {
			t.Error(err)
		}
	}
}
