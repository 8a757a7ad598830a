package funcs

import (
	"strings"
	"testing"

	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/decl"
)

// TestPieces: functions that move text about make neither the office's separators
// those of a caller, nor a caller's those of the office.
func TestPieces(t *testing.T) {
	for _, ask := range []string{
		"${LOCAL_PEEK(0,X)}", "${IF($[1 = 1]?${X}:y)}", "${IFTIME(*,*,*,*?${X}:y)}", "${SET(Y=${X})}", "${CUT(L,^,1)}", "${SHIFT(L,^)}", "${POP(L,^)}",
		"${PASSTHRU(${X})}", "${TRIM( ${X} )}", "${TOLOWER(${X})}", "${TOUPPER(${X})}", "${QUOTE(${X})}", "${EVAL(${X})}", "${X:0:7}",
		"${SPRINTF(%s,${X})}", "${SPRINTF(SIP/%s,${X:4})}", "${LISTFILTER(L,^,z)}", "${FILTER(A-Z0-9&/,${X})}", "${REPLACE(X,7,8)}", "${STRREPLACE(X,7,8)}",
		"${HASH(h,k)}", "${GLOBAL(G)}", "${SHARED(s)}", "${SORT(${X}:1)}", "${MASTER_CHANNEL(X)}", "${a2}", "${CSV_QUOTE(${X})}",
		"${GROUP()}", "${GROUP_LIST()}", "${CHANNEL(userfield)}", "${CHANNEL(accountcode)}",
	} {
		for _, number := range []string{"109", "1&9", "1/9"} {
			e, c := newThread(t, Deps{})
			x := channel.Value{S: "SIP/" + number, Taint: decl.Part(4, 7)}
			c.SetVar("X", x)
			c.SetVar("L", channel.Value{S: x.S + "^" + x.S, Taint: append(decl.Part(4, 7), decl.Part(12, 15)...)})
			for name, v := range map[string]channel.Value{
				"HASH(h,k)": x, "GLOBAL(G)": x, "SHARED(s)": x, "GROUP()": x, "GROUP(c)": x, "CHANNEL(userfield)": x, "CHANNEL(accountcode)": x, "ARRAY(a1,a2)": {S: "b," + x.S, Taint: decl.Part(6, 9)},
			} {
				if err := e.Write(c, name, v, false); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			v := e.Expand(c, ask)
			at := strings.Index(strings.ToUpper(v.S), "SIP/"+number)
			if at < 0 {
				t.Errorf("%s: %q", ask, v.S)
				continue
			}
			if slash := v.Slice(at+3, at+4); number == "109" && len(slash.Taint) > 0 {
				t.Errorf("%s: the slash of %q is the office's: %v", ask, v.S, v.Taint)
			}
			if own := v.Slice(at+4, at+7); len(own.Taint) != 1 || own.Taint[0] != channel.Whole(3)[0] {
				t.Errorf("%s: %s of %q is the caller's: %v", ask, number, v.S, v.Taint)
			}
		}
	}
}

// The name of a variable that a Read sets may be a caller's: what writes a function
// knows it.
func TestNameOfSet(t *testing.T) {
	e, c := newThread(t, Deps{})
	var got []decl.Span
	e.AddFunctions([]channel.Function{{Name: "STATEMENT", Raw: true, Write: func(_ channel.Thread, a *decl.Args, _ string) error {
		got = a.NameTaint
		return nil
	}}})
	c.SetVar("X", channel.Tainted("1 OR 1"))
	e.Expand(c, "${SET(STATEMENT(${X})=own)}")
	if len(got) != 1 || got[0] != (decl.Span{Start: 0, End: 6}) {
		t.Errorf("%v", got)
	}
}

// What a caller has EVAL do is fenced, what the office has it do is not.
func TestEvalFenced(t *testing.T) {
	e, c := newThread(t, Deps{})
	c.SetVar("evil", channel.Tainted("${STAT(e,/)}"))
	c.SetVar("own", channel.Clean("${STAT(e,/)}"))
	c.SetVar("half", channel.Tainted("{STAT(e,/)}"))
	if v := e.Expand(c, "[${EVAL(${evil})}][${EVAL(${own})}][${EVAL($${half})}]"); v.S != "[][1][]" {
		t.Errorf("%q", v.S)
	}
}

// What a caller decides the place of is as good as his, and so is what he
// had expanded.
func TestPlaced(t *testing.T) {
	e, c := newThread(t, Deps{})
	c.SetVar("n", channel.Tainted("38a"))
	c.SetVar("evil", channel.Tainted("${own}"))
	c.SetVar("uri", channel.Tainted("1%26SIP%2F9"))
	c.SetVar("base64", channel.Tainted("MSZTSVAvOQ=="))
	c.SetVar("own", channel.Clean("a&b"))
	for _, ask := range []string{
		"${SPRINTF(%c,${n})}", "${REPLACE(n,a,&)}", "${STRREPLACE(n,a,&)}", "${STRBETWEEN(n,&)}", "${EVAL(${evil})}",
		"${URIDECODE(${uri})}", "${BASE64_DECODE(${base64})}",
	} {
		v := e.Expand(c, ask)
		at := strings.IndexByte(v.S, '&')
		if at < 0 || len(v.Slice(at, at+1).Taint) == 0 {
			t.Errorf("%s: %q %v", ask, v.S, v.Taint)
		}
	}
}

// Who may not use dangerous functions may not do so by way of another channel.
func TestOtherChannelFenced(t *testing.T) {
	e, _ := newThread(t, Deps{})
	c := channeltest.New("Local", e.Channels()).Inbound(channel.Options{Name: "other"}).Channel()
	defer c.Hangup()
	for _, of := range []string{"IMPORT(" + c.Name() + ",%s)", "MASTER_CHANNEL(%s)"} {
		ask := strings.Replace(of, "%s", "STAT(e,/)", 1)
		if v, _ := e.Read(c, ask, true); v.S != "" {
			t.Errorf("%s: %q", ask, v.S)
		}
		if v, err := e.Read(c, ask, false); err != nil || v.S != "1" {
			t.Errorf("%s: %q %v", ask, v.S, err)
		}
	}
	for _, of := range []string{"EXPORT(" + c.Name() + ",%s)", "MASTER_CHANNEL(%s)"} {
		ask := strings.Replace(of, "%s", "ENV(PBX_FENCED)", 1)
		if err := e.Write(c, ask, channel.Clean("1"), true); err == nil {
			t.Errorf("%s: written", ask)
		}
	}
}
