package lsp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf16"

	"pbx/config"
	"pbx/dialplan/layout"
	"pbx/server"
)

// Server answers one editor.
type Server struct {
	conn    *conn
	options server.Options
	files   map[string][]byte // that are open, by path
	said    map[string]bool   // files that have diagnostics, by URI
	a       *server.Analysis
	ready   bool
}

// New makes a server. The configuration directory of o is the editor's folder if it
// is "".
func New(in io.Reader, out io.Writer, o server.Options) *Server {
	return &Server{conn: newConn(in, out), options: o, files: make(map[string][]byte), said: make(map[string]bool)}
}

// Run answers until the editor says exit or ends the stream.
func (s *Server) Run() error {
	for {
		r, err := s.conn.read()
		var bad *rpcError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &bad):
			if err := s.conn.answer(nil, nil, bad); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case r.Method == "exit":
			return nil
		}
		result, err := s.handle(r)
		if r.ID == nil {
			if err != nil && !errors.As(err, &bad) {
				return err // the editor is gone
			}
			continue
		}
		if err := s.conn.answer(r.ID, result, err); err != nil {
			return err
		}
	}
}

// handle does what a message asks. What the editor sent wrong is an *rpcError.
func (s *Server) handle(r *request) (any, error) {
	if r.Method == "initialize" {
		return s.initialize(r.Params)
	}
	if !s.ready && r.Method != "shutdown" {
		return nil, &rpcError{codeNotReady, "initialize comes first"}
	}
	var p documentParams
	if len(r.Params) > 0 {
		if err := json.Unmarshal(r.Params, &p); err != nil {
			return nil, &rpcError{codeInvalid, err.Error()}
		}
	}
	path := pathOf(p.TextDocument.URI)
	switch r.Method {
	case "initialized":
		return nil, s.check()
	case "shutdown":
		return nil, nil
	case "textDocument/didOpen":
		s.files[path] = []byte(p.TextDocument.Text)
		return nil, s.check()
	case "textDocument/didChange":
		if n := len(p.ContentChanges); n > 0 {
			s.files[path] = []byte(p.ContentChanges[n-1].Text)
		}
		return nil, s.check()
	case "textDocument/didSave":
		return nil, s.check()
	case "textDocument/didClose":
		delete(s.files, path)
		return nil, s.check()
	case "textDocument/hover":
		return s.hover(path, p.Position), nil
	case "textDocument/definition":
		return s.definition(path, p.Position), nil
	case "textDocument/completion":
		return s.complete(path, p.Position), nil
	case "textDocument/documentSymbol":
		return s.symbols(path), nil
	case "textDocument/formatting":
		return s.format(path)
	}
	if r.ID == nil {
		return nil, nil // a notification that is not known is left out
	}
	return nil, &rpcError{codeUnknown, "there is no " + r.Method}
}

func (s *Server) initialize(params json.RawMessage) (any, error) {
	var p initializeParams
	if err := json.Unmarshal(params, &p); err != nil {
		return nil, &rpcError{codeInvalid, err.Error()}
	}
	if s.options.ConfigDir == "" {
		if s.options.ConfigDir = pathOf(p.RootURI); s.options.ConfigDir == "" {
			s.options.ConfigDir = p.RootPath
		}
		if s.options.ConfigDir == "" {
			return nil, &rpcError{codeInvalid, "no folder is open, and none was named with --config"}
		}
	}
	s.ready = true
	return capabilities, nil
}

// check reads the configuration and says what was found.
func (s *Server) check() error {
	o := s.options
	o.Overlay = s.files
	s.a = server.Analyse(o)
	byFile := make(map[string][]diagnostic)
	for _, f := range s.a.Findings {
		path := f.Pos.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(o.ConfigDir, path)
		}
		uri := uriOf(path)
		byFile[uri] = append(byFile[uri], s.diagnose(path, f))
	}
	for uri := range s.said {
		if byFile[uri] == nil {
			byFile[uri] = []diagnostic{} // nothing any more
		}
	}
	uris := make([]string, 0, len(byFile))
	for uri := range byFile {
		uris = append(uris, uri)
	}
	slices.Sort(uris)
	for _, uri := range uris {
		if err := s.conn.notify("textDocument/publishDiagnostics", publishParams{uri, byFile[uri]}); err != nil {
			return err
		}
		s.said[uri] = len(byFile[uri]) > 0
		if !s.said[uri] {
			delete(s.said, uri)
		}
	}
	return nil
}

func (s *Server) diagnose(path string, f config.Finding) diagnostic {
	severity := map[config.Severity]int{config.Error: 1, config.Warning: 2, config.Note: 3}[f.Severity]
	line := max(f.Pos.Line-1, 0)
	text := s.line(path, line)
	start := len(text) - len(strings.TrimLeft(text, " \t"))
	if f.Column > 0 && f.Column-1 <= len(text) {
		start = f.Column - 1
	}
	message := f.Message
	if f.Hint != "" {
		message += "; " + f.Hint
	}
	return diagnostic{
		Range:    span{position{line, units(text[:start])}, position{line, units(strings.TrimRight(text, "\r"))}},
		Severity: severity, Code: f.Rule, Source: "pbx", Message: message,
	}
}

// format lays a file out.
func (s *Server) format(path string) (any, error) {
	text, err := s.text(path)
	if err != nil {
		return nil, err
	}
	if !isPlan(path) {
		return []edit{}, nil
	}
	laid, err := layout.Format(filepath.Base(path), text)
	if err != nil {
		return nil, err
	}
	lines := strings.Count(string(text), "\n")
	return []edit{{span{End: position{lines + 1, 0}}, string(laid)}}, nil
}

// isPlan reports whether a file is of the language of extensions.conf.
func isPlan(path string) bool {
	return strings.HasPrefix(filepath.Base(path), "extensions") && strings.HasSuffix(path, ".conf")
}

// units counts UTF-16 code units, and column is the byte that they lead to.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

func column(s string, n int) int {
	for i, r := range s {
		if n <= 0 {
			return i
		}
		n -= utf16.RuneLen(r)
	}
	return len(s)
}

func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return ""
	}
	return filepath.Clean(u.Path)
}

func uriOf(path string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	return u.String()
}

var errNoFile = fmt.Errorf("the file is neither open nor there")
