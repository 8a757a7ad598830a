package dialplan_test

import (
	"log/slog"
	"strings"
	"testing"
)

// TestTree compares the tree of `dialplan debug` with the one that the field would walk:
// numbers first, then patterns by how much they match.
func TestTree(t *testing.T) {
	o := newOffice(t, slog.New(slog.DiscardHandler))
	o.load(t, `[office]
exten => _9NX.,1,NoOp()
exten => _9NX1,1,NoOp()
exten => _[1-3]-5,1,NoOp()
exten => _[1-3]-5/100,1,NoOp()
exten => _9!,1,NoOp()
exten => 10,1,NoOp()
exten => 1-1,1,NoOp()
exten => t,1,NoOp()
include => trunks,9:00-17:00,mon-fri,*,*
[trunks]
exten => _X,1,NoOp()
`)
	const want = `[ Context 'office' created by 'pbx_config' ]
 1:N:305
 +0:N:304:EXTEN:10
 +1:N:305:EXTEN:1-1
 t:N:372:EXTEN:t
 9:Y:313
 +23456789:Y:2098
 ++0123456789:Y:2608
 +++1:Y:305:EXTEN:_9NX1
 +++.:Y:98304:EXTEN:_9NX.
 +!:Y:163840:EXTEN:_9!
 123:Y:817
 +5:Y:309:EXTEN:_[1-3]-5/100:EXTEN:_[1-3]-5
 then the context trunks,9:00-17:00,mon-fri,*,*

`
	got := command(t, o.engine, "dialplan debug", "office")
	legend, tree, _ := strings.Cut(got, "[ Context")
	if tree = "[ Context" + tree; tree != want || !strings.Contains(legend, "<pattern?>") {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if all := command(t, o.engine, "dialplan debug"); !strings.Contains(all, want) || !strings.Contains(all, "[ Context 'trunks' created by 'pbx_config' ]\n 0123456789:Y:2608:EXTEN:_X\n") {
		t.Errorf("all contexts:\n%s", all)
	}
	if got := command(t, o.engine, "dialplan debug", "none"); got != "There is no existence of 'none' context\n" {
		t.Errorf("no context: %q", got)
	}
}
