package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"pbx/spool"
	"pbx/webhook"
)

// hook posts events to a web server.
type hook struct {
	sink   *sink
	poster *webhook.Poster
	log    *slog.Logger
	ctx    context.Context // ends with close
	cancel context.CancelFunc
}

func newHook(x *sink, poster *webhook.Poster, log *slog.Logger) *hook {
	h := &hook{sink: x, poster: poster, log: log}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

func (h *hook) most() int { return h.sink.Batch }

func (h *hook) close() { h.cancel() }

// deliver posts one event as an object, or with batch several as an array.
func (h *hook) deliver(list []queuedEvent) error {
	var body []byte
	if h.sink.Batch == 1 {
		body = list[0].Text
	} else {
		body = append(body, '[')
		for i, e := range list {
			if i > 0 {
				body = append(body, ',')
			}
			body = append(body, e.Text...)
		}
		body = append(body, ']')
	}
	p := webhook.Post{URL: h.sink.URL, ID: list[0].ID, Body: body, Secret: h.sink.Secret}
	if h.sink.Authorization != "" {
		p.Header = http.Header{"Authorization": {h.sink.Authorization}}
	}
	err := h.poster.Post(h.ctx, p)
	var refused *webhook.Error
	switch {
	case err == nil:
		return nil
	case h.ctx.Err() != nil:
		return spool.ErrLeave
	case errors.As(err, &refused) && unwanted(refused.Status):
		h.log.Error(fmt.Sprintf("events [%s]: %s refuses %s (%s …): %v; it is not sent again", h.sink.Name, h.sink.URL, events(len(list)), list[0].ID, err))
		return nil
	}
	if _, after := webhook.Again(err); after > 0 {
		return laterError{err, after}
	}
	return err
}

// unwanted reports whether a status says that the event itself is not wanted, now or
// later. Others, such as 404, may be mended at the server.
func unwanted(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		return true
	}
	return false
}
