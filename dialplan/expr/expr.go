package expr

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// Evaluator evaluates expressions for one goroutine.
type Evaluator struct {
	// Call reads a dialplan function by its name in capital letters; ok is
	// false when there is none that can be read. nil means no functions.
	Call func(name, args string) (result string, ok bool)
	// Warn takes what the field warns about: a syntax error with its place,
	// text where a number should be, a division by zero. nil drops it.
	Warn func(message string)
	// Cache keeps compiled regular expressions; nil compiles each time.
	Cache *Cache

	lex    lexer
	failed bool
	depth  int
}

// maxDepth bounds the nesting of one expression.
const maxDepth = 1000

// Eval appends the value of the expression text to dst. numeric tells that it is
// a number that was computed rather than a part of the text. text and dst must
// not overlap.
//
// A text that is wrong at its first token is empty, a complete expression before
// the wrong token has its value, and one that is not complete is 0
// (golden/corrections.md, row 5).
func (e *Evaluator) Eval(dst, text []byte) (result []byte, numeric bool) {
	saved, failed, depth := e.lex, e.failed, e.depth // a function may evaluate another
	defer func() { e.lex, e.failed, e.depth = saved, failed, depth }()
	e.lex, e.failed = lexer{text: text}, false
	e.lex.next()
	switch e.lex.tok {
	case word, opOpen, opMinus, opNot:
	case end:
		return dst, false
	default:
		e.syntaxError()
		return dst, false
	}
	v := e.expr(0)
	if e.failed {
		return append(dst, '0'), true
	}
	if e.lex.tok != end {
		e.syntaxError()
	}
	return v.append(dst), v.kind == isNumber
}

func (e *Evaluator) warn(format string, args ...any) {
	if e.Warn != nil {
		e.Warn(fmt.Sprintf(format, args...))
	}
}

func (e *Evaluator) syntaxError() {
	if e.Warn != nil {
		e.Warn(fmt.Sprintf("syntax error: unexpected %s; Input:\n%s\n%s^", e.lex.tok, e.lex.text, strings.Repeat(" ", e.lex.at)))
	}
}

// fail ends the evaluation at the token that cannot stand where it does.
func (e *Evaluator) fail() value {
	if !e.failed {
		e.syntaxError()
		e.failed = true
	}
	return value{}
}

// binding is how strongly a binary operator holds its operands.
func binding(t token) int {
	switch t {
	case opCond:
		return 1
	case opOr:
		return 2
	case opAnd:
		return 3
	case opEq, opNe, opLt, opGt, opLe, opGe:
		return 4
	case opPlus, opMinus:
		return 5
	case opMul, opDiv, opMod:
		return 6
	case opColon, opMatch, opJoin:
		return 8
	}
	return 0
}

const unaryBinding = 7

// expr reads operands joined by operators that bind more strongly than above.
func (e *Evaluator) expr(above int) value {
	if e.depth++; e.depth > maxDepth {
		return e.fail()
	}
	defer func() { e.depth-- }()
	left := e.operand()
	for !e.failed {
		op := e.lex.tok
		strength := binding(op)
		if strength == 0 || strength <= above {
			break
		}
		e.lex.next()
		if op == opCond {
			then := e.expr(0)
			if e.failed {
				break
			}
			if e.lex.tok != opElse {
				return e.fail()
			}
			e.lex.next()
			otherwise := e.expr(1)
			if left.chosen() {
				left = then
			} else {
				left = otherwise
			}
			continue
		}
		right := e.expr(strength)
		if e.failed {
			break
		}
		left = e.binary(op, left, right)
	}
	return left
}

func (e *Evaluator) operand() value {
	switch e.lex.tok {
	case word:
		v := e.lex.val
		e.lex.next()
		if e.lex.tok == opOpen {
			return e.function(v)
		}
		return v
	case opOpen:
		e.lex.next()
		v := e.expr(0)
		if e.failed {
			return v
		}
		if e.lex.tok != opClose {
			return e.fail()
		}
		e.lex.next()
		return v
	case opMinus:
		e.lex.next()
		v := e.expr(unaryBinding - 1)
		if e.failed {
			return v
		}
		n, ok := v.number()
		if !ok {
			e.warn("non-numeric argument")
			return numeric(integer(0))
		}
		return numeric(n.neg())
	case opNot:
		e.lex.next()
		v := e.expr(unaryBinding - 1)
		if e.failed {
			return v
		}
		return numeric(v.not())
	}
	return e.fail()
}

