package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
)

// ChannelList is the answer with several channels.
type ChannelList struct {
	Channels []Channel `json:"channels"`
}

// Channel is one leg of a call.
type Channel struct {
	ID          string     `json:"id" doc:"the Uniqueid"`
	Name        string     `json:"name" doc:"such as SIP/101-0000000c"`
	LinkedID    string     `json:"linkedid" doc:"the id of the first channel of the call"`
	Technology  string     `json:"technology"`
	State       string     `json:"state" doc:"Down, Ring, Ringing, Up …"`
	Caller      Party      `json:"caller" doc:"whose leg it is"`
	Connected   Party      `json:"connected" doc:"who he talks to"`
	Context     string     `json:"context"`
	Extension   string     `json:"extension"`
	Priority    int        `json:"priority"`
	Application string     `json:"application,omitempty"`
	Data        string     `json:"data,omitempty" doc:"the arguments of the application"`
	Account     string     `json:"account,omitempty"`
	Language    string     `json:"language,omitempty"`
	Bridge      string     `json:"bridge,omitempty" doc:"the id of the bridge that it is in"`
	BridgedTo   string     `json:"bridged_to,omitempty" doc:"the name of the channel at the other end"`
	Created     time.Time  `json:"created"`
	Answered    *time.Time `json:"answered,omitempty"`
}

// Party is one end of a call.
type Party struct {
	Number string `json:"number"`
	Name   string `json:"name"`
}

// Redirect says where a channel goes.
type Redirect struct {
	Context   string    `json:"context,omitempty" doc:"the one where it is without it"`
	Extension string    `json:"extension" doc:"a number of the dialplan"`
	Priority  string    `json:"priority,omitempty" doc:"a number or a label, 1 without it"`
	Also      *AlsoSend `json:"also,omitempty" doc:"a second channel, such as the other end"`
}

// AlsoSend is the second channel of a Redirect: it goes to the same place, or to its
// own.
type AlsoSend struct {
	Channel   string `json:"channel" doc:"its id or name"`
	Context   string `json:"context,omitempty"`
	Extension string `json:"extension,omitempty"`
	Priority  string `json:"priority,omitempty"`
}

func showChannel(c *channel.Channel) Channel {
	n := c.Snapshot()
	out := Channel{
		ID: n.Uniqueid, Name: n.Name, LinkedID: n.Linkedid, Technology: n.Tech, State: n.State.String(),
		Caller: Party{n.Identity.Caller.Number, n.Identity.Caller.Name}, Connected: Party{n.Identity.Connected.Number, n.Identity.Connected.Name},
		Context: n.Location.Context, Extension: n.Location.Exten, Priority: n.Location.Priority, Application: n.App, Data: n.Data,
		Account: n.Account, Language: n.Language, Bridge: n.BridgeID, BridgedTo: n.BridgePeer, Created: n.Created,
	}
	if !n.Answered.IsZero() {
		out.Answered = &n.Answered
	}
	return out
}

// sees reports whether a client is told of a channel: a SIP device of its own.
func (c *client) sees(ch *channel.Channel) bool {
	return c.device == "" || ch.Tech().Name() == "SIP" && strings.EqualFold(ch.Peer(), c.device)
}

func (s *Server) listChannels(r *request) (any, error) {
	out := ChannelList{Channels: []Channel{}}
	for _, c := range s.deps.Registry.Channels() {
		if r.client.sees(c) {
			out.Channels = append(out.Channels, showChannel(c))
		}
	}
	slices.SortStableFunc(out.Channels, func(a, b Channel) int { return a.Created.Compare(b.Created) })
	return out, nil
}

// channel finds the channel that a client names by its id or name.
func (s *Server) channel(c *client, id string) (*channel.Channel, error) {
	ch, ok := s.deps.Registry.FindUniqueid(id)
	if !ok {
		ch, ok = s.deps.Registry.Find(id)
	}
	if !ok || !c.sees(ch) {
		return nil, problem(http.StatusNotFound, "there is no channel %s", id)
	}
	return ch, nil
}

func (s *Server) showChannel(r *request) (any, error) {
	ch, err := s.channel(r.client, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return showChannel(ch), nil
}

func (s *Server) hangup(r *request) (any, error) {
	ch, err := s.channel(r.client, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	cause := channel.CauseNormalClearing
	if text := r.URL.Query().Get("cause"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 127 {
			return nil, problem(http.StatusBadRequest, "cause=%s is not a Q.850 cause from 1 to 127", text)
		}
		cause = channel.Cause(n)
	}
	ch.SoftHangup(cause)
	return nil, nil
}

// place is a place in the dialplan that is there.
func (s *Server) place(c *client, ch *channel.Channel, context, exten, priority string) (channel.Location, error) {
	at := channel.Location{Context: context, Exten: exten, Priority: 1}
	if at.Context == "" {
		at.Context = ch.Location().Context
	}
	if c.context != "" && at.Context != c.context {
		return at, problem(http.StatusForbidden, "[%s] of api.conf sends calls to the context %s only", c.name, c.context)
	}
	if priority != "" {
		var err error
		if at, err = s.deps.Engine.Resolve(nil, at, priority); err != nil {
			return at, problem(http.StatusUnprocessableEntity, "priority: %v", err)
		}
	}
	if !s.deps.Engine.Match(at.Context, at.Exten, at.Priority, ch.Identity().Caller.Number).Exists() {
		return at, problem(http.StatusUnprocessableEntity, "the dialplan has no %s,%s,%d", at.Context, at.Exten, at.Priority)
	}
	return at, nil
}

func (s *Server) redirect(r *request) (any, error) {
	in := input[Redirect](r)
	ch, err := s.channel(r.client, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	to, err := s.place(r.client, ch, in.Context, in.Extension, in.Priority)
	if err != nil {
		return nil, err
	}
	if ch.HungUp() {
		return nil, problem(http.StatusConflict, "%s is hanging up", ch.Name())
	}
	if in.Also == nil {
		ch.AsyncGoto(to)
		return nil, nil
	}
	other, err := s.channel(r.client, in.Also.Channel)
	if err != nil {
		return nil, err
	}
	second := to
	if in.Also.Extension != "" {
		if second, err = s.place(r.client, other, in.Also.Context, in.Also.Extension, in.Also.Priority); err != nil {
			return nil, err
		}
	}
	if other.HungUp() || other == ch {
		return nil, problem(http.StatusConflict, "%s is hanging up, or is the same", other.Name())
	}
	channel.GotoBoth(ch, to, other, second)
	return nil, nil
}
