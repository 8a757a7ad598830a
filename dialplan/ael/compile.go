package ael

import (
	"fmt"
	"strings"

	"pbx/config"
)

// op is one priority.
type op struct {
	pos       config.Pos
	labels    []string
	app, args string
	// target is the label that a goto names; its extension is found when all of
	// the extension is read.
	target string
}

// code is the priorities of one extension.
type code struct {
	exten  string
	first  int // the number of the first
	ops    []*op
	labels []string // of the next
}

// next is the number of the priority that comes next.
func (k *code) next() int { return k.first + len(k.ops) }

// firstCase is the number of the first priority of a switch's extensions, as in
// the field.
const firstCase = 10

// savedExten holds the extension while one of a switch's runs.
const savedExten = "~~EXTEN~~"

// saved is a text with what it says of the extension read from there.
func saved(s string) string {
	s = strings.ReplaceAll(s, "${EXTEN}", "${"+savedExten+"}")
	return strings.ReplaceAll(s, "${EXTEN:", "${"+savedExten+":")
}

// compiler makes the priorities of one extension, and those of its switches.
type compiler struct {
	*parser
	exten string
	macro bool
	main  *code
	out   *code // what is written to
	cases []*code
	loops []*loop

	nesting int
}

// loop is what break and continue leave: a loop, or for break a switch.
type loop struct {
	in                *code
	breaks, continues []exit
	isSwitch          bool
}

// exit is a jump that leaves a loop for a place that is not known yet.
type exit struct {
	op   *op
	from *code
}

// send has exits go to priority n of the loop's code.
func (c *compiler) send(exits []exit, in *code, n int) {
	for _, x := range exits {
		x.op.args = c.place(in, n)
		if x.from == in {
			x.op.args = fmt.Sprint(n)
		}
	}
}

func newCompiler(p *parser, exten string) *compiler {
	c := &compiler{parser: p, exten: exten, main: &code{exten: exten, first: 1}}
	c.out = c.main
	return c
}

// emit writes a priority.
func (c *compiler) emit(pos config.Pos, app, format string, args ...any) *op {
	o := &op{pos: pos, app: app, args: fmt.Sprintf(format, args...), labels: c.out.labels}
	c.out.labels = nil
	if c.out != c.main {
		o.args = saved(o.args)
	}
	c.out.ops = append(c.out.ops, o)
	return o
}

// place is a priority of code k as Goto takes it from anywhere in the extension.
func (c *compiler) place(k *code, n int) string {
	return fmt.Sprintf("%s,%d", c.reached(k), n)
}

// reached is the name by which the extension of code k is reached: that of a pattern is
// the number that was dialled.
func (c *compiler) reached(k *code) string {
	if k == c.main && strings.HasPrefix(k.exten, "_") {
		return "${" + savedExten + "}"
	}
	return k.exten
}

// number is the next priority for a jump from the same code.
func (c *compiler) number() string { return fmt.Sprint(c.out.next()) }

// emitAll hands the lines to the section.
func (c *compiler) emitAll() {
	if len(c.main.labels) > 0 || len(c.main.ops) == 0 {
		c.emit(c.pos(), "NoOp", "")
	}
	for _, k := range append([]*code{c.main}, c.cases...) {
		n := k.first
		for _, o := range k.ops {
			if o.target != "" {
				o.args = c.find(k, o)
			}
			label := ""
			if len(o.labels) > 0 {
				label = "(" + o.labels[0] + ")"
			}
			c.add(o.pos, "exten", "%s,%d%s,%s(%s)", k.exten, n, label, o.app, o.args)
			n++
		}
	}
}

// find is where a goto's label is, as seen from code k.
func (c *compiler) find(k *code, o *op) string {
	for _, other := range append([]*code{k, c.main}, c.cases...) {
		for i, x := range other.ops {
			for _, l := range x.labels {
				switch {
				case l != o.target:
				case other == k:
					return fmt.Sprint(other.first + i)
				default:
					return c.place(other, other.first+i)
				}
			}
		}
	}
	// A number, a variable, or a label that is not there: `pbx check` says so.
	if k == c.main {
		return o.args
	}
	return c.reached(c.main) + "," + o.args
}

// maxNesting is how deep statements stand within each other.
const maxNesting = 200

// statement reads one statement.
func (c *compiler) statement() {
	if c.nesting++; c.nesting > maxNesting {
		c.fail("statements stand within each other more than %d deep", maxNesting)
	}
	defer func() { c.nesting-- }()
	switch c.peek() {
	case 0:
		c.fail("a statement is expected, not the end of the file")
	case '{':
		open := c.pos()
		c.accept("{")
		for !c.accept("}") {
			if c.peek() == 0 {
				panic(&syntax{open, `"{" is not closed`})
			}
			c.statement()
		}
		return
	case ';':
		c.accept(";")
		return
	case '&':
		c.call()
		c.end("the call of a macro")
		return
	}
	pos := c.pos()
	word := c.word("(){};=:")
	if handle := c.keyword(word); handle != nil {
		handle(pos)
		return
	}
	if word == "" {
		c.fail("a statement is expected, not %s", c.found())
	}
	if c.peek() == ':' {
		c.accept(":")
		c.out.labels = append(c.out.labels, word)
		return
	}
	c.simple(pos, word)
	c.end(word)
}

// end takes the semicolon behind a statement.
func (c *compiler) end(what string) {
	if !c.accept(";") && c.peek() != '}' {
		c.fail("%q is expected behind %s, not %s", ";", what, c.found())
	}
}

