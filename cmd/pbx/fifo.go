package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"pbx/fifo"
	"pbx/server"
)

// fifoPatience is how long the answer of a request of the FIFO may take: a little more
// than the exchange gives it.
const fifoPatience = 45 * time.Second

// controlFIFO is pbx ctl fifo: one request, by the pipe of fifo.conf.
func controlFIFO(p *places, words []string, in io.Reader, out, errs io.Writer) error {
	if len(words) == 0 {
		fmt.Fprintf(errs, "pbx ctl: usage: pbx ctl fifo COMMAND [ARGUMENT]...; there are %s\n", strings.Join(fifo.Names(), ", "))
		return errUsage
	}
	set, err := server.FIFO(p.config, p.state)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(background(), fifoPatience)
	defer cancel()
	answer, err := fifo.Ask(ctx, set, words[0], words[1:], in)
	if err != nil {
		return fmt.Errorf("%w: %w", errNobody, err)
	}
	if _, err := io.WriteString(out, answer); err != nil {
		return err
	}
	if !strings.HasPrefix(answer, "2") {
		return errFindings // the answer says why
	}
	return nil
}
