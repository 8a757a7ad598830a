package dialplan

import (
	"bytes"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan/expr"
)

// source is where substitution finds values.
type source interface {
	// variable returns a variable; known is its number when it is a built-in.
	variable(name string, known builtin) channel.Value
	// function calls a dialplan function.
	function(name, args string, taint []decl.Span) (channel.Value, bool)
	// warn takes what the field warns about.
	warn(message string)
}

// maxExpansion bounds the result of one substitution, as in the field's buffers;
// values that double at every step end here.
const maxExpansion = 8191

// maxExpandDepth bounds functions that substitute their own result again.
const maxExpandDepth = 40

// expander substitutes for one goroutine. Its buffer holds the results that are
// being built, the innermost last.
type expander struct {
	src   source
	buf   []byte
	taint []decl.Span // of buf
	out   []byte      // result of an expression
	eval  expr.Evaluator
	depth int
}

func newExpander(src source, cache *expr.Cache) *expander {
	x := &expander{src: src}
	x.eval.Cache = cache
	x.eval.Warn = src.warn
	x.eval.Call = func(name, args string) (string, bool) {
		v, ok := src.function(name, args, nil)
		return v.S, ok
	}
	return x
}

// expand substitutes a whole text.
func (x *expander) expand(t *template) channel.Value {
	if t.parts == nil {
		return channel.Value{S: t.raw}
	}
	if len(t.parts) == 1 {
		switch p := &t.parts[0]; p.kind {
		case variablePart:
			return p.cut.apply(x.src.variable(p.text, p.known))
		case functionPart:
			v, _ := x.src.function(p.text, p.args, nil)
			return p.cut.apply(v)
		}
	}
	if x.depth >= maxExpandDepth {
		x.src.warn("substitution goes round in circles, given up")
		return channel.Value{}
	}
	x.depth++
	mark, tainted := len(x.buf), len(x.taint)
	x.append(t)
	if len(x.buf)-mark > maxExpansion {
		x.src.warn("substitution is longer than 8191 characters, cut off")
		x.buf = x.buf[:mark+maxExpansion]
	}
	v := channel.Value{S: string(x.buf[mark:]), Taint: x.spans(tainted, mark, len(x.buf))}
	x.buf, x.taint = x.buf[:mark], x.taint[:tainted]
	x.depth--
	return v
}

// spans copies the taint from index i on that lies within buf[start:end],
// relative to start.
func (x *expander) spans(i, start, end int) []decl.Span {
	for i < len(x.taint) && x.taint[i].End <= start {
		i++
	}
	n := len(x.taint)
	for n > i && x.taint[n-1].Start >= end {
		n--
	}
	switch spans := x.taint[i:n]; {
	case len(spans) == 0 || start == end:
		return nil
	case len(spans) == 1:
		return decl.Part(max(spans[0].Start-start, 0), min(spans[0].End, end)-start)
	default:
		out := make([]decl.Span, len(spans))
		for k, s := range spans {
			out[k] = decl.Span{Start: max(s.Start-start, 0), End: min(s.End, end) - start}
		}
		return out
	}
}

func (x *expander) append(t *template) {
	if t.parts == nil {
		x.buf = append(x.buf, t.raw...)
		return
	}
	base := len(x.buf)
	for i := range t.parts {
		if len(x.buf)-base > maxExpansion {
			return
		}
		switch p := &t.parts[i]; p.kind {
		case literalPart:
			x.buf = append(x.buf, p.text...)
		case variablePart:
			x.value(x.src.variable(p.text, p.known), p.cut)
		case functionPart:
			if v, ok := x.src.function(p.text, p.args, nil); ok {
				x.value(v, p.cut)
			}
		case referencePart:
			x.reference(p)
		case expressionPart:
			x.expression(p.inner)
		}
	}
}

func (x *expander) value(v channel.Value, c cut) {
	start, end := c.bounds(len(v.S))
	for _, s := range v.Taint {
		s.Start, s.End = max(s.Start, start)-start+len(x.buf), min(s.End, end)-start+len(x.buf)
		if s.Start < s.End {
			x.taint = append(x.taint, s)
		}
	}
	x.buf = append(x.buf, v.S[start:end]...)
}

func (x *expander) reference(p *part) {
	mark, tainted := len(x.buf), len(x.taint)
	x.append(p.inner)
	name, args, function, c := reference(x.buf[mark:])
	var v channel.Value
	ok := true
	if function {
		var spans []decl.Span
		if tainted < len(x.taint) {
			// The arguments begin after the name and its parenthesis.
			start := mark + min(len(name)+1, len(x.buf)-mark)
			spans = x.spans(tainted, start, start+len(args))
		}
		n := p.text
		if n != string(name) {
			n = string(name)
		}
		a := string(args)
		x.buf, x.taint = x.buf[:mark], x.taint[:tainted]
		v, ok = x.src.function(n, a, spans)
	} else {
		n := string(name)
		x.buf, x.taint = x.buf[:mark], x.taint[:tainted]
		v = x.src.variable(n, builtins[n])
	}
	if ok {
		x.value(v, c)
	}
}

// expression evaluates. A number that was computed is the exchange's own; text
// that was handed on keeps its origin, part by part where it is the whole of what
// was written.
func (x *expander) expression(inner *template) {
	mark, tainted := len(x.buf), len(x.taint)
	x.append(inner)
	result, numeric := x.eval.Eval(x.out[:0], x.buf[mark:])
	x.out = result
	dirty := !numeric && tainted < len(x.taint) && len(result) > 0
	if dirty && bytes.Equal(x.buf[mark:], result) {
		return
	}
	x.buf, x.taint = append(x.buf[:mark], result...), x.taint[:tainted]
	if dirty {
		x.taint = append(x.taint, decl.Span{Start: mark, End: len(x.buf)})
	}
}
