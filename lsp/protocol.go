package lsp

// The shapes of the protocol that are used here. Lines and characters count from
// 0; characters are UTF-16 code units.

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type span struct {
	Start position `json:"start"`
	End   position `json:"end"`
}

type location struct {
	URI   string `json:"uri"`
	Range span   `json:"range"`
}

type diagnostic struct {
	Range    span   `json:"range"`
	Severity int    `json:"severity"`
	Code     string `json:"code"`
	Source   string `json:"source"`
	Message  string `json:"message"`
}

type publishParams struct {
	URI         string       `json:"uri"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

type document struct {
	URI  string `json:"uri"`
	Text string `json:"text"`
}

type documentParams struct {
	TextDocument   document `json:"textDocument"`
	ContentChanges []struct {
		Text string `json:"text"`
	} `json:"contentChanges"`
	Position position `json:"position"`
}

type markup struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

type hover struct {
	Contents markup `json:"contents"`
}

type completion struct {
	Label         string  `json:"label"`
	Kind          int     `json:"kind"`
	Detail        string  `json:"detail,omitempty"`
	Documentation *markup `json:"documentation,omitempty"`
}

// The kinds of completion that are used.
const (
	kindFunction  = 3
	kindVariable  = 6
	kindModule    = 9
	kindProperty  = 10
	kindReference = 18
)

type symbol struct {
	Name           string   `json:"name"`
	Kind           int      `json:"kind"`
	Range          span     `json:"range"`
	SelectionRange span     `json:"selectionRange"`
	Children       []symbol `json:"children,omitempty"`
}

type edit struct {
	Range   span   `json:"range"`
	NewText string `json:"newText"`
}

type initializeParams struct {
	RootURI  string `json:"rootUri"`
	RootPath string `json:"rootPath"`
}

// capabilities are what initialize answers.
var capabilities = map[string]any{
	"capabilities": map[string]any{
		"textDocumentSync":           map[string]any{"openClose": true, "change": 1, "save": true},
		"hoverProvider":              true,
		"definitionProvider":         true,
		"documentSymbolProvider":     true,
		"documentFormattingProvider": true,
		"completionProvider":         map[string]any{"triggerCharacters": []string{",", "(", "{", "/", "=", ">", "@", "&", " "}},
	},
	"serverInfo": map[string]any{"name": "pbx"},
}
