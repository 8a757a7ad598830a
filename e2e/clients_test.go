package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// libraries are programs in front of libraries of the field, which are as their makers
// left them.
var libraries = []struct {
	script, language string
	// library is what has to be there: a Perl, Python or Ruby one, or npm packages.
	library string
}{
	{"panoramisk_client.py", "/usr/bin/python3", "panoramisk"}, // Debian's: another Python has other modules
	{"ruby_ami_client.rb", "ruby", "ruby_ami"},
	{"telephony.pl", "perl", "Telephony::Asterisk::AMI"},
	{"yana.js", "node", "yana"},
	{"ami-client.js", "node", "asterisk-ami-client"},
	{"nami.js", "node", "nami"},
	{"ami-io.js", "node", "ami-io asterisk-ami"},
	{"ding-dong.js", "node", "ding-dong asterisk-manager"},
}

// there reports whether a library is.
func there(language, modules, library string) bool {
	switch language {
	case "node":
		for name := range strings.FieldsSeq(library) {
			if _, err := os.Stat(filepath.Join(modules, name)); err != nil {
				return false
			}
		}
		return true
	case "perl":
		return exec.Command(language, "-M"+library, "-e", "1").Run() == nil
	case "ruby":
		return exec.Command(language, "-r"+library, "-e", "1").Run() == nil
	}
	return exec.Command(language, "-c", "import "+library).Run() == nil
}

// TestLibraries: what programs of the field are made with gets along with the exchange.
func TestLibraries(t *testing.T) {
	t.Parallel()
	modules := filepath.Join(os.Getenv("HOME"), ".cache", "pbx-e2e", "node_modules")
	office := strings.Replace(amiOffice, "[t]\n", `[globals]
G1=one
[t]
exten => 1002,1,AGI(agi://@PBX@/menu,one two)
exten => 1003,1,AGI(agi:async)
`, 1) + `[old]
secret=correct battery
read=all
write=all
commandfollows=yes
`
	for _, l := range libraries {
		t.Run(l.script, func(t *testing.T) {
			t.Parallel()
			language := tool(t, l.language)
			if !there(l.language, modules, l.library) {
				tool(t, l.library)
			}
			x := newExchange(t, office)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, language, filepath.Join("testdata", "clients", l.script), x.net.host(1), "crm", "correct horse")
			cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains("\n"+string(out), "\nOK") {
				t.Fatalf("%v\n%s", err, out)
			}
			x.idle()
		})
	}
}
