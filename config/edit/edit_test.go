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
` + twins + `[sect](tpl)
allow=a
allow=b
#include "more.conf"
a=b
[sect](+)
late=1
`

// twins are two sections of one name.
const twins = `[twin]
box=11
n=1
[twin]
n=2 ;-- of
old --; box=22
`

func TestChanges(t *testing.T) {
	in := func(name string) Target { return Target{Name: name} }
	for name, tt := range map[string]struct {
		change    func(d *Document) error
		old, want string // the lines that change
		err       error
	}{
		"nothing":             {func(*Document) error { return nil }, "", "", nil},
		"update":              {func(d *Document) error { return d.Set(in("general"), "K1", "changed", "", false) }, "k1=v1", "k1 = changed", nil},
		"update object":       {func(d *Document) error { return d.Set(in("general"), "k1", "x", "V1", true) }, "k1=v1", "k1 => x", nil},
		"update in its place": {func(d *Document) error { return d.Set(in("general"), "k2", "x;y", "", false) }, "k2 => v2 ;", `k2 => x\;y ;`, nil},
		"update no match":     {func(d *Document) error { return d.Set(in("general"), "k1", "x", "other", false) }, "", "", ErrNoLine},
		"update no section":   {func(d *Document) error { return d.Set(in("not"), "a", "x", "", false) }, "", "", ErrNoSection},
		"update a template":   {func(d *Document) error { return d.Set(in("tpl"), "t", "2", "", false) }, "", "", ErrNoSection},
		"update a template that is asked for": {
			func(d *Document) error { return d.Set(Target{"tpl", "TEMPLATES=restrict"}, "t", "2", "", false) }, "t=1\n;--", "t = 2\n;--", nil,
		},
		"update those of a name": {func(d *Document) error { return d.Set(in("twin"), "n", "9", "", false) }, twins, strings.NewReplacer("n=1", "n = 9", "n=2", "n = 9").Replace(twins), nil},
		"update one of a name":   {func(d *Document) error { return d.Set(Target{"twin", "box=22,n=."}, "n", "9", "", false) }, "n=2", "n = 9", nil},
		"delete":                 {func(d *Document) error { return d.Delete(in("general"), "k2", "", -1) }, "k2 => v2 ; trailing\n", "", nil},
		"delete all of a name":   {func(d *Document) error { return d.Delete(in("sect"), "allow", "", -1) }, "allow=a\nallow=b\n", "", nil},
		"delete one value":       {func(d *Document) error { return d.Delete(in("sect"), "allow", "b", -1) }, "allow=b\n", "", nil},
		"delete by number":       {func(d *Document) error { return d.Delete(in("general"), "", "", 0) }, "k1=v1\n", "", nil},
		"delete further on":      {func(d *Document) error { return d.Delete(in("sect"), "", "", 3) }, "late=1\n", "", nil},
		"delete before a comment": {
			func(d *Document) error { return d.Delete(in("twin"), "n", "2", -1) }, "n=2 ;-- of\nold --; box=22", " ;-- of\nold --; box=22", nil,
		},
		"update behind a comment": {func(d *Document) error { return d.Set(in("twin"), "box", "3", "22", false) }, "--; box=22", "--;box = 3", nil},
		"append":                  {func(d *Document) error { return d.Append(in("general"), "k3", "a;b", false) }, "; trailing\n", "; trailing\nk3 = a\\;b\n", nil},
		"append directive":        {func(d *Document) error { return d.Append(in("general"), "#exec", "rm", false) }, "", "", ErrName},
		"append further on":       {func(d *Document) error { return d.Append(in("sect"), "k", "1", false) }, "late=1\n", "late=1\nk = 1\n", nil},
		"insert":                  {func(d *Document) error { return d.Insert(in("general"), "k0", "v", 0, false) }, "k1=v1", "k0 = v\nk1=v1", nil},
		"insert at the end":       {func(d *Document) error { return d.Insert(in("general"), "k0", "v", 7, false) }, "; trailing\n", "; trailing\nk0 = v\n", nil},
		"insert further on":       {func(d *Document) error { return d.Insert(in("sect"), "k0", "v", 3, false) }, "late=1", "k0 = v\nlate=1", nil},
		"new":                     {func(d *Document) error { return d.NewSection("added", "", "", false) }, "late=1\n", "late=1\n\n[added]\n", nil},
		"new before":              {func(d *Document) error { return d.NewSection("added", "(!)", "sect", false) }, "[sect](tpl)", "[added](!)\n\n[sect](tpl)", nil},
		"new before none":         {func(d *Document) error { return d.NewSection("added", "", "nosuch", false) }, "", "", ErrNoSection},
		"new again":               {func(d *Document) error { return d.NewSection("general", "", "", false) }, "", "", ErrExists},
		"new name":                {func(d *Document) error { return d.NewSection("x]\n[y", "", "", false) }, "", "", ErrName},
		"rename":                  {func(d *Document) error { return d.RenameSection(Target{"twin", "box=11"}, "other") }, "[twin]\nbox=11", "[other]\nbox=11", nil},
		"delete sections":         {func(d *Document) error { return d.DeleteSection(in("twin")) }, twins, "", nil},
		"delete section":          {func(d *Document) error { return d.DeleteSection(in("sect")) }, file[strings.Index(file, "[sect]"):], "#include \"more.conf\"\n", nil},
		"delete none":             {func(d *Document) error { return d.DeleteSection(in("nosuch")) }, "", "", ErrNoSection},
		"empty":                   {func(d *Document) error { return d.EmptySection(in("general")) }, "k1=v1\nk2 => v2 ; trailing\n", "", nil},
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
