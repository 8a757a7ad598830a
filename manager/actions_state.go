package manager

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/channel/devstate"
	"pbx/decl"
)

// Device is a device with its state.
type Device struct {
	Name  string
	State channel.DeviceState
}

// stateActions tell and set states of extensions, devices, people and mailboxes.
func (s *Server) stateActions() []decl.Action {
	both, writes := []string{"call", "reporting"}, []string{"system", "call", "user"}
	box := []decl.Arg{{Name: "Mailbox", Help: "box@context"}}
	return []decl.Action{
		{
			Name: "ExtensionState", Synopsis: "Check Extension Status.", Classes: both, Run: s.extensionState,
			Help: "Tells what the devices of a hint do.", Args: []decl.Arg{{Name: "Exten"}, {Name: "Context", Optional: true}},
		},
		{Name: "ExtensionStateList", Synopsis: "List the current known extension states.", Help: "Lists the hints.", Classes: both, Run: s.extensionStates},
		{Name: "DeviceStateList", Synopsis: "List the current known device states.", Help: "Lists devices with what they do.", Classes: both, Run: s.deviceStates},
		{
			Name: "PresenceState", Synopsis: "Check Presence State", Classes: both, Run: s.presenceState,
			Help: "Tells what somebody says of himself.", Args: []decl.Arg{{Name: "Provider", Help: "such as CustomPresence:anna"}},
		},
		{Name: "PresenceStateList", Synopsis: "List the current known presence states.", Help: "Lists the custom presence states.", Classes: both, Run: s.presenceStates},
		{Name: "MailboxStatus", Synopsis: "Check mailbox.", Classes: both, Run: s.mailboxStatus, Help: "Tells whether messages wait.", Args: box},
		{Name: "MailboxCount", Synopsis: "Check Mailbox Message Count.", Classes: both, Run: s.mailboxCount, Help: "Tells how many messages wait.", Args: box},
		{
			Name: "MWIGet", Synopsis: "Get selected mailboxes with message counts.", Classes: both, Run: s.mwiGet,
			Help: "Lists mailboxes: one, or those whose names match a regular expression between slashes.", Args: []decl.Arg{{Name: "Mailbox"}},
		},
		{
			Name: "MWIUpdate", Synopsis: "Update the mailbox message counts.", Classes: writes, Run: s.mwiUpdate,
			Help: "Sets the counts of a mailbox that is kept elsewhere.", Args: append(box[:1:1], decl.Arg{Name: "OldMessages", Optional: true}, decl.Arg{Name: "NewMessages", Optional: true}),
		},
		{
			Name: "MWIDelete", Synopsis: "Delete selected mailboxes.", Classes: writes, Run: s.mwiDelete,
			Help: "Forgets mailboxes that are kept elsewhere.", Args: []decl.Arg{{Name: "Mailbox"}},
		},
	}
}

func (s *Server) extensionState(_ context.Context, r *decl.ActionRequest) error {
	exten, plan := r.Get("Exten"), r.Get("Context")
	if exten == "" {
		return errors.New("Extension not specified")
	}
	if plan == "" {
		plan = "default"
	}
	state, text := -1, "Unknown"
	if st, ok := s.deps.Engine.ExtensionState(plan, exten); ok {
		state, text = int(st), st.String()
	}
	r.Response("Success")
	r.Field("Message", "Extension Status")
	r.Field("Exten", exten)
	r.Field("Context", plan)
	r.Field("Hint", s.deps.Engine.Hint(plan, exten))
	r.Field("Status", state)
	r.Field("StatusText", text)
	r.End()
	return nil
}

func (s *Server) extensionStates(_ context.Context, r *decl.ActionRequest) error {
	list, err := s.deps.Hints.List()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("No dialplan hints are available")
	}
	r.List("Extension Statuses will follow")
	for _, h := range list {
		r.Entry("ExtensionStatus", "Exten", h.Exten, "Context", h.Context, "Hint", h.Text, "Status", int(h.State), "StatusText", h.State.String())
	}
	return r.Done("ExtensionStateListComplete")
}

func (s *Server) deviceStates(_ context.Context, r *decl.ActionRequest) error {
	r.List("Device State Changes will follow")
	for _, d := range s.deps.Devices() {
		r.Entry("DeviceStateChange", "Device", d.Name, "State", d.State.String())
	}
	return r.Done("DeviceStateListComplete")
}

