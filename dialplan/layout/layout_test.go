package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"same": {
			"[a]\nexten=>100,1,NoOp( x )\nexten => 100 , n , Dial(SIP/100,20)\nexten => 100,n(x),Hangup()\n",
			"[a]\nexten => 100,1,NoOp( x )\n same => n,Dial(SIP/100,20)\n same => n(x),Hangup()\n",
		},
		"sections": {
			"[general]\nstatic = yes\n\n\n\n[globals]\nA => 1\n; about b\n[b]\ninclude=c\nswitch = Realtime/x\n[c]\n",
			"[general]\nstatic=yes\n\n[globals]\nA=1\n\n; about b\n[b]\ninclude => c\nswitch => Realtime/x\n\n[c]\n",
		},
		"comments": {
			"[a] ; the first\nexten => 1,1,NoOp() ;one\n same => n,NoOp(a\\;b);two\n\n\n;three\nexten => 2,1,NoOp()\n",
			"[a]  ; the first\nexten => 1,1,NoOp()    ;one\n same => n,NoOp(a\\;b)  ;two\n\n;three\nexten => 2,1,NoOp()\n",
		},
		"block comments": {
			"[a]\n;-- exten=>1,1,NoOp()\n   exten=>x\n--;\nexten=>2,1,NoOp()\n",
			"[a]\n;-- exten=>1,1,NoOp()\n   exten=>x\n--;\nexten => 2,1,NoOp()\n",
		},
		"patterns, hints, callers": {
			"[a]\nexten=>_[1,2]X,1,NoOp()\nexten=>_[1,2]X,2,NoOp()\nexten=>5,hint,SIP/5\nexten=>5,1,NoOp()\nexten=>6/100,1,NoOp()\nexten=>6/100,2,NoOp()\n",
			"[a]\nexten => _[1,2]X,1,NoOp()\n same => 2,NoOp()\nexten => 5,hint,SIP/5\nexten => 5,1,NoOp()\nexten => 6/100,1,NoOp()\nexten => 6/100,2,NoOp()\n",
		},
		"the mark of an editor": {
			"\ufeff[a]\r\nexten=>1,1,NoOp()\r\n", "[a]\nexten => 1,1,NoOp()\n",
		},
		"what cannot be read stays": {
			"[a]\nnonsense\nexten => 1,1,NoOp()\n#include <other.conf>\n",
			"[a]\nnonsense\nexten => 1,1,NoOp()\n#include <other.conf>\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Format("f", []byte(tt.in))
			if string(got) != tt.want || err != nil {
				t.Errorf("%v\n%s\nwant:\n%s", err, got, tt.want)
			}
			again, err := Format("f", got)
			if string(again) != string(got) || err != nil {
				t.Errorf("a second time: %v\n%s", err, again)
			}
		})
	}
}

// Real plans keep their meaning, and a second run changes nothing.
func TestFormatOfRealPlans(t *testing.T) {
	corpus := os.Getenv("PBX_CORPUS")
	if corpus == "" {
		t.Skip("PBX_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(corpus, "configs", "*", "extensions*.conf*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no files")
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		short := strings.TrimPrefix(name, corpus)
		got, err := Format(short, text)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if again, err := Format(short, got); string(again) != string(got) || err != nil {
			t.Errorf("%s: a second run changes it: %v", short, err)
		}
		if a, b := strings.Count(string(text), ";"), strings.Count(string(got), ";"); a != b {
			t.Errorf("%s: %d semicolons became %d: comments were lost", short, a, b)
		}
	}
}

func FuzzFormat(f *testing.F) {
	f.Add("[a]\nexten=>1,1,NoOp() ;x\n same=>n,Hangup()\n;-- x\n--;\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := Format("f", []byte(text))
		if err != nil {
			return
		}
		if again, err := Format("f", got); err != nil || string(again) != string(got) {
			t.Errorf("%q\n%q\n%q, %v", text, got, again, err)
		}
	})
}
