package funcs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func jsonFunctions() []channel.Function {
	return []channel.Function{{
		Name: "JSON_DECODE", Synopsis: "A value out of a JSON text",
		Help: "The item is a path of names and, in arrays, of numbers from 0. Truth is 1 or 0, null and what is not there nothing, an object or array its JSON text; with c in the options, how many elements an array has. What the path says below a value that is neither object nor array is not looked at.",
		Args: []decl.Arg{
			variable("a variable that holds the text"), arg("item", "where to look"),
			optional("separator", "the character that divides the path, a dot by default"), optional("options", "c: count the elements of an array"),
		},
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			if a.Arg(0) == "" || a.Arg(1) == "" {
				return "", errors.New("syntax: JSON_DECODE(varname,item[,separator[,options]])")
			}
			separator := a.Arg(2)
			if len(separator) != 1 {
				separator = "."
			}
			v, err := pickJSON(value(t, a, a.Arg(0)), a.Arg(1), separator)
			if err != nil {
				return "", err
			}
			return v.text(strings.Contains(a.Arg(3), "c"))
		},
	}}
}

// jsonValue is a part of a JSON text, nil where there is none.
type jsonValue json.RawMessage

// pickJSON follows a path into a text.
func pickJSON(text, path, separator string) (jsonValue, error) {
	if !json.Valid([]byte(text)) {
		return nil, errors.New("the text is not JSON")
	}
	v := jsonValue(text)
	if kind := v.kind(); kind != '{' && kind != '[' {
		return nil, nil
	}
	for name := range strings.SplitSeq(path, separator) {
		var object map[string]json.RawMessage
		var array []json.RawMessage
		switch v.kind() {
		case '{':
			if err := json.Unmarshal(v, &object); err != nil {
				return nil, err
			}
			v = jsonValue(object[name])
		case '[':
			if err := json.Unmarshal(v, &array); err != nil {
				return nil, err
			}
			n, err := strconv.Atoi(name)
			if err != nil || n < 0 || n >= len(array) {
				return nil, nil
			}
			v = jsonValue(array[n])
		default:
			return v, nil
		}
	}
	return v, nil
}

// kind is the first character: {, [, ", t, f, n or that of a number; 0 for nothing.
func (v jsonValue) kind() byte {
	if b := bytes.TrimSpace(v); len(b) > 0 {
		return b[0]
	}
	return 0
}

// text is the value as the dialplan sees it.
func (v jsonValue) text(count bool) (string, error) {
	switch v.kind() {
	case 0, 'n':
		return "", nil
	case 't':
		return "1", nil
	case 'f':
		return "0", nil
	case '"':
		var s string
		err := json.Unmarshal(v, &s)
		return s, err
	case '{', '[':
		if count && v.kind() == '[' {
			var array []json.RawMessage
			err := json.Unmarshal(v, &array)
			return strconv.Itoa(len(array)), err
		}
		b, err := v.dump()
		return string(b), err
	}
	return v.number()
}

// number is a number as 17 digits tell it.
func (v jsonValue) number() (string, error) {
	number := string(bytes.TrimSpace(v))
	if strings.ContainsAny(number, ".eE") {
		f, err := strconv.ParseFloat(number, 64)
		return strconv.FormatFloat(f, 'g', 17, 64), err
	}
	return number, nil
}

// dump is the value as JSON text without blanks, its strings and numbers written anew:
// an escape that JSON does not ask for is gone, and a number with a point keeps one.
func (v jsonValue) dump() ([]byte, error) {
	in := json.NewDecoder(bytes.NewReader(v))
	in.UseNumber()
	type bracket struct {
		object bool
		count  int // of what stands in it, names and values each
	}
	var dst []byte
	var open []bracket
	for {
		token, err := in.Token()
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return nil, err
		}
		delim, _ := token.(json.Delim)
		if delim == ']' || delim == '}' {
			dst, open = append(dst, byte(delim)), open[:len(open)-1]
			continue
		}
		if n := len(open); n > 0 {
			switch in := &open[n-1]; {
			case in.object && in.count%2 == 1:
				dst = append(dst, ':')
			case in.count > 0:
				dst = append(dst, ',')
			}
			open[n-1].count++
		}
		switch t := token.(type) {
		case json.Delim:
			dst, open = append(dst, byte(t)), append(open, bracket{object: t == '{'})
		case string:
			dst = appendJSON(dst, t)
		case json.Number:
			number, err := jsonValue(t).number()
			if err != nil {
				return nil, err
			}
			if strings.ContainsAny(t.String(), ".eE") && !strings.ContainsAny(number, ".e") {
				number += ".0"
			}
			dst = append(dst, strings.Replace(number, "e+", "e", 1)...)
		default:
			if t == nil {
				t = "null"
			}
			dst = fmt.Append(dst, t)
		}
	}
}

// appendJSON appends a string with what has to be escaped.
func appendJSON(dst []byte, s string) []byte {
	const escaped = "\"\\\b\f\n\r\t"
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch at := strings.IndexByte(escaped, s[i]); {
		case at >= 0:
			dst = append(dst, '\\', "\"\\bfnrt"[at])
		case s[i] < ' ':
			dst = fmt.Appendf(dst, "\\u%04X", s[i])
		default:
			dst = append(dst, s[i])
		}
	}
	return append(dst, '"')
}
