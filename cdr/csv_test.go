package cdr

import (
	"testing"
	"time"
)

// The lines of golden/cdr.md, byte by byte.
func TestMaster(t *testing.T) {
	at := func(s string) time.Time {
		if s == "" {
			return time.Time{}
		}
		v, err := time.ParseInLocation(timeFormat, "2026-11-22 "+s, time.Local)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	row := Row{
		Src: "555", Context: "cdrt", CLID: `"Cal C" <555>`, AMAFlags: "DOCUMENTATION", LastApp: "Dial",
	}
	answered := row
	answered.Dst, answered.Channel, answered.DstChannel, answered.LastData = "c-ans", "SIP/cal-000001cc", "SIP/uas-000001cd", "SIP/ans@uas,3"
	answered.Start, answered.Answer, answered.End = at("00:09:56"), at("00:09:57"), at("00:09:58")
	answered.Duration, answered.BillSec, answered.Disposition, answered.UniqueID = 1, 1, Answered, "1795306196.687"
	busy := row
	busy.Dst, busy.Channel, busy.DstChannel, busy.LastData = "c-486", "SIP/cal-000001d2", "SIP/uas-000001d3", "SIP/486@uas,3"
	busy.Start, busy.End, busy.Disposition, busy.UniqueID = at("00:10:04"), at("00:10:04"), Busy, "1795306204.693"
	field := answered
	field.AccountCode, field.AMAFlags, field.UserField, field.CLID = "a2", "BILLING", `uf,"q"`, `"" <555>`
	field.PeerAccount, field.LinkedID, field.Sequence = "p", "1.2", 7
	tests := []struct {
		name string
		CSV
		row  Row
		want string
	}{
		{"answered", CSV{UniqueID: true, UserField: true}, answered, `"","555","c-ans","cdrt","""Cal C"" <555>","SIP/cal-000001cc","SIP/uas-000001cd","Dial","SIP/ans@uas,3","2026-11-22 00:09:56","2026-11-22 00:09:57","2026-11-22 00:09:58",1,1,"ANSWERED","DOCUMENTATION","1795306196.687",""`},
		{"busy", CSV{UniqueID: true, UserField: true}, busy, `"","555","c-486","cdrt","""Cal C"" <555>","SIP/cal-000001d2","SIP/uas-000001d3","Dial","SIP/486@uas,3","2026-11-22 00:10:04",,"2026-11-22 00:10:04",0,0,"BUSY","DOCUMENTATION","1795306204.693",""`},
		{"plain", CSV{}, busy, `"","555","c-486","cdrt","""Cal C"" <555>","SIP/cal-000001d2","SIP/uas-000001d3","Dial","SIP/486@uas,3","2026-11-22 00:10:04",,"2026-11-22 00:10:04",0,0,"BUSY","DOCUMENTATION"`},
		{"quotes and new columns", CSV{UniqueID: true, UserField: true, NewColumns: true}, field, `"a2","555","c-ans","cdrt",""""" <555>","SIP/cal-000001cc","SIP/uas-000001cd","Dial","SIP/ans@uas,3","2026-11-22 00:09:56","2026-11-22 00:09:57","2026-11-22 00:09:58",1,1,"ANSWERED","BILLING","1795306196.687","uf,""q""","p","1.2",7`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tt.Append(nil, &tt.row)); got != tt.want+"\n" {
				t.Errorf("got  %swant %s", got, tt.want)
			}
		})
	}
}

func TestPlainName(t *testing.T) {
	for name, want := range map[string]bool{"a2": true, "": false, "../x": false, ".hidden": false, "a/b": false, "Master": false, "a b": true} {
		if plainName(name) != want {
			t.Errorf("%q", name)
		}
	}
}

func TestTemplate(t *testing.T) {
	r := Row{CLID: `"A" <1>`, Dst: "102", Disposition: Answered, Vars: map[string]string{"mos": "4.1"}}
	for text, want := range map[string]string{
		`${CSV_QUOTE(${CDR(clid)})},${CDR(dst)}`: `"""A"" <1>",102`,
		`x${CDR(disposition,u)}y`:                "x8y",
		`${CDR(mos)}|${CDR(nosuch)}|`:            "4.1||",
		`plain`:                                  "plain",
	} {
		tp, err := ParseTemplate(text, knownToRows)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := tp.Expand(rowValue(&r)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for _, text := range []string{"${CDR(clid)", "${SHELL(ls)}", "${CSV_QUOTE(${CDR(x)}}", "${", "${CDR(x)y}"} {
		if _, err := ParseTemplate(text, knownToRows); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`${CSV_QUOTE(${CDR(clid)})},"${CDR(dst)}"`)
	f.Fuzz(func(_ *testing.T, text string) {
		if tp, err := ParseTemplate(text, knownToRows); err == nil {
			tp.Expand(rowValue(&Row{}))
		}
	})
}
