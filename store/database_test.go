package store

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestDatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "journal")
	j, err := Open(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := NewDatabase(j)
	put := func(family, key, value string, taint bool) {
		t.Helper()
		if err := d.Put(family, key, value, taint); err != nil {
			t.Fatal(err)
		}
	}
	put("fam", "k1", "v1", false)
	put("fam", "a/b", "deep", true)
	put("fam", "a", "", false)
	put("fam2", "k1", "other", false)
	put("fam", "k1", "v2", false)
	walk := func(below string) string {
		var b strings.Builder
		d.Walk(below, func(path, value string) bool {
			b.WriteString(path + "=" + value + " ")
			return true
		})
		return b.String()
	}
	const all = "/fam/a= /fam/a/b=deep /fam/k1=v2 /fam2/k1=other "
	if got := walk(""); got != all {
		t.Errorf("all: %s", got)
	}
	if got := walk("/fam/a"); got != "/fam/a= /fam/a/b=deep " {
		t.Errorf("below a: %s", got)
	}
	// It is all there after a restart, and so is what came from the network.
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = Open(file, nil); err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	d = NewDatabase(j)
	if got := walk("/"); got != all {
		t.Errorf("after a restart: %s", got)
	}
	if v, taint, ok := d.Get("fam", "a/b"); v != "deep" || !taint || !ok {
		t.Errorf("a/b: %q %v %v", v, taint, ok)
	}
	if v, taint, ok := d.Get("fam", "a"); v != "" || taint || !ok {
		t.Errorf("a: %q %v %v", v, taint, ok)
	}
	if _, _, ok := d.Get("fam", "none"); ok {
		t.Error("an entry that nobody put")
	}
	for _, want := range []bool{true, false} {
		if ok, err := d.Delete("fam", "k1"); ok != want || err != nil {
			t.Errorf("delete: %v %v, want %v", ok, err, want)
		}
	}
	if n, err := d.DeleteTree("fam", ""); n != 2 || err != nil {
		t.Errorf("delete the family: %d %v", n, err)
	}
	if got := walk(""); got != "/fam2/k1=other " {
		t.Errorf("in the end: %s", got)
	}
}
