package funcs

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"

	"pbx/channel"
	"pbx/decl"
)

func iconvFunctions() []channel.Function {
	return []channel.Function{{
		Name: "ICONV", Synopsis: "A text in another character set",
		Help: "The sets have the names of the IANA: UTF-8, ISO-8859-1, windows-1252 … A character that the new set does not have makes it an error; with //IGNORE behind the name of the set it is left out, with //TRANSLIT it is a question mark.",
		Args: []decl.Arg{arg("in-charset", "the set that the text is in"), arg("out-charset", "the set that is wanted"), arg("string", "the text")},
		Read: func(_ channel.Thread, a *decl.Args) (string, error) { return iconv(a.Arg(0), a.Arg(1), a.Arg(2)) },
	}}
}

func iconv(from, to, text string) (string, error) {
	to, mode, _ := strings.Cut(to, "//")
	from, _, _ = strings.Cut(from, "//")
	in, err := charset(from)
	if err != nil {
		return "", err
	}
	out, err := charset(to)
	if err != nil {
		return "", err
	}
	text, err = in.NewDecoder().String(text)
	if err != nil {
		return "", fmt.Errorf("the text is not %s: %w", from, err)
	}
	encoder := out.NewEncoder()
	if mode == "" {
		s, err := encoder.String(text)
		if err != nil {
			return "", fmt.Errorf("%s does not have all of it: %w", to, err)
		}
		return s, nil
	}
	var b strings.Builder
	for _, r := range text {
		s, err := encoder.String(string(r))
		switch {
		case err == nil:
			b.WriteString(s)
		case strings.EqualFold(mode, "TRANSLIT"):
			b.WriteByte('?')
		}
		encoder.Reset()
	}
	return b.String(), nil
}

func charset(name string) (encoding.Encoding, error) {
	e, err := ianaindex.IANA.Encoding(strings.TrimSpace(name))
	if err != nil || e == nil {
		return nil, fmt.Errorf("there is no character set '%s'", name)
	}
	return e, nil
}
