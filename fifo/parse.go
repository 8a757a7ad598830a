package fifo

import (
	"fmt"
	"strings"
)

// A request is
//
//	:COMMAND:[REPLY]
//	ARGUMENT
//	…
//	(an empty line)
//
// with lines ended by LF, REPLY the name of a pipe. The commands t_uac_dlg and t_reply
// have, behind a fixed number of arguments, headers up to a line that is a dot alone,
// and a body up to another such line.

// The limits of a request.
const (
	// MaxLine is the longest line, in bytes.
	MaxLine = 8 << 10
	// maxArgs and maxBlock bound arguments and the text of a block, in lines and bytes.
	maxArgs  = 64
	maxBlock = 64 << 10
)

// Request is one request.
type Request struct {
	Command string
	// Reply is the name of the pipe for the answer, "" for none.
	Reply string
	Args  []string
	// Headers and Body are the blocks of commands that have them.
	Headers []string
	Body    string
	// Problem says why the request cannot be carried out, "" for nothing.
	Problem string
}

// blocks is how many arguments stand before the blocks of a command.
var blocks = map[string]int{"t_uac_dlg": 3, "t_reply": 4}

// Parser puts lines together to requests. The zero Parser is ready.
type Parser struct {
	req  *Request
	skip bool // to the next empty line
	size int
	dots int // blocks that are over
}

// Open reports whether a request has begun and is not over.
func (p *Parser) Open() bool { return p.req != nil || p.skip }

// Abandon ends a request that does not go on, with a problem; nil without one.
func (p *Parser) Abandon(problem string) *Request {
	r := p.req
	p.req, p.skip = nil, false
	if r != nil {
		r.Problem = problem
	}
	return r
}

// Line takes in one line without its end. It returns a request that is over with it, or
// that a line shows to be wrong; nil otherwise.
func (p *Parser) Line(line string) *Request {
	line = strings.TrimSuffix(line, "\r")
	switch {
	case p.req == nil && p.skip:
		p.skip = line != ""
		return nil
	case p.req == nil:
		return p.first(line)
	case strings.IndexByte(line, 0) >= 0 || len(line) > MaxLine:
		return p.wrong("a line is too long, or binary")
	}
	r := p.req
	before, blocked := blocks[r.Command]
	if blocked && len(r.Args) == before && p.dots < 2 {
		return p.block(line)
	}
	switch {
	case line == "":
		p.req = nil
		if blocked && p.dots < 2 {
			r.Problem = fmt.Sprintf("%s wants %d arguments, headers, a dot, a body, a dot", r.Command, before)
		}
		return r
	case blocked && p.dots == 2:
		return p.wrong("a request goes on behind its body")
	case isFirst(line) && !blocked:
		// Whoever wrote the last one was interrupted.
		p.req = nil
		r.Problem = "a request is not complete: another one begins"
		p.first(line)
		return r
	case len(r.Args) == maxArgs:
		return p.wrong("a request has too many arguments")
	}
	r.Args = append(r.Args, line)
	return nil
}

// wrong ends the request and skips the rest of it.
func (p *Parser) wrong(problem string) *Request {
	p.skip = true
	r := p.req
	p.req = nil
	r.Problem = problem
	return r
}

// first takes in the line that begins a request.
func (p *Parser) first(line string) *Request {
	if line == "" {
		return nil
	}
	p.size, p.dots = 0, 0
	if !isFirst(line) || len(line) > MaxLine {
		p.skip = true
		return nil // nobody to tell
	}
	command, reply, _ := strings.Cut(line[1:], ":")
	p.req = &Request{Command: command, Reply: reply}
	return nil
}

// isFirst reports whether a line begins a request.
func isFirst(line string) bool {
	if !strings.HasPrefix(line, ":") {
		return false
	}
	command, reply, ok := strings.Cut(line[1:], ":")
	return ok && command != "" && strings.Trim(command, letters) == "" && (reply == "" || Name(reply))
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// Name reports whether the name of a pipe is one: no way to one, and nothing odd.
func Name(name string) bool {
	return name != "" && len(name) <= 100 && name[0] != '.' && name[0] != '-' && strings.Trim(name, letters+".-") == ""
}

// block takes in a line of headers or of the body.
func (p *Parser) block(line string) *Request {
	r := p.req
	if line == "." {
		p.dots++
		return nil
	}
	if p.size += len(line) + 1; p.size > maxBlock {
		return p.wrong("headers and body are too long")
	}
	if p.dots == 0 {
		if line == "" {
			return p.wrong("an empty line stands among the headers: a dot ends them")
		}
		r.Headers = append(r.Headers, line)
		return nil
	}
	if r.Body != "" {
		r.Body += "\r\n"
	}
	r.Body += line
	return nil
}
