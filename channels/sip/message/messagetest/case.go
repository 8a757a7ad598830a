// Package messagetest holds SIP messages together with the answer a user agent
// owes them, for the tests of the parser and of the driver that answers.
//
// Corpus reads the torture messages of RFC 4475 and RFC 5118 from the folder
// that PBX_CORPUS names; Variants makes messages of our own that break one rule
// each. Only tests import the package.
package messagetest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Case is one message and what is expected of whoever receives it.
type Case struct {
	Name    string
	Section string // where the case comes from, such as "4475-3.1.2.4"
	Want    string // the answer, in the words of the corpus; see Accepts
	Rule    string // why
	Message []byte
}

var code = regexp.MustCompile(`\b[1-6][0-9][0-9]\b`)

// Accepts reports whether a final status, 0 for no answer, is what Want allows.
// Want lists statuses; "drop" and "(response)" stand for no answer, "any" for
// whatever comes, and "any-but-400" for any answer that does not call the
// message malformed. Where 200 is allowed, a request for credentials and 404
// are as well.
func (c Case) Accepts(status int) bool {
	switch {
	case c.Want == "any":
		return true
	case c.Want == "any-but-400":
		return status != 400 && status != 0
	case status == 0:
		return strings.Contains(c.Want, "drop") || c.Want == "(response)"
	}
	codes := code.FindAllString(c.Want, -1)
	if slices.Contains(codes, strconv.Itoa(status)) {
		return true
	}
	return slices.Contains(codes, "200") && (status == 401 || status == 404 || status == 407)
}

// Malformed reports whether the message is to be refused for what it is, and
// not for what the receiver can or cannot do.
func (c Case) Malformed() bool {
	if c.Want == "any" || c.Want == "any-but-400" || c.Want == "(response)" {
		return false
	}
	for _, s := range code.FindAllString(c.Want, -1) {
		switch s {
		case "400", "414", "416", "505", "513":
		case "501": // an unknown method may be refused before it is read on
			if !c.Accepts(400) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// Folder returns a folder of the corpus that PBX_CORPUS names and skips the
// test if there is none: the messages are others' work and not in the tree.
func Folder(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("PBX_CORPUS")
	if root == "" {
		t.Skip("PBX_CORPUS is not set: the corpus of real and torture messages is not here")
	}
	return filepath.Join(root, name)
}

// Corpus reads the torture messages.
func Corpus(t testing.TB) []Case {
	t.Helper()
	dir := Folder(t, "torture")
	table, err := os.ReadFile(filepath.Join(dir, "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	for _, line := range strings.Split(string(table), "\n")[1:] {
		column := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if len(column) < 6 {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, column[0]+".sip"))
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, Case{
			Name: column[0], Section: column[1], Want: column[4], Rule: column[5],
			Message: text,
		})
	}
	if len(cases) == 0 {
		t.Fatalf("%s: expected.tsv has no cases", dir)
	}
	return cases
}

// Real reads the messages of the corpus that were captured from phones, trunks
// and servers, by file name.
func Real(t testing.TB) map[string][]byte {
	t.Helper()
	dir := Folder(t, "messages")
	files, err := filepath.Glob(filepath.Join(dir, "*.sip"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no messages: %v", dir, err)
	}
	messages := make(map[string][]byte, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		messages[filepath.Base(file)] = text
	}
	return messages
}
