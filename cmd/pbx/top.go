package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"pbx/api"
	"pbx/console"
	"pbx/console/top"
)

// watchTop is pbx top.
func watchTop(args []string, in *os.File, out, errs io.Writer) error {
	f := flag.NewFlagSet("top", flag.ContinueOnError)
	var p places
	p.flags(f)
	interval := f.Float64("interval", 1, "`seconds` from one picture to the next")
	once := f.Bool("once", false, "print one picture and end")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	if *interval < 0.1 || *interval > 3600 {
		fmt.Fprintln(errs, "pbx top: --interval is from 0.1 to 3600 seconds")
		return errUsage
	}
	c, err := dialExchange(&p)
	if err != nil {
		return err
	}
	defer c.Close()
	sample := func(ctx context.Context) (*top.Sample, error) { return sampleOf(ctx, c) }
	screen, isFile := out.(*os.File)
	tty := isFile && term.IsTerminal(int(screen.Fd()))
	colour := tty && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if *once || !tty || !term.IsTerminal(int(in.Fd())) {
		now, err := sample(background())
		if err != nil {
			return err
		}
		_, err = io.WriteString(out, top.Frame(nil, now, top.Options{Colour: colour}))
		return err
	}
	state, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return fmt.Errorf("terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(in.Fd()), state) }()
	changes := make(chan os.Signal, 1)
	signal.Notify(changes, syscall.SIGWINCH)
	defer signal.Stop(changes)
	resized := make(chan struct{}, 1)
	ctx, cancel := signal.NotifyContext(background(), syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	go func() {
		for {
			select {
			case <-changes:
				resized <- struct{}{}
			case <-ctx.Done():
				return
			}
		}
	}()
	ticks := time.NewTicker(time.Duration(*interval * float64(time.Second)))
	defer ticks.Stop()
	return top.Watch(ctx, &top.Screen{
		Out: out, Size: func() (int, int) { return sizeOf(screen) }, Keys: keysOf(in), Resized: resized, Ticks: ticks.C, Colour: colour,
	}, sample)
}

// sizeOf is the size of a terminal, 80 by 24 where it does not say.
func sizeOf(f *os.File) (width, height int) {
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// keysOf are the keys that are typed; the reader ends with the program.
func keysOf(in io.Reader) <-chan byte {
	keys := make(chan byte)
	go func() {
		defer close(keys)
		var b [1]byte
		for {
			if n, err := in.Read(b[:]); n == 0 || err != nil {
				return
			}
			keys <- b[0]
		}
	}()
	return keys
}

// sampleOf asks the exchange.
func sampleOf(ctx context.Context, c *console.Client) (*top.Sample, error) {
	s := &top.Sample{Time: time.Now()}
	var channels api.ChannelList
	var peers api.PeerList
	for _, q := range []struct {
		path string
		into any
	}{{"/api/stats", &s.Stats}, {"/api/channels", &channels}, {"/api/peers", &peers}} {
		var answer bytes.Buffer
		if err := c.Ask(ctx, http.MethodGet, q.path, nil, &answer); err != nil {
			if errors.Is(err, io.ErrUnexpectedEOF) {
				err = fmt.Errorf("%w answers any more", errNobody)
			}
			return nil, err
		}
		if err := json.Unmarshal(answer.Bytes(), q.into); err != nil {
			return nil, err
		}
	}
	s.Channels, s.Peers = channels.Channels, peers.Peers
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		s.Load, _, _ = strings.Cut(string(b), " ")
	}
	return s, nil
}
