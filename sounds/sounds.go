// Package sounds holds the exchange's own prompts: English, raw µ-law at 8 kHz,
// under the names of the field's core set. It owns no state; make.sh speaks the
// files from prompts.txt.
package sounds

import (
	"embed"
	"io/fs"
)

//go:embed en
var files embed.FS

// FS returns the prompts as a tree of language, name and form, for example
// "en/digits/1.ulaw".
func FS() fs.FS { return files }
