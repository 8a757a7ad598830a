package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"pbx/feed"
)

// eventProtocol is the subprotocol of the stream of events.
const eventProtocol = "pbx.events"

const (
	maxStreams = 100
	// pingEvery is how often a client is asked whether it is there, and streamTime how
	// long it may take to answer, or to take a message.
	pingEvery  = 30 * time.Second
	streamTime = 10 * time.Second
)

// events is the stream of events over a WebSocket (RFC 6455).
func (s *Server) events(r *request) error {
	query := r.URL.Query()
	want, err := s.deps.Hub.Select(query.Get("events"), query.Get("fields"))
	if err != nil {
		return problem(http.StatusBadRequest, "%v", err)
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		r.w.Header().Set("Upgrade", "websocket")
		return problem(http.StatusUpgradeRequired, "events come over a WebSocket")
	}
	if s.streams.Add(1) > maxStreams {
		s.streams.Add(-1)
		return problem(http.StatusServiceUnavailable, "there are %d streams of events already", maxStreams)
	}
	defer s.streams.Add(-1)
	s.open.Add(1)
	defer s.open.Done()
	// From the answer on the client misses nothing.
	reader := s.deps.Hub.Open(want)
	defer reader.Close()
	conn, err := websocket.Accept(r.w, r.Request, &websocket.AcceptOptions{
		Subprotocols:       []string{eventProtocol},
		InsecureSkipVerify: true, // crossOrigin has looked at Origin
	})
	if err != nil {
		return nil // Accept has answered
	}
	switch err := s.stream(conn, reader); {
	case errors.Is(err, feed.ErrSlow), errors.Is(err, context.DeadlineExceeded):
		s.deps.Log.Warn("API: " + r.client.name + " at " + r.from.String() + " does not read its events and is dropped")
		_ = conn.CloseNow() // it would not read a goodbye either
	case s.ctx.Err() != nil || errors.Is(err, io.EOF):
		_ = conn.Close(websocket.StatusGoingAway, "the exchange ends")
	default:
		_ = conn.CloseNow()
	}
	return nil
}

// stream sends what a reader gets until it, the client or the exchange ends.
func (s *Server) stream(conn *websocket.Conn, reader *feed.Reader) error {
	// A context of CloseRead that ends ends the connection without a goodbye.
	ctx, cancel := context.WithCancelCause(conn.CloseRead(context.Background()))
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(nil) })()
	s.open.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(pingEvery):
			}
			if err := within(ctx, conn.Ping); err != nil {
				cancel(err)
				return
			}
		}
	})
	for {
		list, err := reader.Next(ctx)
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		for _, m := range list {
			if err := within(ctx, func(ctx context.Context) error { return conn.Write(ctx, websocket.MessageText, m.Text) }); err != nil {
				return err
			}
		}
	}
}

// within gives the client streamTime for something.
func within(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, streamTime)
	defer cancel()
	return f(ctx)
}
