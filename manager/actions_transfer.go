package manager

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pbx/apps/feature"
	"pbx/bridge"
	"pbx/channel"
	"pbx/decl"
)

// transferActions send channels elsewhere.
func (s *Server) transferActions() []decl.Action {
	call := []string{"call"}
	place := []decl.Arg{{Name: "Exten"}, {Name: "Context"}, {Name: "Priority"}}
	return []decl.Action{
		{
			Name: "Redirect", Synopsis: "Redirect (transfer) a call.", Classes: call, Run: s.redirect,
			Help: "Sends a channel to another place in the dialplan, and another one with ExtraChannel: to the same place, or one of its own.",
			Args: append(append([]decl.Arg{named(""), {Name: "ExtraChannel", Optional: true}}, place...),
				decl.Arg{Name: "ExtraExten", Optional: true}, decl.Arg{Name: "ExtraContext", Optional: true}, decl.Arg{Name: "ExtraPriority", Optional: true}),
		},
		{
			Name: "BlindTransfer", Synopsis: "Blind transfer channel(s) to the given destination", Classes: call, Run: s.blindTransfer,
			Help: "Sends whom a channel talks to to an extension, as if the channel's phone had transferred it.", Args: []decl.Arg{named(""), {Name: "Context"}, {Name: "Exten"}},
		},
		{
			Name: "Atxfer", Synopsis: "Attended transfer.", Classes: call, Run: s.attendedTransfer,
			Help: "Dials the code atxfer of features.conf and the extension, as the channel's phone would: where Dial's options t or T let it, an attended transfer begins.", Args: []decl.Arg{named(""), {Name: "Exten"}, {Name: "Context", Optional: true}},
		},
		{
			Name: "CancelAtxfer", Synopsis: "Cancel an attended transfer.", Classes: call, Run: s.cancelTransfer,
			Help: "Dials the code atxferabort of features.conf, which takes an attended transfer back.", Args: []decl.Arg{named("")},
		},
		{
			Name: "Bridge", Synopsis: "Bridge two channels already in the PBX.", Classes: call, Run: s.join,
			Help: "Takes two channels from what they do and joins them. Each goes on in the dialplan after the call.",
			Args: []decl.Arg{{Name: "Channel1"}, {Name: "Channel2"}, {Name: "Tone", Optional: true}},
		},
	}
}

// place is a place in the dialplan as headers name it.
func (s *Server) place(ch *channel.Channel, context, exten, priority string) (channel.Location, error) {
	if exten == "" {
		exten = "s"
	}
	at := channel.Location{Context: context, Exten: exten, Priority: 1}
	if at.Context == "" {
		at.Context = ch.Location().Context
	}
	if priority = strings.TrimSpace(priority); priority == "" {
		return at, nil
	}
	at, err := s.deps.Engine.Resolve(ch, at, priority)
	if err != nil {
		return at, errors.New("Priority is invalid")
	}
	return at, nil
}

func (s *Server) redirect(_ context.Context, r *decl.ActionRequest) error {
	extra, apart := r.Get("ExtraChannel"), r.Get("ExtraContext") != ""
	switch {
	case r.Get("Channel") == "":
		return errors.New("Channel not specified")
	case extra != "" && apart && r.Get("ExtraExten") == "":
		return errors.New("ExtraExten not specified")
	case extra != "" && apart && r.Get("ExtraPriority") == "":
		return errors.New("ExtraPriority not specified")
	}
	ch, err := s.find(r, nil, errors.New("Channel does not exist: "+r.Get("Channel")))
	if err != nil {
		return err
	}
	to, err := s.place(ch, r.Get("Context"), r.Get("Exten"), r.Get("Priority"))
	if err != nil {
		return err
	}
	if ch.HungUp() {
		return errors.New("Redirect failed, channel not up.")
	}
	if extra == "" {
		r.Then = func() { ch.AsyncGoto(to) }
		return r.OK("Redirect successful")
	}
	other, ok := s.deps.Registry.Lookup(extra)
	if !ok {
		return errors.New("ExtraChannel does not exist: " + extra)
	}
	second := to
	if apart { // an ExtraExten alone says nothing
		if second, err = s.place(other, r.Get("ExtraContext"), r.Get("ExtraExten"), r.Get("ExtraPriority")); err != nil {
			return errors.New("ExtraPriority is invalid")
		}
	}
	if other.HungUp() {
		return errors.New("Redirect failed, extra channel not up.")
	}
	r.Then = func() { channel.GotoBoth(ch, to, other, second) }
	return r.OK("Dual Redirect successful")
}

