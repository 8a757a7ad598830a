package ael

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/config"
	"pbx/dialplan"
)

// library is what files of the tests include.
var library = map[string]string{
	"globals.ael": "A=1;\n",
	"more.ael":    "2 => B();\nincludes { c; }\n",
	"steps.ael":   "B();\nC();\n",
	"round.ael":   "#include \"round.ael\"\n#include \"f.ael\"\n",
	"f.ael":       "",
}

// written is a file of AEL as the lines of extensions.conf.
func written(t *testing.T, text string) string {
	t.Helper()
	f, found, err := Parse("f.ael", text, func(name string) ([]config.Source, error) {
		if s, ok := library[name]; ok {
			return []config.Source{{Name: name, Text: s}}, nil
		}
		return nil, errors.New("no such file")
	})
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, x := range found {
		fmt.Fprintln(&b, x)
	}
	for _, s := range f.Sections {
		b.WriteString("[" + s.Name + "]\n")
		for _, v := range s.Vars {
			fmt.Fprintf(&b, "%d %s %s\n", v.Pos.Line, v.Name, v.Value)
		}
	}
	return b.String()
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"applications": {
			"context a {\n 100 => Dial(SIP/100,20);\n 101 => {\n  Answer;\n  Playback(a&b); // x\n  /* y */ Hangup();\n };\n};\n",
			"[a]\n2 exten 100,1,Dial(SIP/100,20)\n4 exten 101,1,Answer()\n5 exten 101,2,Playback(a&b)\n6 exten 101,3,Hangup()\n",
		},
		"the rest of a context": {
			"globals { A=1; B=\"x y\"; }\ncontext a {\n includes { b; c|9:00-17:00|mon-fri|*|*; }\n switches { Realtime/x@y; }\n ignorepat => 9;\n hint(SIP/5&SIP/6) 5 => NoOp();\n regexten _1[0-9]X/100 => NoOp(x);\n 7 => ;\n}\n",
			"[globals]\n1 A 1\n1 B x y\n[a]\n3 include b\n3 include c,9:00-17:00,mon-fri,*,*\n4 switch Realtime/x@y\n5 ignorepat 9\n6 exten 5,hint,SIP/5&SIP/6\n6 exten 5,1,NoOp()\n7 exten _1[0-9]X/100,2,NoOp(x)\n8 exten 7,1,NoOp()\n",
		},
		"assignments": {
			"context a { 1 => { x=5; CALLERID(num)=${x}+1; local y=\"a b\"; } }",
			"[a]\n1 exten 1,1,MSet(x=$[5])\n1 exten 1,2,MSet(CALLERID(num)=$[${x}+1])\n1 exten 1,3,MSet(LOCAL(y)=$[\"a b\"])\n",
		},
		"if": {
			"context a { 1 => { if (${X} = 1) { A(); B(); } else C(); D(); if (${Y}) E(); } }",
			"[a]\n1 exten 1,1,GotoIf($[${X} = 1]?2:5)\n1 exten 1,2,A()\n1 exten 1,3,B()\n1 exten 1,4,Goto(6)\n1 exten 1,5,C()\n1 exten 1,6,NoOp(Finish if)\n1 exten 1,7,D()\n1 exten 1,8,GotoIf($[${Y}]?9:10)\n1 exten 1,9,E()\n1 exten 1,10,NoOp(Finish if)\n",
		},
		"ifTime, random": {
			"context a { 1 => { ifTime (8:00-17:00|mon-fri|*|*) A(); random (25) B(); else C(); } }",
			"[a]\n1 exten 1,1,GotoIfTime(8:00-17:00,mon-fri,*,*?2:3)\n1 exten 1,2,A()\n1 exten 1,3,NoOp(Finish if)\n1 exten 1,4,GotoIf($[${RAND(0,99)} < (25)]?5:7)\n1 exten 1,5,B()\n1 exten 1,6,Goto(8)\n1 exten 1,7,C()\n1 exten 1,8,NoOp(Finish if)\n",
		},
		"while": {
			"context a { 1 => while (${X} < 3) { A(); if (1) break; if (2) continue; } }",
			"[a]\n1 exten 1,1,GotoIf($[${X} < 3]?2:10)\n1 exten 1,2,A()\n1 exten 1,3,GotoIf($[1]?4:5)\n1 exten 1,4,Goto(10)\n1 exten 1,5,NoOp(Finish if)\n1 exten 1,6,GotoIf($[2]?7:8)\n1 exten 1,7,Goto(1)\n1 exten 1,8,NoOp(Finish if)\n1 exten 1,9,Goto(1)\n1 exten 1,10,NoOp(Finish loop)\n",
		},
		"for": {
			"context a { 1 => for (x=0; ${x} < 3; x=${x}+1) { continue; A(); } }",
			"[a]\n1 exten 1,1,MSet(x=$[0])\n1 exten 1,2,GotoIf($[${x} < 3]?3:7)\n1 exten 1,3,Goto(5)\n1 exten 1,4,A()\n1 exten 1,5,MSet(x=$[${x}+1])\n1 exten 1,6,Goto(2)\n1 exten 1,7,NoOp(Finish loop)\n",
		},
		"goto, jump, labels": {
			"context a { 1 => { here: A(); goto here; goto b|2|x; goto 3|1; jump 4; jump 5@c; jump 6@c,7; jump 8,x@c; } }",
			"[a]\n1 exten 1,1(here),A()\n1 exten 1,2,Goto(1)\n1 exten 1,3,Goto(b,2,x)\n1 exten 1,4,Goto(3,1)\n1 exten 1,5,Goto(4,1)\n1 exten 1,6,Goto(c,5,1)\n1 exten 1,7,Goto(c,6,7)\n1 exten 1,8,Goto(c,8,x)\n",
		},
		"switch": {
			"context a { 1 => { switch (${X}) { case 1: A(${EXTEN}); break; case 2: B(); pattern 3.: C(); default: D(); } E(); } }",
			"[a]\n1 exten 1,1,Set(~~EXTEN~~=${EXTEN})\n1 exten 1,2,Goto(sw_1_${X},10)\n1 exten 1,3,NoOp(Finish switch)\n1 exten 1,4,E()\n" +
				"1 exten sw_1_1,10,A(${~~EXTEN~~})\n1 exten sw_1_1,11,Goto(1,3)\n1 exten sw_1_1,12,Goto(sw_1_2,10)\n" +
				"1 exten sw_1_2,10,B()\n1 exten sw_1_2,11,Goto(_sw_1_3.,10)\n1 exten _sw_1_3.,10,C()\n1 exten _sw_1_3.,11,Goto(_sw_1_.,10)\n" +
				"1 exten _sw_1_.,10,D()\n1 exten _sw_1_.,11,Goto(1,3)\n1 exten sw_1_,10,Goto(_sw_1_.,10)\n",
		},
		"macro": {
			"macro m(a,b) {\n A(${a});\n return;\n catch h { B(); }\n}\ncontext c { _1X => &m(1,${EXTEN}); }",
			"[m]\n1 exten ~~s~~,1,Set(LOCAL(a)=${ARG1})\n1 exten ~~s~~,2,Set(LOCAL(b)=${ARG2})\n2 exten ~~s~~,3,A(${a})\n3 exten ~~s~~,4,Return()\n4 exten h,1,B()\n[c]\n6 exten _1X,1,Gosub(m,~~s~~,1(1,${EXTEN}))\n",
		},
		"a macro that ends in a label, and one without parameters": {
			"macro m() { return; end: }\ncontext c { 1 => &m(); }",
			"[m]\n1 exten ~~s~~,1,Return()\n1 exten ~~s~~,2(end),Return()\n[c]\n2 exten 1,1,Gosub(m,~~s~~,1)\n",
		},
		"a switch of a macro keeps the extension of its caller": {
			"macro m() { switch (${X}) { case 1: A(); } }",
			"[m]\n1 exten ~~s~~,1,Set(LOCAL(~~EXTEN~~)=${EXTEN})\n1 exten ~~s~~,2,Goto(sw_1_${X},10)\n1 exten ~~s~~,3,NoOp(Finish switch)\n1 exten ~~s~~,4,Return()\n" +
				"1 exten sw_1_1,10,A()\n1 exten sw_1_1,11,Goto(~~s~~,3)\n1 exten _sw_1_.,10,Goto(~~s~~,3)\n1 exten sw_1_,10,Goto(_sw_1_.,10)\n",
		},
		"in a case EXTEN alone is another": {
			"context a { _1X => { switch (${X}) { case 1: A(${EXTENSION_STATE(${EXTEN}@b)}${EXTEN:1}${EXTENX}); } } }",
			"[a]\n1 exten _1X,1,Set(~~EXTEN~~=${EXTEN})\n1 exten _1X,2,Goto(sw_1_${X},10)\n1 exten _1X,3,NoOp(Finish switch)\n" +
				"1 exten sw_1_1,10,A(${EXTENSION_STATE(${~~EXTEN~~}@b)}${~~EXTEN~~:1}${EXTENX})\n1 exten sw_1_1,11,Goto(${~~EXTEN~~},3)\n" +
				"1 exten _sw_1_.,10,Goto(${~~EXTEN~~},3)\n1 exten sw_1_,10,Goto(_sw_1_.,10)\n",
		},
		"gotos of a case": {
			"context a { 1 => { x: switch (${X}) { case 1: Goto(x); case 2: goto ${Y}; case 3: GOTO(b|c|d); } } }",
			"[a]\n1 exten 1,1(x),Set(~~EXTEN~~=${EXTEN})\n1 exten 1,2,Goto(sw_1_${X},10)\n1 exten 1,3,NoOp(Finish switch)\n" +
				"1 exten sw_1_1,10,Goto(1,1)\n1 exten sw_1_1,11,Goto(sw_1_2,10)\n1 exten sw_1_2,10,Goto(1,${Y})\n1 exten sw_1_2,11,Goto(sw_1_3,10)\n" +
				"1 exten sw_1_3,10,Goto(b,c,d)\n1 exten sw_1_3,11,Goto(1,3)\n1 exten _sw_1_.,10,Goto(1,3)\n1 exten sw_1_,10,Goto(_sw_1_.,10)\n",
		},
		"regexten begins behind the step of the registered phone": {
			"context a { regexten 5 => { A(); if (1) B(); } }",
			"[a]\n1 exten 5,2,A()\n1 exten 5,3,GotoIf($[1]?4:5)\n1 exten 5,4,B()\n1 exten 5,5,NoOp(Finish if)\n",
		},
		"blanks around the parts of places and times": {
			"context a { includes { b | 9:00 - 17:00 | mon-fri | * | *; } 1 => { goto b | 2 | x; goto 3 , 1; jump 5 @ c; jump 6 @ c , 7; ifTime (9:00-17:00 | mon-fri | * | *) A(); } }",
			"[a]\n1 include b,9:00-17:00,mon-fri,*,*\n1 exten 1,1,Goto(b,2,x)\n1 exten 1,2,Goto(3,1)\n1 exten 1,3,Goto(c,5,1)\n1 exten 1,4,Goto(c,6,7)\n" +
				"1 exten 1,5,GotoIfTime(9:00-17:00,mon-fri,*,*?6:7)\n1 exten 1,6,A()\n1 exten 1,7,NoOp(Finish if)\n",
		},
		"extensions with variables, callers and places": {
			"context a { _${CODE}X[1-3] => A(); 5/100 => B(); 6@b => C(); hint(SIP/${X}) ${Y}7 => D(); }",
			"[a]\n1 exten _${CODE}X[1-3],1,A()\n1 exten 5/100,1,B()\n1 exten 6@b,1,C()\n1 exten ${Y}7,hint,SIP/${X}\n1 exten ${Y}7,1,D()\n",
		},
		"no arrow": {"context a {\n 1 -> A();\n 2 => B();\n}", "f.ael:2: an extension and \"=>\" are expected, not \"1\""},
		"MacroExit": {
			"macro m() { if (1) MacroExit(); }",
			"[m]\n1 exten ~~s~~,1,GotoIf($[1]?2:3)\n1 exten ~~s~~,2,Return()\n1 exten ~~s~~,3,NoOp(Finish if)\n1 exten ~~s~~,4,Return()\n",
		},
		"assignments between extensions": {
			"context a {\n x=5;\n local y=${x};\n 1 => A();\n local => B();\n}",
			"f.ael:2: warning: x is set outside of an extension, which does nothing; set it in globals, or in the extension [no-effect]\n" +
				"f.ael:3: warning: y is set outside of an extension, which does nothing; set it in globals, or in the extension [no-effect]\n" +
				"[a]\n4 exten 1,1,A()\n5 exten local,1,B()\n",
		},
		"files in all places": {
			"globals {\n#include \"globals.ael\"\n}\ncontext a {\n 1 => {\n  A();\n#include <steps.ael>\n }\n#include \"more.ael\";\n}\n#include \"none.ael\"\nmacro m() {\n#include \"steps.ael\"\n}\n",
			"f.ael:11: error: #include none.ael: no such file; the line is skipped [include]\n" +
				"[globals]\n1 A 1\n[a]\n6 exten 1,1,A()\n1 exten 1,2,B()\n2 exten 1,3,C()\n1 exten 2,1,B()\n2 include c\n" +
				"[m]\n1 exten ~~s~~,1,B()\n2 exten ~~s~~,2,C()\n12 exten ~~s~~,3,Return()\n",
		},
		"a file that includes itself": {
			"#include \"round.ael\"\n", "round.ael:1: error: #include round.ael: the file includes itself; the line is skipped [include]\n" +
				"round.ael:2: error: #include f.ael: the file includes itself; the line is skipped [include]\n",
		},
		"arguments over several lines": {
			"context a { 1 => Dial(SIP/1&\n   SIP/2,\n  20); }", "[a]\n1 exten 1,1,Dial(SIP/1& SIP/2, 20)\n",
		},
		"an open block":           {"context a {\n 1 => {\n A();\n", "f.ael:2: \"{\" is not closed"},
		"an open context":         {"context a {\n 1 => A();\n", "f.ael:3: context a is not closed"},
		"too deep":                {"context a { 1 => " + strings.Repeat("{", 300), "f.ael:1: statements stand within each other more than 200 deep"},
		"no semicolon":            {"context a {\n 1 => { A() B(); }\n}", "f.ael:2: \";\" is expected behind A, not \"B();\""},
		"no such object":          {"contxt a {}", "f.ael:1: context, macro, globals or #include is expected, not \"contxt\""},
		"break outside of a loop": {"context a {\n 1 => break;\n}", "f.ael:2: break stands outside of a loop"},
		"open quotes":             {"context a {\n 1 => { x=\"a; }\n}", "f.ael:3: the quotes are not closed"},
		"open parentheses":        {"context a {\n 1 => A(b;\n}\n", "f.ael:2: \"(\" is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := written(t, tt.in); got != tt.want {
				t.Errorf("%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

// The samples of the field are read, and what comes out of them is a plan.
func TestRealFiles(t *testing.T) {
	corpus := os.Getenv("PBX_CORPUS")
	if corpus == "" {
		t.Skip("PBX_CORPUS is not set")
	}
	files, err := filepath.Glob(filepath.Join(corpus, "configs", "*", "*.ael*"))
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no files")
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := Parse(filepath.Base(name), string(text), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, findings := dialplan.Build(f, nil)
		for _, x := range findings {
			if x.Rule != "include-missing" && x.Rule != "unknown-switch" {
				t.Errorf("%s: %v", name, x)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("globals{A=1;}\nmacro m(a){ if(1) A(); else { B(); } catch h { C(); } }\ncontext a { includes{b;} 1 => { x: for(a=1;${a}<2;a=${a}+1) { switch(${X}) { case 1: break; default: continue; } } goto x; } hint(SIP/1) 2 => &m(1); }\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, _, err := Parse("f", text, nil)
		if err != nil {
			if Finding(err) == nil {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		dialplan.Build(file, nil)
	})
}
