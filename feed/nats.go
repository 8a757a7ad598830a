package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"pbx/spool"
)

// subjects publishes events to NATS. It connects when there is something to publish; the
// queue on disk is what tries again.
type subjects struct {
	sink   *sink
	log    *slog.Logger
	ctx    context.Context // ends with close
	cancel context.CancelFunc

	mu     sync.Mutex
	conn   *nats.Conn
	stream jetstream.JetStream // nil without jetstream=yes
}

const (
	natsBatch = 500
	natsTime  = 10 * time.Second
)

func newNATS(x *sink, d Deps) *subjects {
	n := &subjects{sink: x, log: d.Log}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	return n
}

func (n *subjects) most() int { return natsBatch }

func (n *subjects) close() {
	n.cancel()
	n.drop()
}

// drop lets go of the connection.
func (n *subjects) drop() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conn != nil {
		n.conn.Close()
		n.conn, n.stream = nil, nil
	}
}

// connect makes a connection where there is none.
func (n *subjects) connect() (*nats.Conn, jetstream.JetStream, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ctx.Err() != nil {
		return nil, nil, spool.ErrLeave
	}
	if n.conn != nil && n.conn.IsConnected() {
		return n.conn, n.stream, nil
	}
	x := n.sink
	options := []nats.Option{
		nats.Name("pbx " + x.Name), nats.Timeout(natsTime), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			n.log.Warn(fmt.Sprintf("events [%s]: NATS: %v", x.Name, err))
		}),
	}
	if x.User != "" {
		options = append(options, nats.UserInfo(x.User, x.Password))
	}
	if x.Token != "" {
		options = append(options, nats.Token(x.Token))
	}
	if x.Creds != "" {
		options = append(options, nats.UserCredentials(x.Creds))
	}
	conn, err := nats.Connect(x.Server, options...)
	if err != nil {
		return nil, nil, err
	}
	n.conn, n.stream = conn, nil
	if x.JetStream {
		if n.stream, err = jetstream.New(conn); err != nil {
			return nil, nil, err
		}
	}
	return n.conn, n.stream, nil
}

// subject is where an event goes.
func (n *subjects) subject(name string) string {
	return strings.ReplaceAll(n.sink.Subject, "{event}", name)
}

// deliver publishes events and waits until the server has them; with JetStream, until
// they are stored, and one that was stored before is not stored again.
func (n *subjects) deliver(list []queuedEvent) error {
	conn, stream, err := n.connect()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(n.ctx, natsTime)
	defer cancel()
	for _, e := range list {
		m := nats.NewMsg(n.subject(e.Name))
		m.Data = e.Text
		if conn.HeadersSupported() {
			m.Header.Set(jetstream.MsgIDHeader, e.ID)
		}
		if stream != nil {
			_, err = stream.PublishMsg(ctx, m)
		} else {
			err = conn.PublishMsg(m)
		}
		if errors.Is(err, nats.ErrMaxPayload) { // it would stop all that come after it
			n.log.Error(fmt.Sprintf("events [%s]: NATS takes no event of %d bytes (%s); it is not sent", n.sink.Name, len(e.Text), e.ID))
			err = nil
		}
		if err != nil {
			break
		}
	}
	if err == nil && stream == nil {
		err = conn.FlushWithContext(ctx)
	}
	switch {
	case err == nil:
		return nil
	case n.ctx.Err() != nil:
		return spool.ErrLeave
	}
	n.drop()
	return err
}
