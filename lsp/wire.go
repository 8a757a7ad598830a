package lsp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"strconv"
)

// maxMessage bounds one message, in bytes.
const maxMessage = 64 << 20

// request is a message of JSON-RPC 2.0 as it comes in; without an ID it is a
// notification.
type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
}

// rpcError is why a request was not answered.
type rpcError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// The codes of JSON-RPC 2.0 and the protocol.
const (
	codeParse         = -32700
	codeInvalid       = -32602
	codeUnknown       = -32601
	codeNotReady      = -32002
	codeRequestFailed = -32803
)

func (e *rpcError) Error() string { return e.Message }

// conn is a pair of streams with messages framed by Content-Length.
type conn struct {
	in  *textproto.Reader
	raw *bufio.Reader
	out io.Writer
}

func newConn(in io.Reader, out io.Writer) *conn {
	raw := bufio.NewReader(in)
	return &conn{in: textproto.NewReader(raw), raw: raw, out: out}
}

// read takes the next message. An error that is no *rpcError ends the conversation.
func (c *conn) read() (*request, error) {
	header, err := c.in.ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || n < 0 || n > maxMessage {
		return nil, fmt.Errorf("lsp: a message of %q bytes", header.Get("Content-Length"))
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(c.raw, body); err != nil {
		return nil, err
	}
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, &rpcError{codeParse, err.Error()}
	}
	return &r, nil
}

func (c *conn) write(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return err
}

// answer sends the result of a request, or the error.
func (c *conn) answer(id json.RawMessage, result any, err error) error {
	if id == nil {
		id = json.RawMessage("null")
	}
	if err == nil {
		return c.write(struct {
			Version string          `json:"jsonrpc"`
			ID      json.RawMessage `json:"id"`
			Result  any             `json:"result"`
		}{"2.0", id, result})
	}
	var e *rpcError
	if !errors.As(err, &e) {
		e = &rpcError{codeRequestFailed, err.Error()}
	}
	return c.write(struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *rpcError       `json:"error"`
	}{"2.0", id, e})
}

// notify sends what nobody asked for.
func (c *conn) notify(method string, params any) error {
	return c.write(struct {
		Version string `json:"jsonrpc"`
		Method  string `json:"method"`
		Params  any    `json:"params"`
	}{"2.0", method, params})
}
