package lsp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pbx/server"
)

const planText = `[general]
[phones]
include => common
exten => _1XX,1,NoOp(${CALLERID(num)})
 same => n,Dial(SIP/101,20)
 same => n,Goto(common,9,1)
 same => n(end),Hangup()
exten => 5,1,Diall(SIP/101)
[common]
exten => 9,1,Answer()
`

const sipText = `[general]
context=phones
[101]
type=friend
host=dynamic
context=phones
secret=Zq8rTn2vKx7wLm4s
`

// editor is a scripted client.
type editor struct {
	t    *testing.T
	out  io.Writer
	in   chan []byte // what the server says; an editor reads it all the time
	id   int
	said map[string][]diagnostic // by file name
	dir  string
}

func open(t *testing.T) *editor {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"extensions.conf": planText, "sip.conf": sipText} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	toServer, out := io.Pipe()
	in, fromServer := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- New(toServer, fromServer, server.Options{StateDir: t.TempDir()}).Run()
		fromServer.Close()
	}()
	e := &editor{t: t, out: out, in: make(chan []byte, 1000), said: make(map[string][]diagnostic), dir: dir}
	go e.listen(bufio.NewReader(in))
	t.Cleanup(func() {
		e.send("exit", nil, false)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	e.ask("initialize", map[string]any{"rootUri": uriOf(dir)}, nil)
	e.tell("initialized", map[string]any{})
	return e
}

// listen hands on the bodies of messages.
func (e *editor) listen(in *bufio.Reader) {
	defer close(e.in)
	for {
		header, err := textproto.NewReader(in).ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		e.in <- body
	}
}

func (e *editor) send(method string, params any, request bool) {
	e.t.Helper()
	m := map[string]any{"jsonrpc": "2.0", "method": method, "params": params}
	if request {
		e.id++
		m["id"] = e.id
	}
	body, err := json.Marshal(m)
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(e.out, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		e.t.Fatal(err)
	}
}

// tell sends a notification and waits until the server has done with it.
func (e *editor) tell(method string, params any) {
	e.t.Helper()
	e.send(method, params, false)
	e.ask("shutdown", nil, nil)
}

// ask sends a request and decodes the result; it returns the error's message.
func (e *editor) ask(method string, params, result any) string {
	e.t.Helper()
	e.send(method, params, true)
	for body := range e.in {
		var m struct {
			ID     int
			Method string
			Params publishParams
			Result json.RawMessage
			Error  *rpcError
		}
		if err := json.Unmarshal(body, &m); err != nil {
			e.t.Fatal(err)
		}
		switch {
		case m.Method != "":
			e.said[filepath.Base(m.Params.URI)] = m.Params.Diagnostics
		case m.ID == e.id && m.Error != nil:
			return m.Error.Message
		case m.ID == e.id:
			if result != nil {
				if err := json.Unmarshal(m.Result, result); err != nil {
					e.t.Fatal(err)
				}
			}
			return ""
		}
	}
	e.t.Fatalf("%s: the server has ended", method)
	return ""
}

// at is a place in a file: the first occurrence of a text, where "|" is the cursor.
func (e *editor) at(file, text, around string) map[string]any {
	e.t.Helper()
	cursor := strings.Index(around, "|")
	i := strings.Index(text, strings.Replace(around, "|", "", 1))
	if i < 0 {
		e.t.Fatalf("%q is not in the file", around)
	}
	i += cursor
	line := strings.Count(text[:i], "\n")
	return map[string]any{
		"textDocument": map[string]any{"uri": uriOf(filepath.Join(e.dir, file))},
		"position":     position{line, i - strings.LastIndex(text[:i], "\n") - 1},
	}
}

func TestDiagnostics(t *testing.T) {
	e := open(t)
	has := func(rule string, line int) {
		t.Helper()
		for _, d := range e.said["extensions.conf"] {
			if d.Code == rule && d.Range.Start.Line == line {
				return
			}
		}
		t.Errorf("no %s at line %d: %+v", rule, line, e.said["extensions.conf"])
	}
	has("unknown-application", 7)
	// What is typed counts, not what is on the disk.
	uri := uriOf(filepath.Join(e.dir, "extensions.conf"))
	fixed := strings.Replace(planText, "Diall", "Dial", 1)
	e.tell("textDocument/didOpen", map[string]any{"textDocument": document{uri, fixed}})
	for _, d := range e.said["extensions.conf"] {
		if d.Code == "unknown-application" {
			t.Errorf("still there: %+v", d)
		}
	}
	e.tell("textDocument/didChange", map[string]any{
		"textDocument": document{URI: uri}, "contentChanges": []map[string]string{{"text": strings.Replace(fixed, "Answer()", "Anser()", 1)}},
	})
	has("unknown-application", 9)
	e.tell("textDocument/didClose", map[string]any{"textDocument": document{URI: uri}})
	has("unknown-application", 7)
}

func TestHover(t *testing.T) {
	e := open(t)
	for _, tt := range []struct{ file, text, around, want string }{
		{"extensions.conf", planText, "n,Di|al(", "Info about Application 'Dial'"},
		{"extensions.conf", planText, "${CALL|ERID(num)", "Info about Function 'CALLERID'"},
		{"extensions.conf", planText, "SIP/1|01,20", "device [101], at sip.conf:3"},
		{"extensions.conf", planText, "include => com|mon", "context [common], at extensions.conf:9"},
		{"sip.conf", sipText, "ho|st=dynamic", "**host**"},
		{"sip.conf", sipText, "friend\nhost=dynamic\ncontext=pho|nes", "context [phones]"},
		{"extensions.conf", planText, "[gen|eral]", ""},
	} {
		var h *hover
		if err := e.ask("textDocument/hover", e.at(tt.file, tt.text, tt.around), &h); err != "" {
			t.Errorf("%s: %s", tt.around, err)
		}
		switch {
		case tt.want == "" && h != nil:
			t.Errorf("%s: %v", tt.around, h)
		case tt.want != "" && (h == nil || !strings.Contains(h.Contents.Value, tt.want)):
			t.Errorf("%s: %v, want %s", tt.around, h, tt.want)
		}
	}
}

func TestDefinition(t *testing.T) {
	e := open(t)
	for _, tt := range []struct {
		file, text, around, where string
		line                      int
	}{
		{"extensions.conf", planText, "include => com|mon", "extensions.conf", 8},
		{"extensions.conf", planText, "Goto(com|mon,9", "extensions.conf", 8},
		{"extensions.conf", planText, "Goto(common,9|,1", "extensions.conf", 9},
		{"extensions.conf", planText, "Dial(SIP/10|1,20", "sip.conf", 2},
		{"sip.conf", sipText, "context=pho|nes", "extensions.conf", 1},
	} {
		var l *location
		if err := e.ask("textDocument/definition", e.at(tt.file, tt.text, tt.around), &l); err != "" || l == nil {
			t.Errorf("%s: %v %s", tt.around, l, err)
			continue
		}
		if filepath.Base(l.URI) != tt.where || l.Range.Start.Line != tt.line {
			t.Errorf("%s: %+v", tt.around, l)
		}
	}
}

func TestCompletion(t *testing.T) {
	e := open(t)
	uri := uriOf(filepath.Join(e.dir, "extensions.conf"))
	for _, tt := range []struct{ typed, want string }{
		{"exten => 7,1,Pla|", "Playback"},
		{" same => n,|", "Dial"},
		{"exten => 7,1,NoOp(${CALLER|", "CALLERID"},
		{"exten => 7,1,NoOp(${EXT|", "EXTEN"},
		{"exten => 7,1,Dial(SIP/|", "101"},
		{"include => |", "common"},
		{"exten => 7,1,Goto(pho|", "phones"},
		{"ignor|", "ignorepat"},
	} {
		text := planText + strings.Replace(tt.typed, "|", "", 1) + "\n"
		e.tell("textDocument/didOpen", map[string]any{"textDocument": document{uri, text}})
		var got []completion
		e.ask("textDocument/completion", e.at("extensions.conf", text, tt.typed), &got)
		found := false
		for _, c := range got {
			found = found || c.Label == tt.want
		}
		if !found {
			t.Errorf("%s: %d offers, none is %s", tt.typed, len(got), tt.want)
		}
	}
	var got []completion
	sip := sipText + "quali\n"
	e.tell("textDocument/didOpen", map[string]any{"textDocument": document{uriOf(filepath.Join(e.dir, "sip.conf")), sip}})
	e.ask("textDocument/completion", e.at("sip.conf", sip, "quali|"), &got)
	if len(got) < 2 || !strings.HasPrefix(got[0].Label, "qualify") {
		t.Errorf("sip.conf: %+v", got)
	}
}

func TestSymbolsAndLayout(t *testing.T) {
	e := open(t)
	uri := uriOf(filepath.Join(e.dir, "extensions.conf"))
	var symbols []symbol
	e.ask("textDocument/documentSymbol", map[string]any{"textDocument": document{URI: uri}}, &symbols)
	if len(symbols) != 3 || symbols[1].Name != "[phones]" || len(symbols[1].Children) != 2 || symbols[1].Children[0].Name != "_1XX" {
		t.Errorf("%+v", symbols)
	}
	e.tell("textDocument/didOpen", map[string]any{"textDocument": document{uri, "[a]\nexten=>1,1,NoOp()\nexten=>1,2,Hangup()\n"}})
	var edits []edit
	e.ask("textDocument/formatting", map[string]any{"textDocument": document{URI: uri}}, &edits)
	if len(edits) != 1 || edits[0].NewText != "[a]\nexten => 1,1,NoOp()\n same => 2,Hangup()\n" {
		t.Errorf("%+v", edits)
	}
}

func TestMistakesOfTheEditor(t *testing.T) {
	e := open(t)
	if got := e.ask("textDocument/nonsense", nil, nil); got != "there is no textDocument/nonsense" {
		t.Error(got)
	}
	if got := e.ask("textDocument/hover", []int{1}, nil); !strings.Contains(got, "cannot unmarshal") {
		t.Error(got)
	}
	// A place that is not there is answered with nothing.
	var h *hover
	e.ask("textDocument/hover", map[string]any{"textDocument": document{URI: "file:///none"}, "position": position{99, 99}}, &h)
	if h != nil {
		t.Error(h)
	}
}

func FuzzServer(f *testing.F) {
	f.Add([]byte("Content-Length: 17\r\n\r\n{\"method\":\"exit\"}"))
	f.Add([]byte("Content-Length: 2\r\n\r\n{}Content-Length: 1\r\n\r\n{"))
	f.Fuzz(func(_ *testing.T, b []byte) {
		// Whatever is sent, it ends.
		_ = New(strings.NewReader(string(b)), io.Discard, server.Options{}).Run()
	})
}