var errNoChannelThere = errors.New("Channel specified does not exist")

// transferer is the channel of a request, which may have to say where to.
func (s *Server) transferer(r *decl.ActionRequest, somewhere bool) (*channel.Channel, error) {
	switch {
	case r.Get("Channel") == "":
		return nil, errNoChannelNamed
	case somewhere && r.Get("Exten") == "":
		return nil, errors.New("No extension specified")
	}
	return s.find(r, nil, errNoChannelThere)
}

func (s *Server) blindTransfer(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.transferer(r, true)
	if err != nil {
		return err
	}
	to := channel.Location{Context: r.Get("Context"), Exten: r.Get("Exten"), Priority: 1}
	if to.Context == "" {
		to.Context = ch.Location().Context
	}
	peer := ch.Bridged()
	if peer == nil || peer.HungUp() {
		return errors.New("Transfer invalid")
	}
	if !s.deps.Engine.Match(to.Context, to.Exten, 1, peer.Identity().Caller.Number).Exists() {
		return errors.New("Transfer failed")
	}
	r.Then = func() {
		feature.Send(ch, peer, to, "")
		ch.SoftHangup(channel.CauseNormalClearing)
	}
	return r.OK("Transfer succeeded")
}

// attendedTransfer has the channel dial what its party would: the code, and the number.
func (s *Server) attendedTransfer(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.transferer(r, true)
	if err != nil {
		return err
	}
	exten := r.Get("Exten")
	code := ch.Features().AttendedTransfer
	if code == "" {
		return errors.New("No attended transfer feature code found")
	}
	r.Then = func() {
		if at := r.Get("Context"); at != "" {
			ch.SetVar("TRANSFER_CONTEXT", channel.Clean(at))
		}
		feature.Press(ch, code+exten)
	}
	return r.OK("Atxfer successfully queued")
}

// cancelTransfer has it dial the key that takes the transfer back.
func (s *Server) cancelTransfer(_ context.Context, r *decl.ActionRequest) error {
	ch, err := s.transferer(r, false)
	if err != nil {
		return err
	}
	code := ch.Features().Attended.Abort
	if code == "" {
		return errors.New("No disconnect feature code found")
	}
	r.Then = func() { feature.Press(ch, code) }
	return r.OK("CancelAtxfer successfully queued")
}

func (s *Server) join(_ context.Context, r *decl.ActionRequest) error {
	var two [2]*channel.Channel
	headers := []string{"Channel1", "Channel2"}
	if r.Get(headers[0]) == "" || r.Get(headers[1]) == "" {
		return errors.New("Missing channel parameter in request")
	}
	for i, header := range headers {
		name := r.Get(header)
		ch, ok := s.deps.Registry.Lookup(name)
		if !ok { // the beginning of a name will do
			ch, ok = s.deps.Registry.FindPrefix(name)
		}
		if !ok {
			return fmt.Errorf("%s does not exist: %s", header, name)
		}
		two[i] = ch
	}
	if two[0] == two[1] {
		return errors.New("Unable to bridge a channel with itself")
	}
	for i, ch := range two {
		if ch.State() != channel.Up || ch.HungUp() || ch.Owner() == nil && ch.Bridged() == nil {
			return fmt.Errorf("Unable to add %s to bridge: %s", headers[i], ch.Name())
		}
	}
	if err := channel.Together(two[0], two[1]); err != nil {
		return err
	}
	r.Then = func() { bridge.Join(two[0], two[1], bridge.Options{}) }
	return r.OK("Channels have been bridged")
}
