package cdr

import (
	"slices"
	"testing"
	"time"

	"pbx/spool"
)

// TestColumnValue: what the columns of a table of PostgreSQL get; a column of which there is nothing
// to tell keeps its default.
func TestColumnValue(t *testing.T) {
	r := &Row{Dst: "102", Start: time.Unix(1795306196, 500_000_000), End: time.Unix(1795306198, 0), Duration: 1, Disposition: Busy, AMAFlags: "DOCUMENTATION"}
	localTime(r)
	for _, tt := range []struct {
		spool.Column
		want string
		none bool
	}{
		{Column: spool.Column{Name: "dst", Kind: "text"}, want: "102"},
		{Column: spool.Column{Name: "calldate", Kind: "bigint"}, want: "1795306196"},
		{Column: spool.Column{Name: "duration", Kind: "integer"}, want: "1"},
		{Column: spool.Column{Name: "duration", Kind: "double precision"}, want: "1.500000"},
		{Column: spool.Column{Name: "disposition", Kind: "character varying"}, want: "BUSY"},
		{Column: spool.Column{Name: "disposition", Kind: "smallint"}, want: "4"},
		{Column: spool.Column{Name: "userfield", Kind: "text"}, none: true},
		{Column: spool.Column{Name: "userfield", Kind: "text", Required: true}, want: ""},
		{Column: spool.Column{Name: "answer", Kind: "timestamp without time zone"}, none: true},
		{Column: spool.Column{Name: "id", Kind: "integer"}, none: true},
	} {
		v, ok := columnValue(r, tt.Column)
		if ok == tt.none || v != tt.want {
			t.Errorf("%+v is %q, %t", tt.Column, v, ok)
		}
	}
}

func TestSplitValues(t *testing.T) {
	for text, want := range map[string][]string{
		"'${CDR(clid)}','${CDR(dst,u)}'":          {"${CDR(clid)}", "${CDR(dst,u)}"},
		"'${CDR(clid)}' , ${CDR(start,u)}, plain": {"${CDR(clid)}", "${CDR(start,u)}", "plain"},
		"${QUOTE(${CDR(a,u)})}":                   {"${QUOTE(${CDR(a,u)})}"},
		"'a,b":                                    {"a,b"},
		"":                                        nil,
	} {
		if got := splitValues(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
