package manager

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// messageActions send texts outside of calls.
func (s *Server) messageActions() []decl.Action {
	return []decl.Action{{
		Name: "MessageSend", Synopsis: "Send an out of call message to an endpoint.", Classes: []string{"message"}, Run: s.messageSend,
		Help: "Sends a text to a phone or an address, and waits a few seconds for the far end's answer.",
		Args: []decl.Arg{
			{Name: "Destination", Help: "such as sip:101, or To in older programs"},
			{Name: "To", Optional: true},
			{Name: "From", Optional: true},
			{Name: "Body", Optional: true},
			{Name: "Base64Body", Optional: true},
			{Name: "Variable", Help: "NAME=value: a header of the message", Optional: true, Repeat: true},
		},
	}}
}

func (s *Server) messageSend(_ context.Context, r *decl.ActionRequest) error {
	to, header := r.Get("Destination"), r.Get("To")
	if to == "" {
		to, header = header, ""
	}
	if to == "" {
		return errors.New("No 'To' address specified.")
	}
	body, ok := r.Lookup("Body")
	if text := r.Get("Base64Body"); text != "" {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return errors.New("Failed to decode Base64Body")
		}
		body, ok = string(raw), true
	}
	if !ok {
		return errors.New("No 'Body' or 'Base64Body' specified.")
	}
	scheme, _, found := strings.Cut(to, ":")
	if i := strings.LastIndexByte(scheme, '<'); i >= 0 {
		scheme = scheme[i+1:]
	}
	carrier := s.deps.Registry.Messenger(scheme)
	if !found || carrier == nil {
		return errors.New("Message technology not found.")
	}
	m := &channel.Message{To: to, From: r.Get("From"), Body: body, Hops: -1}
	for _, header := range r.All("Variable") {
		for _, text := range decl.Split(header, 0) {
			if name, value, ok := strings.Cut(text, "="); ok {
				m.Set(channel.MessageData{Name: strings.TrimSpace(name), Value: value, Outbound: true})
			}
		}
	}
	if carrier.SendMessage(to, m.From, header, m) != nil {
		return errors.New("Message failed to send.")
	}
	return r.OK("Message successfully sent")
}