// simple is an application or an assignment whose first word was read.
func (c *compiler) simple(pos config.Pos, word string) {
	args := ""
	called := c.peek() == '('
	if called {
		args = c.parens(word)
	}
	if c.peek() == '=' {
		c.accept("=")
		name := word
		if called {
			name += "(" + args + ")"
		}
		c.emit(pos, "MSet", "%s=$[%s]", name, c.upTo(";)"))
		return
	}
	switch strings.ToLower(word) {
	case "goto": // a label is looked for as that of the statement is
		c.gotoPlace(pos, args)
	case "macroexit":
		c.emit(pos, "Return", "")
	default:
		c.emit(pos, word, "%s", args)
	}
}

// call is &macro(arguments).
func (c *compiler) call() {
	c.accept("&")
	pos := c.pos()
	name := c.word("(;")
	args := ""
	if c.peek() == '(' {
		args = trimmed(c.parens("&" + name))
	}
	if args != "" { // "()" is an empty argument
		args = "(" + args + ")"
	}
	c.emit(pos, "Gosub", "%s,%s,1%s", name, macroExten, args)
}

// keyword is what reads the statement that a word begins.
func (c *compiler) keyword(word string) func(config.Pos) {
	switch word {
	case "if":
		return func(pos config.Pos) { c.branch(pos, "GotoIf", "$["+c.parens("if")+"]") }
	case "ifTime":
		return func(pos config.Pos) {
			c.branch(pos, "GotoIfTime", compact(strings.ReplaceAll(c.parens("ifTime"), "|", ",")))
		}
	case "random":
		return func(pos config.Pos) { c.branch(pos, "GotoIf", "$[${RAND(0,99)} < ("+c.parens("random")+")]") }
	case "while":
		return c.while
	case "for":
		return c.forLoop
	case "switch":
		return c.switches
	case "goto":
		return c.gotoStatement
	case "jump":
		return c.jump
	case "break", "continue":
		return func(pos config.Pos) { c.leave(pos, word) }
	case "return":
		return func(pos config.Pos) {
			c.emit(pos, "Return", "")
			c.end("return")
		}
	case "#include":
		return func(pos config.Pos) { c.includeFile(pos, c.statement) }
	case "local":
		return func(pos config.Pos) {
			name := c.word("=;")
			c.expect("=", "behind local "+name)
			c.emit(pos, "MSet", "LOCAL(%s)=$[%s]", name, c.upTo(";"))
			c.end("local " + name)
		}
	}
	return nil
}

// branch is if (condition) statement [else statement].
func (c *compiler) branch(pos config.Pos, app, condition string) {
	test := c.emit(pos, app, "")
	yes := c.number()
	c.statement()
	no := ""
	if at, line := c.at, c.line; c.word("({;") == "else" {
		skip := c.emit(c.pos(), "Goto", "")
		no = c.number()
		c.statement()
		skip.args = c.number()
	} else {
		c.at, c.line = at, line
		no = c.number()
	}
	c.emit(pos, "NoOp", "Finish if")
	test.args = c.inCode(condition) + "?" + yes + ":" + no
}

// inCode is a text as emit would write it.
func (c *compiler) inCode(s string) string {
	if c.out != c.main {
		return saved(s)
	}
	return s
}

// while is while (condition) statement.
func (c *compiler) while(pos config.Pos) {
	c.loop(pos, c.parens("while"), nil)
}

// forLoop is for (first; condition; step) statement.
func (c *compiler) forLoop(pos config.Pos) {
	if c.peek() != '(' {
		c.fail("%q is expected behind for, not %s", "(", c.found())
	}
	c.accept("(")
	c.part(";")
	c.expect(";", "in for")
	condition := c.upTo(";")
	c.expect(";", "in for")
	at, line := c.at, c.line
	c.upTo(")") // the step is read again, behind the body
	c.expect(")", "behind for")
	c.loop(pos, condition, func() {
		after, afterLine := c.at, c.line
		c.at, c.line = at, line
		c.part(")")
		c.at, c.line = after, afterLine
	})
}

// part is an assignment, an application or a macro in the head of for.
func (c *compiler) part(end string) {
	switch {
	case strings.IndexByte(end, c.peek()) >= 0:
	case c.peek() == '&':
		c.call()
	default:
		pos := c.pos()
		c.simple(pos, c.word("(){};=:"))
	}
}

// loop writes a loop with the condition before each round; step, if there is one,
// is what continue leads to.
func (c *compiler) loop(pos config.Pos, condition string, step func()) {
	again := c.out.next()
	test := c.emit(pos, "GotoIf", "")
	body := c.number()
	l := &loop{in: c.out}
	c.loops = append(c.loops, l)
	c.statement()
	c.loops = c.loops[:len(c.loops)-1]
	round := again
	if step != nil {
		round = c.out.next()
		step()
	}
	c.send(l.continues, l.in, round)
	c.emit(pos, "Goto", "%d", again)
	end := c.out.next()
	c.emit(pos, "NoOp", "Finish loop")
	c.send(l.breaks, l.in, end)
	test.args = c.inCode("$["+condition+"]") + "?" + body + ":" + fmt.Sprint(end)
}

// compact is a text without blanks: between the words of times they mean nothing.
func compact(s string) string { return strings.Join(strings.Fields(s), "") }

// trimmed is a list of arguments without the blanks around them.
func trimmed(args string) string {
	r := &reader{text: args, line: 1}
	var list []string
	for {
		list = append(list, r.upTo(","))
		if r.at >= len(r.text) {
			return strings.Join(list, ",")
		}
		r.advance(1)
	}
}
