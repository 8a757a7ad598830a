package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip"
	"pbx/fifo"
)

// openFIFO opens the pipe of fifo.conf, and closeFIFO closes it.
func (s *Server) openFIFO() {
	s.reloads.Lock()
	defer s.reloads.Unlock()
	s.applyFIFO(s.configuration())
}

func (s *Server) closeFIFO() {
	s.reloads.Lock()
	defer s.reloads.Unlock()
	if s.fifo != nil {
		s.fifo.Close()
		s.fifo = nil
	}
}

// applyFIFO opens the pipe of a configuration in the place of the one before. One that
// cannot be opened is named, and the exchange goes on without. s.reloads is held.
func (s *Server) applyFIFO(c *configuration) {
	if s.fifo != nil {
		s.fifo.Close()
		s.fifo = nil
	}
	if !c.fifo.Enabled || s.opts.NoConsole {
		return
	}
	f, err := fifo.Listen(c.fifo, commandsOfFIFO{s}, s.log)
	if err != nil {
		s.log.Error(err.Error())
		return
	}
	s.fifo = f
}

// FIFO are the settings of fifo.conf of an exchange with these directories.
func FIFO(configDir, stateDir string) (fifo.Settings, error) {
	c, err := readBase(&Options{ConfigDir: configDir, StateDir: stateDir})
	return c.fifo, err
}

// commandsOfFIFO is the exchange as requests of the pipe see it.
type commandsOfFIFO struct{ s *Server }

func (f commandsOfFIFO) Version() string    { return f.s.opts.Version }
func (f commandsOfFIFO) Started() time.Time { return f.s.started }
func (f commandsOfFIFO) Now() time.Time     { return f.s.now() }

func (f commandsOfFIFO) Print(text string) {
	for line := range strings.SplitSeq(text, "\n") {
		f.s.log.Warn("fifo: " + line)
	}
}

func (f commandsOfFIFO) Processes() []string {
	pid := strconv.Itoa(os.Getpid())
	active, _ := f.s.registry.Count()
	return []string{
		pid + " SIP monitor loop",
		fmt.Sprintf("%s media, sessions: %d", pid, f.s.media.Sessions()),
		fmt.Sprintf("%s dialplan, channels: %d", pid, active),
		fmt.Sprintf("%s all goroutines: %d", pid, runtime.NumGoroutine()),
	}
}

func (f commandsOfFIFO) Stats() (string, error) {
	var out bytes.Buffer
	err := f.s.commands.Run(context.Background(), "sip show stats", &out)
	return strings.TrimLeft(out.String(), "\n"), err
}

// notFound has errors about things that are not there say so.
func notFound(err error) error {
	var peer sip.NoPeerError
	var contact sip.NoContactError
	if errors.As(err, &peer) || errors.As(err, &contact) {
		return fmt.Errorf("%w: %w", err, fifo.ErrNotFound)
	}
	return err
}

func (f commandsOfFIFO) Contacts(peer string) (list []fifo.Contact, err error) {
	var peers []sip.PeerView
	if peer == "" {
		peers, err = f.s.sip.Peers()
	} else {
		var one sip.PeerView
		one, err = f.s.sip.PeerNamed(peer)
		peers = append(peers, one)
	}
	if err != nil {
		return nil, notFound(err)
	}
	now := f.s.now()
	for i := range peers {
		for _, c := range peers[i].Contacts {
			x := fifo.Contact{Peer: peers[i].Name, URI: c.URI, Q: c.Q, UserAgent: c.UserAgent}
			if !c.Expires.IsZero() {
				x.Left = max(c.Expires.Sub(now), time.Second)
			}
			list = append(list, x)
		}
	}
	return list, nil
}

func (f commandsOfFIFO) AddContact(peer, uri string, life time.Duration, q float64) error {
	_, err := f.s.sip.AddContact(peer, uri, life, q)
	return notFound(err)
}

func (f commandsOfFIFO) RemoveContact(peer, uri string) error {
	return notFound(f.s.sip.RemoveContact(peer, uri))
}

// Send implements fifo.Exchange. Call-ID, CSeq and a tag of From are those of the
// program, which may lead a dialog of its own.
func (f commandsOfFIFO) Send(ctx context.Context, method, target string, headers []string, body string) (fifo.Response, error) {
	q := sip.Submission{Method: method, Target: target, Body: body}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "call-id", "i":
			q.CallID = value
		case "cseq":
			number, _, _ := strings.Cut(value, " ")
			n, err := strconv.ParseUint(number, 10, 31)
			if err != nil {
				return fifo.Response{}, fmt.Errorf("CSeq: %q is not a number", number)
			}
			q.Seq = uint32(n)
		case "from", "f":
			from, tag, tagged := strings.Cut(value, ";tag=")
			if tagged {
				tag, rest, more := strings.Cut(tag, ";")
				q.Tag = tag
				if more {
					from += ";" + rest
				}
			}
			q.Headers = append(q.Headers, "From: "+from)
		default:
			q.Headers = append(q.Headers, h)
		}
	}
	came := make(chan sip.Outcome, 1)
	id, err := f.s.sip.Submit(q, func(o sip.Outcome) { came <- o })
	if err != nil {
		return fifo.Response{}, err
	}
	select {
	case o := <-came:
		if o.Status == 0 {
			return fifo.Response{}, errors.New(o.Reason)
		}
		return fifo.Response{Status: o.Status, Reason: o.Reason, Text: string(o.Response)}, nil
	case <-ctx.Done():
		_ = f.s.sip.Withdraw(id) // it may have ended meanwhile
		return fifo.Response{}, ctx.Err()
	}
}

func (f commandsOfFIFO) Cancel(callID string, seq uint32) error {
	if err := f.s.sip.WithdrawCall(callID, seq); err != nil {
		return fmt.Errorf("%w: %w", err, fifo.ErrNotFound)
	}
	return nil
}

func (f commandsOfFIFO) Reply(status int, reason, transaction string, headers []string, body string) error {
	err := f.s.sip.Answer(sip.Reply{Transaction: transaction, Status: status, Reason: reason, Headers: headers, Body: body})
	if errors.Is(err, sip.ErrNoTransaction) {
		err = fmt.Errorf("%w: %w", err, fifo.ErrNotFound)
	}
	return err
}
