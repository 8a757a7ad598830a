package fifo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Ask sends a request to the pipe of an exchange and returns the answer.
func Ask(ctx context.Context, set Settings, command string, args []string, stdin io.Reader) (string, error) {
	text, err := compose(command, args, stdin)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("ctl-%d-%d", os.Getpid(), time.Now().UnixNano())
	path := filepath.Join(set.Replies, name)
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return "", &os.PathError{Op: "mkfifo", Path: path, Err: err}
	}
	defer func() { _ = os.Remove(path) }()
	// Reading and writing: opening waits for nobody. The answer's end is that of its
	// writer, which poll tells.
	in, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	if end, ok := ctx.Deadline(); ok {
		_ = in.SetReadDeadline(end)
	}
	out, err := os.OpenFile(set.Path, os.O_WRONLY|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ENXIO) || errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no exchange reads %s: is it enabled in fifo.conf?", set.Path)
	}
	if err != nil {
		return "", err
	}
	_, err = io.WriteString(out, strings.Replace(text, ":"+command+":", ":"+command+":"+name, 1))
	if err = errors.Join(err, out.Close()); err != nil {
		return "", err
	}
	return answerOf(ctx, in)
}

// answerOf reads until the writer has closed his end. Before he has opened it a read
// says end of file too.
func answerOf(ctx context.Context, in *os.File) (string, error) {
	var b strings.Builder
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		b.Write(buf[:n])
		switch {
		case n > 0:
		case b.Len() > 0:
			return b.String(), nil
		case err != nil && !errors.Is(err, io.EOF):
			return "", err
		default:
			select {
			case <-ctx.Done():
				return "", errors.New("no answer came")
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
}

// compose writes a request. Headers and body of the commands that have them are what
// stdin has, divided by an empty line.
func compose(command string, args []string, stdin io.Reader) (string, error) {
	if !isFirst(":" + command + ":") {
		return "", fmt.Errorf("%q is no command", command)
	}
	var b strings.Builder
	b.WriteString(":" + command + ":\n")
	n, blocked := blocks[command]
	if blocked && len(args) == n-1 && command == "t_uac_dlg" {
		args = append(args, ".")
	}
	if blocked && len(args) != n {
		return "", fmt.Errorf("%s wants %d arguments, and headers and a body on standard input", command, n)
	}
	for _, a := range args {
		if a == "" || strings.ContainsAny(a, "\r\n\x00") {
			return "", fmt.Errorf("%q cannot be an argument", a)
		}
		b.WriteString(a + "\n")
	}
	if blocked {
		text, err := io.ReadAll(io.LimitReader(stdin, maxBlock+1))
		if err != nil {
			return "", err
		}
		headers, body, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n\n")
		for _, block := range []string{headers, body} {
			for line := range strings.SplitSeq(strings.Trim(block, "\n"), "\n") {
				if line == "." {
					return "", errors.New("a line of headers and body cannot be a dot alone")
				}
				if line != "" || block == body && body != "" {
					b.WriteString(line + "\n")
				}
			}
			b.WriteString(".\n")
		}
	}
	b.WriteString("\n")
	return b.String(), nil
}