// function reads the arguments of name, which stands before "(", and calls it.
func (e *Evaluator) function(name value) value {
	e.lex.next()
	var args []value
	for {
		if len(args) > 0 && (e.lex.tok == opComma || e.lex.tok == opClose) {
			args = append(args, value{kind: isString}) // nothing between two commas
		} else {
			args = append(args, e.expr(0))
		}
		if e.failed {
			return value{}
		}
		if e.lex.tok != opComma {
			break
		}
		e.lex.next()
	}
	if e.lex.tok != opClose {
		return e.fail()
	}
	e.lex.next()
	return e.call(string(name.bytes()), args)
}

func (e *Evaluator) call(name string, args []value) value {
	if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" {
		e.warn("'%s' is not possibly a function name", name)
		return numeric(integer(0))
	}
	if f, ok := mathFunctions[name]; ok {
		if len(args) != f.args {
			e.warn("wrong arguments to %s()", name)
			return numeric(integer(0))
		}
		x, _ := args[0].number()
		var y number
		if f.args == 2 {
			y, _ = args[1].number()
		}
		return numeric(f.compute(x, y))
	}
	var buf []byte
	for i, a := range args {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = a.append(buf)
	}
	if e.Call != nil {
		if r, ok := e.Call(name, string(buf)); ok {
			if strings.Trim(r, "-0123456789. \t") == "" {
				return numeric(parseNumber([]byte(r)))
			}
			return text([]byte(r))
		}
	}
	e.warn("'%s' doesn't appear to be an available function", name)
	return numeric(integer(0))
}

func (e *Evaluator) binary(op token, a, b value) value {
	switch op {
	case opOr:
		if a.empty() {
			return b
		}
		return a.asked()
	case opAnd:
		if a.empty() || b.empty() {
			return numeric(integer(0))
		}
		return a.asked()
	case opEq, opNe, opLt, opGt, opLe, opGe:
		c, ordered := compare(a, b)
		if !ordered {
			return numeric(boolean(op == opNe))
		}
		switch op {
		case opEq:
			return numeric(boolean(c == 0))
		case opNe:
			return numeric(boolean(c != 0))
		case opLt:
			return numeric(boolean(c < 0))
		case opGt:
			return numeric(boolean(c > 0))
		case opLe:
			return numeric(boolean(c <= 0))
		}
		return numeric(boolean(c >= 0))
	case opColon:
		return e.match(a, b, true)
	case opMatch:
		return e.match(a, b, false)
	case opJoin:
		x, y := a.unquoted(), b.unquoted()
		joined := make([]byte, 0, len(x)+len(y))
		return text(append(append(joined, x...), y...))
	}
	return numeric(e.arithmetic(op, a, b))
}

func (e *Evaluator) arithmetic(op token, a, b value) number {
	x, xok := a.number()
	y, yok := b.number()
	if !xok || !yok {
		e.warn("non-numeric argument")
		switch {
		case op == opPlus && xok, op == opMinus && xok:
			return x
		case op == opPlus && yok:
			return y
		case op == opMinus && yok:
			return integer(0).sub(y)
		case op == opDiv && xok:
			return integer(math.MaxInt32)
		}
		return integer(0)
	}
	switch op {
	case opPlus:
		return x.add(y)
	case opMinus:
		return x.sub(y)
	case opMul:
		return x.mul(y)
	}
	if y.isZero() {
		e.warn("division by zero")
		if op == opDiv {
			return integer(math.MaxInt32)
		}
		return y
	}
	if op == opDiv {
		return x.div(y)
	}
	return x.mod(y)
}

// match is a : b, which must match from the first character on, and a =~ b. The
// value is the first group when there is one, else the length of the match.
func (e *Evaluator) match(a, b value, anchored bool) value {
	s, pattern := a.unquoted(), b.unquoted()
	re, err := e.Cache.Compile(Widen(string(pattern)))
	if err != nil {
		e.warn("regcomp() error : %v", err)
		return value{kind: isString}
	}
	wide := Widen(string(s))
	m := re.FindStringSubmatchIndex(wide)
	if len(wide) != len(s) {
		for i, at := range m {
			if at >= 0 {
				m[i] = utf8.RuneCountInString(wide[:at])
			}
		}
	}
	if m == nil || anchored && m[0] != 0 {
		if re.NumSubexp() == 0 {
			return numeric(integer(0))
		}
		return value{kind: isString}
	}
	if len(m) > 2 && m[2] >= 0 {
		return text(s[m[2]:m[3]])
	}
	return numeric(integer(int64(m[1] - m[0])))
}
