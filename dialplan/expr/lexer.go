package expr

type token uint8

const (
	end token = iota
	word
	opCond
	opElse // ::
	opOr
	opAnd
	opEq
	opNe
	opLt
	opGt
	opLe
	opGe
	opPlus
	opMinus
	opMul
	opDiv
	opMod
	opNot
	opColon // :
	opMatch // =~
	opJoin  // ~~
	opComma
	opOpen
	opClose
)

var tokenNames = [...]string{
	"$end", "<token>", "'?'", "'::'", "'|'", "'&'", "'='", "'!='", "'<'", "'>'", "'<='", "'>='",
	"'+'", "'-'", "'*'", "'/'", "'%'", "'!'", "':'", "'=~'", "'~~'", "','", "')'", "'('",
}

func (t token) String() string {
	switch t {
	case opOpen:
		return "'('"
	case opClose:
		return "')'"
	}
	return tokenNames[t]
}

type lexer struct {
	text []byte
	pos  int
	at   int // where the token begins
	tok  token
	val  value // of a word
}

// wordChar tells what may stand in a word; '$' does together with the character
// after it.
func wordChar(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= 0x80:
		return true
	}
	switch c {
	case '.', '\'', ';', '\\', '_', '^', '#', '@':
		return true
	}
	return false
}

// next reads one token. Characters that belong to none are passed over.
func (l *lexer) next() {
	for ; l.pos < len(l.text); l.pos++ {
		c := l.text[l.pos]
		l.at = l.pos
		switch c {
		case '"':
			for i := l.pos + 1; i < len(l.text); i++ {
				if l.text[i] == '"' {
					l.tok, l.val = word, value{kind: isString, s: l.text[l.pos : i+1]}
					l.pos = i + 1
					return
				}
			}
			continue
		case '|':
			l.op(opOr, '|', opOr)
			return
		case '&':
			l.op(opAnd, '&', opAnd)
			return
		case '=':
			if l.peek() == '~' {
				l.tok, l.pos = opMatch, l.pos+2
				return
			}
			l.op(opEq, '=', opEq)
			return
		case '~':
			if l.peek() == '~' {
				l.tok, l.pos = opJoin, l.pos+2
				return
			}
			continue
		case '<':
			l.op(opLt, '=', opLe)
			return
		case '>':
			l.op(opGt, '=', opGe)
			return
		case '!':
			l.op(opNot, '=', opNe)
			return
		case ':':
			l.op(opColon, ':', opElse)
			return
		case '+':
			l.tok, l.pos = opPlus, l.pos+1
			return
		case '-':
			l.tok, l.pos = opMinus, l.pos+1
			return
		case '*':
			l.tok, l.pos = opMul, l.pos+1
			return
		case '/':
			l.tok, l.pos = opDiv, l.pos+1
			return
		case '%':
			l.tok, l.pos = opMod, l.pos+1
			return
		case '?':
			l.tok, l.pos = opCond, l.pos+1
			return
		case ',':
			l.tok, l.pos = opComma, l.pos+1
			return
		case '(':
			l.tok, l.pos = opOpen, l.pos+1
			return
		case ')':
			l.tok, l.pos = opClose, l.pos+1
			return
		case '$':
			if l.pos+1 >= len(l.text) {
				continue
			}
			l.word()
			return
		}
		if wordChar(c) {
			l.word()
			return
		}
	}
	l.tok, l.at, l.val = end, len(l.text), value{}
}

func (l *lexer) peek() byte {
	if l.pos+1 < len(l.text) {
		return l.text[l.pos+1]
	}
	return 0
}

func (l *lexer) op(one token, second byte, two token) {
	if l.peek() == second {
		l.tok, l.pos = two, l.pos+2
		return
	}
	l.tok, l.pos = one, l.pos+1
}

// word reads a word or a number. "${" in it, left by a value that held one, is
// taken with its braces and what follows as one word.
func (l *lexer) word() {
	start, digits, points := l.pos, true, 0
	i := start
	for i < len(l.text) {
		c := l.text[i]
		if c == '$' && i+1 < len(l.text) {
			if l.text[i+1] != '{' {
				i, digits = i+2, false
				continue
			}
			l.pos, l.tok = l.reference(i), word
			l.val = value{kind: isString, s: l.text[start:l.pos]}
			return
		}
		if !wordChar(c) {
			break
		}
		if c == '.' {
			if points++; i == start || i+1 >= len(l.text) || l.text[i+1] < '0' || l.text[i+1] > '9' {
				digits = false
			}
		} else if c < '0' || c > '9' {
			digits = false
		}
		i++
	}
	l.pos, l.tok = i, word
	l.val = value{kind: isString, s: l.text[start:i]}
	if digits && points <= 1 {
		l.val.kind = isNumericString
	}
}

func (l *lexer) reference(i int) int {
	depth := 0
	for ; i < len(l.text); i++ {
		switch l.text[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '-', '\t', '\r', ' ', '\n', '(', ')', ':', '?', '%', '/', '+', '=', '*', '<', '>', '!', '|', '&':
			if depth <= 0 {
				return i
			}
		}
	}
	return i
}
