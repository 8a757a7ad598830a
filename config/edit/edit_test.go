package edit

import (
	"errors"
	"strings"
	"testing"
)

const file = `; head comment
[general]
k1=v1
k2 => v2 ; trailing

[tpl](!)
t=1
;-- [not]
a = section --;
[sect](tpl)
a=b
#include "more.conf"
`

func TestChanges(t *testing.T) {
	for name, tt := range map[string]struct {
		change    func(d *Document) error
		old, want string // the lines that change
		err       error
	}{
		"nothing":           {func(*Document) error { return nil }, "", "", nil},
		"update":            {func(d *Document) error { return d.Set("general", "K1", "changed", "", false) }, "k1=v1", "k1 = changed", nil},
		"update object":     {func(d *Document) error { return d.Set("general", "k1", "x", "v1", true) }, "k1=v1", "k1 => x", nil},
		"update no match":   {func(d *Document) error { return d.Set("general", "k1", "x", "other", false) }, "", "", ErrNoLine},
		"update no section": {func(d *Document) error { return d.Set("not", "a", "x", "", false) }, "", "", ErrNoSection},
		"delete":            {func(d *Document) error { return d.Delete("general", "k2", "", -1) }, "k2 => v2 ; trailing\n", "", nil},
		"delete by number":  {func(d *Document) error { return d.Delete("general", "", "", 0) }, "k1=v1\n", "", nil},
		"append":            {func(d *Document) error { return d.Append("general", "k3", "a;b", "", false) }, "; trailing\n", "; trailing\nk3 = a\\;b\n", nil},
		"append directive":  {func(d *Document) error { return d.Append("general", "#exec", "rm", "", false) }, "", "", ErrName},
		"insert":            {func(d *Document) error { return d.Insert("general", "k0", "v", 0, false) }, "k1=v1", "k0 = v\nk1=v1", nil},
		"new":               {func(d *Document) error { return d.NewSection("added", "", false) }, "\"more.conf\"\n", "\"more.conf\"\n\n[added]\n", nil},
		"new again":         {func(d *Document) error { return d.NewSection("general", "", false) }, "", "", ErrExists},
		"new name":          {func(d *Document) error { return d.NewSection("x]\n[y", "", false) }, "", "", ErrName},
		"rename":            {func(d *Document) error { return d.RenameSection("sect", "other", "") }, "[sect](tpl)", "[other](tpl)", nil},
		"delete section":    {func(d *Document) error { return d.DeleteSection("sect", "") }, "[sect](tpl)\na=b\n", "", nil},
		"delete none":       {func(d *Document) error { return d.DeleteSection("nosuch", "") }, "", "", ErrNoSection},
		"empty":             {func(d *Document) error { return d.EmptySection("sect", "") }, "a=b\n", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := Parse(file)
			if err := tt.change(d); !errors.Is(err, tt.err) {
				t.Fatalf("%v, want %v", err, tt.err)
			}
			want := strings.Replace(file, tt.old, tt.want, 1)
			if got := d.String(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// FuzzParse: a text that is not changed stays as it is, but for the ends of lines.
func FuzzParse(f *testing.F) {
	f.Add(file)
	f.Add("[a]\r\nb=c;--\n[")
	f.Fuzz(func(t *testing.T, text string) {
		want := strings.ReplaceAll(text, "\r\n", "\n")
		if want != "" && !strings.HasSuffix(want, "\n") {
			want = strings.TrimSuffix(want, "\r") + "\n"
		}
		if got := Parse(text).String(); got != want && text != "\n" {
			t.Errorf("%q became %q", text, got)
		}
	})
}
