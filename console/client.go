package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync"
	"time"
)

// ErrFailed is returned for a command that failed at the far end, which has said
// why.
var ErrFailed = errors.New("command failed")

// Client is the far end of a console socket.
type Client struct {
	conn  net.Conn
	logs  func(line []byte)
	words chan []string
	ends  chan string
	gone  chan struct{}
	mu    sync.Mutex // one request at a time
	outMu sync.Mutex
	out   io.Writer // of the command that runs
}

// Dial connects to the exchange whose socket is at path. logs gets the log lines
// after Watch, on a goroutine of the client; it may be nil.
func Dial(path string, logs func(line []byte)) (*Client, error) {
	conn, err := net.DialTimeout("unix", path, 5*time.Second)
	if err != nil {
		return nil, unreached(path, err)
	}
	c := &Client{conn: conn, logs: logs, words: make(chan []string, 1), ends: make(chan string, 1), gone: make(chan struct{})}
	go c.read()
	return c, nil
}

// unreached is the error of a socket that nobody could be reached on.
func unreached(path string, err error) error {
	if op := new(net.OpError); errors.As(err, &op) {
		err = op.Err // without the path once more
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the console %s is not for this user (be the one that the exchange runs as, or set astctlpermissions in its asterisk.conf): %w", path, err)
	}
	return fmt.Errorf("no exchange answers on %s (is it running, and with this --state?): %w", path, err)
}

// Close ends the connection.
func (c *Client) Close() { _ = c.conn.Close() }

// Gone is closed when the exchange has ended the connection.
func (c *Client) Gone() <-chan struct{} { return c.gone }

func (c *Client) read() {
	defer close(c.gone)
	r := bufio.NewReader(c.conn)
	for {
		kind, body, err := readFrame(r)
		if err != nil {
			return
		}
		switch kind {
		case "out":
			c.outMu.Lock()
			out := c.out
			c.outMu.Unlock()
			if out != nil {
				_, _ = out.Write(body)
			}
		case "log":
			if c.logs != nil {
				c.logs(body)
			}
		case "words":
			var w []string
			if len(body) > 0 {
				w = strings.Split(string(body), "\n")
			}
			c.words <- w
		case "end":
			c.ends <- string(body)
		}
	}
}

// request sends a line; a newline inside it would be another request.
func (c *Client) request(verb, rest string) error {
	rest = strings.NewReplacer("\n", " ", "\r", " ").Replace(rest)
	_, err := io.WriteString(c.conn, verb+" "+rest+"\n")
	return err
}

func (c *Client) end(ctx context.Context) error {
	select {
	case text := <-c.ends:
		if text != "" {
			return fmt.Errorf("%w: %s", ErrFailed, text)
		}
		return nil
	case <-c.gone:
		// The answer to `core stop now` may be the last thing that came.
		select {
		case text := <-c.ends:
			if text == "" {
				return nil
			}
		default:
		}
		return io.ErrUnexpectedEOF
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run runs one command and writes its answer to out.
func (c *Client) Run(ctx context.Context, line string, out io.Writer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outMu.Lock()
	c.out = out
	c.outMu.Unlock()
	if err := c.request("run", line); err != nil {
		return err
	}
	return c.end(ctx)
}

// Ask asks the JSON interface and writes what it answers to out. An answer that is no
// success is an ErrFailed with its status.
func (c *Client) Ask(ctx context.Context, method, target string, body []byte, out io.Writer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outMu.Lock()
	c.out = out
	c.outMu.Unlock()
	if err := c.request("api", method+" "+target+" "+string(body)); err != nil {
		return err
	}
	return c.end(ctx)
}

// Watch asks for log lines, verbose ones up to class verbose.
func (c *Client) Watch(ctx context.Context, verbose int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.request("watch", fmt.Sprint(verbose)); err != nil {
		return err
	}
	return c.end(ctx)
}

// Complete returns the words that may stand at the end of line.
func (c *Client) Complete(ctx context.Context, line string) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.request("complete", line); err != nil {
		return nil, err
	}
	select {
	case w := <-c.words:
		return w, nil
	case <-c.gone:
		return nil, io.ErrUnexpectedEOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