func (s *Server) presenceState(_ context.Context, r *decl.ActionRequest) error {
	provider := r.Get("Provider")
	if provider == "" {
		return errors.New("No provider specified")
	}
	p, ok := s.deps.Registry.Presence(provider)
	if !ok {
		return errors.New("Invalid provider " + provider + " or provider in invalid state")
	}
	r.Response("Success")
	r.Field("Message", "Presence State")
	r.Field("State", p.State.String())
	if p.Subtype != "" {
		r.Field("Subtype", p.Subtype)
	}
	if p.Message != "" {
		// The first Message of the answer is another one.
		r.Field("Message", p.Message)
		r.Field("PresenceMessage", p.Message)
	}
	r.End()
	return nil
}

func (s *Server) presenceStates(_ context.Context, r *decl.ActionRequest) error {
	r.List("Presence State Changes will follow")
	names, states := s.deps.States.PresenceByName()
	for _, name := range names {
		p := states[name]
		r.Entry("PresenceStateChange", "Presentity", devstate.CustomPresence+":"+name, "Status", p.State.String(), "Subtype", p.Subtype, "Message", p.Message)
	}
	return r.Done("PresenceStateListComplete")
}

var errNoMailbox = errors.New("Mailbox not specified")

func (s *Server) mailboxStatus(_ context.Context, r *decl.ActionRequest) error {
	box := r.Get("Mailbox")
	if box == "" {
		return errNoMailbox
	}
	waiting := 0
	for one := range strings.SplitSeq(box, ",") {
		if m, _ := s.deps.States.Messages(one); m.Waiting() {
			waiting = 1
		}
	}
	r.Response("Success")
	r.Field("Message", "Mailbox Status")
	r.Field("Mailbox", box)
	r.Field("Waiting", waiting)
	r.End()
	return nil
}

func (s *Server) mailboxCount(_ context.Context, r *decl.ActionRequest) error {
	box := r.Get("Mailbox")
	if box == "" {
		return errNoMailbox
	}
	var sum channel.Messages
	for one := range strings.SplitSeq(box, ",") {
		m, _ := s.deps.States.Messages(one)
		sum.New, sum.Old, sum.UrgentNew, sum.UrgentOld = sum.New+m.New, sum.Old+m.Old, sum.UrgentNew+m.UrgentNew, sum.UrgentOld+m.UrgentOld
	}
	r.Response("Success")
	r.Field("Message", "Mailbox Message Count")
	r.Field("Mailbox", box)
	r.Field("UrgMessages", sum.UrgentNew)
	r.Field("NewMessages", sum.New)
	r.Field("OldMessages", sum.Old+sum.UrgentOld)
	r.End()
	return nil
}

// boxes are the external mailboxes that a request names.
func (s *Server) boxes(r *decl.ActionRequest) ([]string, error) {
	name := r.Get("Mailbox")
	if name == "" {
		return nil, errors.New("Missing mailbox parameter in request")
	}
	if name[0] != '/' {
		return []string{devstate.Box(name)}, nil
	}
	if len(name) < 2 || name[len(name)-1] != '/' {
		return nil, errors.New("Mailbox regex format invalid in: " + name)
	}
	re, err := regexp.Compile(name[1 : len(name)-1])
	if err != nil {
		return nil, errors.New("Mailbox container creation failure")
	}
	var out []string
	for _, box := range s.deps.States.Mailboxes() {
		if re.MatchString(box) {
			out = append(out, box)
		}
	}
	return out, nil
}

func (s *Server) mwiGet(_ context.Context, r *decl.ActionRequest) error {
	boxes, err := s.boxes(r)
	if err != nil {
		return err
	}
	r.List("Mailboxes will follow")
	for _, box := range boxes {
		if m, ok := s.deps.States.Messages(box); ok {
			r.EntryLast("MWIGet", "Mailbox", box, "OldMessages", m.Old+m.UrgentOld, "NewMessages", m.New+m.UrgentNew)
		}
	}
	return r.Done("MWIGetComplete")
}

func (s *Server) mwiUpdate(_ context.Context, r *decl.ActionRequest) error {
	box := r.Get("Mailbox")
	if box == "" {
		return errors.New("Missing mailbox parameter in request")
	}
	var m channel.Messages
	for _, count := range []struct {
		name string
		to   *int
	}{{"OldMessages", &m.Old}, {"NewMessages", &m.New}} {
		if text := r.Get(count.name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return fmt.Errorf("Invalid %s: %s", count.name, text)
			}
			*count.to = n
		}
	}
	s.deps.States.UpdateMailbox(devstate.Box(box), m)
	return r.OK("")
}

func (s *Server) mwiDelete(_ context.Context, r *decl.ActionRequest) error {
	boxes, err := s.boxes(r)
	if err != nil {
		return err
	}
	for _, box := range boxes {
		s.deps.States.DeleteMailbox(box)
	}
	return r.OK("")
}
