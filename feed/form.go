package feed

import (
	"slices"
	"strings"

	"pbx/event"
)

// form is how the events of one kind are written. The names are kept: programs depend
// on them.
type form struct {
	kind event.Kind
	name string
	help string
	// often tells an event that comes many times a call, or may hold what is secret:
	// one that who does not ask for it by name does not get.
	often bool
	// channel and dest add the fields of one or two channels.
	channel, dest bool
	own           []field
}

// fields are all of a form, in the order in which they are written.
func (f *form) fields() []field {
	list := slices.Clone(base)
	if f.channel {
		list = append(list, channelFields...)
	}
	if f.dest {
		list = append(list, destFields...)
	}
	for _, x := range f.own { // one that means something else here
		if i := slices.IndexFunc(list, func(y field) bool { return y.name == x.name }); i >= 0 {
			list[i] = x
			continue
		}
		list = append(list, x)
	}
	return list
}

func value(name, help string) field {
	return text(name, help, func(e *event.Event) string { return e.Value })
}

func named(name, help string) field {
	return text(name, help, func(e *event.Event) string { return e.Name })
}

func address(name, help string) field {
	return text(name, help, func(e *event.Event) string { return e.Address })
}

func data(name, help string) field {
	return text(name, help, func(e *event.Event) string { return e.AppData })
}

func cause() []field {
	return []field{
		count("cause", "the Q.850 cause", func(e *event.Event) int { return e.Cause }),
		text("cause_text", "its words", func(e *event.Event) string { return e.CauseText }),
	}
}

func bridge() []field {
	return []field{
		text("bridge", "the id of the bridge", func(e *event.Event) string { return e.Bridge }),
		number("members", "the channels in it", func(e *event.Event) int { return e.Members }),
	}
}

// parties are the four of an attended transfer, or the three of a blind one.
func parties() (list []field) {
	of := func(get func(d *event.TransferDetail) *event.Party) func(e *event.Event) *event.Party {
		return func(e *event.Event) *event.Party {
			if d, ok := e.Detail.(*event.TransferDetail); ok {
				return get(d)
			}
			return nil
		}
	}
	transferee := of(func(d *event.TransferDetail) *event.Party { return d.Transferee })
	for _, p := range []struct {
		prefix, who string
		get         func(e *event.Event) *event.Party
	}{
		{"transferer_", "who transfers", of(func(d *event.TransferDetail) *event.Party { return d.Transferer })},
		{"second_transferer_", "who transfers, in his second call", of(func(d *event.TransferDetail) *event.Party { return d.Second })},
		{"transferee_", "who is transferred", func(e *event.Event) *event.Party {
			if e.Name == "attended" {
				return transferee(e)
			}
			return e.Other
		}},
		{"target_", "whom he gets, of an attended transfer", of(func(d *event.TransferDetail) *event.Party { return d.Target })},
	} {
		list = append(list, party(p.prefix, p.who, p.get)...)
	}
	return list
}

// forms are all events, in the order in which docs/events.md tells them.
func forms() []form {
	app := []field{
		text("application", "that runs", func(e *event.Event) string { return e.App }),
		data("data", "its arguments"),
	}
	return []form{
		{kind: event.ChannelCreated, name: "channel.created", channel: true, help: "A leg of a call begins."},
		{kind: event.ChannelState, name: "channel.state", channel: true, help: "It rings, is up …"},
		{kind: event.ChannelHangup, name: "channel.hangup", channel: true, help: "It is over.", own: append(cause(), value("dial_status", "DIALSTATUS of its last Dial"))},
		{kind: event.HangupRequest, name: "channel.hangup_request", often: true, channel: true, help: "Its far end has hung up.", own: cause()},
		{kind: event.SoftHangup, name: "channel.leaving", often: true, channel: true, help: "Its dialplan is over.", own: cause()},
		{kind: event.NewCallerID, name: "channel.caller", channel: true, help: "It has another caller ID.", own: []field{value("presentation", "what may be shown, in words")}},
		{kind: event.NewConnectedLine, name: "channel.connected", channel: true, help: "It talks to somebody else."},
		{kind: event.AccountCode, name: "channel.account", channel: true, help: "It has another account code.", own: []field{value("old_account", "the one before")}},
		{kind: event.Hold, name: "channel.hold", channel: true, help: "Its phone puts the other end on hold."},
		{kind: event.Unhold, name: "channel.unhold", channel: true, help: "And takes it back."},
		{
			kind: event.Masquerade, name: "channel.masquerade", often: true, channel: true, help: "Another phone takes its place.",
			own: []field{text("old_phone", "the new name of the channel whose phone it had", func(e *event.Event) string { return e.Dest }), value("new_phone", "the name of the channel whose phone it got")},
		},
		{kind: event.Playing, name: "channel.playing", often: true, channel: true, help: "It hears a sound file.", own: []field{named("file", "its name"), value("file_language", "its language")}},
		{kind: event.Note, name: "channel.note", often: true, channel: true, help: "What the SIP driver remarks.", own: []field{named("note", "its kind"), value("text", "what it says"), data("call_id", "the SIP Call-ID")}},
		{kind: event.Feature, name: "channel.feature", channel: true, help: "A phone's button asks for a feature.", own: []field{named("feature", "as in features.conf"), value("setting", "on or off")}},

		{kind: event.DialBegin, name: "dial.begin", channel: true, dest: true, help: "A device is called.", own: []field{value("dial_string", "what was dialled")}},
		{kind: event.DialState, name: "dial.state", channel: true, dest: true, help: "It rings, or sends early audio.", own: []field{value("status", "RINGING, PROGRESS …")}},
		{kind: event.DialEnd, name: "dial.end", channel: true, dest: true, help: "It has answered, or will not.", own: []field{value("status", "ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL")}},
		{kind: event.DialFailed, name: "dial.failed", channel: true, help: "A device could not be called.", own: append([]field{value("destination", "TECH/resource")}, cause()...)},
		{kind: event.Forward, name: "dial.forward", channel: true, dest: true, help: "A called phone sends the call elsewhere.", own: []field{value("to", "where to")}},

		{kind: event.BridgeCreate, name: "bridge.created", often: true, help: "A bridge begins.", own: bridge()},
		{kind: event.BridgeJoin, name: "bridge.join", channel: true, help: "A channel joins a bridge: it talks.", own: bridge()},
		{kind: event.BridgeLeave, name: "bridge.leave", channel: true, help: "It leaves.", own: bridge()},
		{kind: event.BridgeDestroy, name: "bridge.destroyed", often: true, help: "The bridge is over.", own: bridge()},

		{kind: event.Transfer, name: "call.transfer", channel: true, help: "A call is transferred.", own: append([]field{
			named("method", "blind or attended"), text("bridge", "the bridge that it leaves", func(e *event.Event) string { return e.Bridge }),
		}, parties()...)},
		{kind: event.Pickup, name: "call.pickup", channel: true, dest: true, help: "A channel picks up a call that rings elsewhere: the other channel's."},
		{kind: event.Originated, name: "call.originated", dest: true, help: "How a call went that a program asked for.", own: append([]field{
			named("result", "Success or Failure"), value("call_id", "the id that POST /api/calls gave it"),
			number("reason", "4 answered, 5 busy, 3 rang out, 8 congestion, 1 hung up, 0 failed", func(e *event.Event) int { return e.State }),
			text("context", "where it goes", func(e *event.Event) string { return e.Context }), text("extension", "the extension there", func(e *event.Event) string { return e.Exten }),
			text("caller_number", "what the device was shown", func(e *event.Event) string { return e.CallerNum }), text("caller_name", "the name", func(e *event.Event) string { return e.CallerName }),
		}, app...)},
		{kind: event.MissedCall, name: "call.missed", help: "A user of missed.conf missed a call.", own: []field{
			named("user", ""), value("reason", "busy, no answer …"), text("linkedid", "the id of the first channel of the call", func(e *event.Event) string { return e.Linkedid }),
			text("caller_number", "who called", func(e *event.Event) string { return e.CallerNum }), text("caller_name", "his name", func(e *event.Event) string { return e.CallerName }),
			text("extension", "what he dialled", func(e *event.Event) string { return e.Exten }), record("as in docs/missed.md"),
		}},
		{kind: event.CallRecord, name: "call.record", help: "A call detail record.", own: []field{record("the columns of docs/cdr.md, with the names of its JSON")}},
		{kind: event.CallEvent, name: "call.cel", often: true, help: "A channel event (CEL).", own: []field{record("the columns of a channel event")}},
		{kind: event.HangupHandler, name: "call.handler", channel: true, help: "A subroutine for the end of the call is pushed, popped or run.", own: []field{named("what", "push, pop, run"), value("handler", "context,extension,priority(arguments)")}},
		{kind: event.UserLog, name: "call.log", channel: true, help: "CELGenUserEvent().", own: []field{named("name", "its first argument"), value("text", "its second")}},

		{kind: event.DTMFBegin, name: "dtmf.begin", often: true, channel: true, help: "A digit begins. Digits may be a PIN.", own: []field{value("digit", ""), named("direction", "Received without it")}},
		{kind: event.DTMFEnd, name: "dtmf.end", often: true, channel: true, help: "And ends.", own: []field{value("digit", ""), named("direction", "Received without it"), number("duration_ms", "", func(e *event.Event) int { return int(e.Duration.Milliseconds()) })}},

		{kind: event.RTCPSent, name: "rtcp.sent", often: true, channel: true, help: "An RTCP report leaves.", own: []field{lines("fields", "what AMI tells of it", func(e *event.Event) string { return e.AppData })}},
		{kind: event.RTCPReceived, name: "rtcp.received", often: true, channel: true, help: "An RTCP report comes.", own: []field{lines("fields", "what AMI tells of it", func(e *event.Event) string { return e.AppData })}},

		{kind: event.NewExten, name: "dialplan.step", often: true, channel: true, help: "A priority of the dialplan runs.", own: app},
		{kind: event.Application, name: "dialplan.application", often: true, channel: true, help: "An application runs at no priority.", own: app},
		{kind: event.VarSet, name: "dialplan.variable", often: true, channel: true, help: "A variable is set; a global one without a channel.", own: []field{named("variable", "its name"), value("value", "")}},

		{kind: event.AGIExecStart, name: "agi.command", often: true, channel: true, help: "An AGI program's command begins.", own: []field{named("command_id", ""), value("command", "")}},
		{kind: event.AGIExecEnd, name: "agi.result", often: true, channel: true, help: "And is over.", own: []field{
			named("command_id", ""), value("command", ""), number("code", "of the reply", func(e *event.Event) int { return e.Cause }), text("meaning", "of the code", func(e *event.Event) string { return e.CauseText }),
		}},
		{kind: event.AsyncAGIStart, name: "agi.async_begin", often: true, channel: true, help: "The call takes commands from managers.", own: []field{value("environment", "the agi_… lines")}},
		{kind: event.AsyncAGIExec, name: "agi.async_result", often: true, channel: true, help: "A manager's command is over.", own: []field{named("command_id", ""), value("reply", "")}},
		{kind: event.AsyncAGIEnd, name: "agi.async_end", often: true, channel: true, help: "It takes no more."},

		{kind: event.LocalBridge, name: "local.bridge", often: true, channel: true, dest: true, help: "The call through a Local channel begins."},
		{kind: event.LocalOptimize, name: "local.optimize", often: true, channel: true, dest: true, help: "A Local channel takes itself out.", own: []field{named("phase", "begin or end"), text("near", "the channel that takes its place", func(e *event.Event) string {
			if d, ok := e.Detail.(*event.OptimizeDetail); ok {
				return d.Source.Channel
			}
			return ""
		})}},

		{kind: event.PeerStatus, name: "peer.status", help: "A device registers, goes, answers or stops answering.", own: []field{named("peer", "SIP/name"), value("status", "Registered, Unregistered, Reachable, Lagged, Unreachable …"), address("address", "where it is")}},
		{kind: event.Registry, name: "registration.status", help: "Our registration with a provider.", own: []field{named("user", ""), address("domain", ""), value("status", "Registered, Rejected …")}},
		{kind: event.DeviceState, name: "device.state", help: "A device does something else.", own: []field{named("device", "SIP/name, Custom:name …"), value("state", "NOT_INUSE, INUSE, BUSY, UNAVAILABLE, RINGING, RINGINUSE, ONHOLD …")}},
		{kind: event.ExtensionState, name: "extension.state", help: "What the devices of a hint do together.", own: []field{
			text("context", "", func(e *event.Event) string { return e.Context }), text("extension", "", func(e *event.Event) string { return e.Exten }), named("hint", "its devices"),
			number("status", "as in AMI: 0 idle, 1 in use, 2 busy, 4 unavailable, 8 ringing, 16 on hold", func(e *event.Event) int { return e.State }),
		}},
		{kind: event.PresenceState, name: "presence.state", help: "What somebody says of himself.", own: []field{
			named("presentity", "CustomPresence:name, SIP:name"), value("state", "available, away, dnd …"), data("subtype", ""), text("message", "", func(e *event.Event) string { return e.StateText }),
		}},
		{kind: event.MessageWaiting, name: "mailbox.messages", help: "A mailbox has other messages.", own: []field{
			named("mailbox", "box@context"), number("new", "", func(e *event.Event) int { return e.State }), number("old", "", func(e *event.Event) int { return e.Priority }),
		}},

		{kind: event.UserEvent, name: "user.event", channel: true, help: "UserEvent() of the dialplan or AMI.", own: []field{named("name", "its first argument"), lines("fields", "the others", func(e *event.Event) string { return e.Value })}},
		{kind: event.Security, name: "security.event", help: "Somebody did not get in, or is kept out.", own: []field{
			named("what", "InvalidPassword, ChallengeResponseFailed, AddressBanned …"), value("account", "who he says he is, or what is known"), address("address", "where from"),
			lines("fields", "what AMI tells of it", func(e *event.Event) string { return e.AppData }),
		}},
		{kind: event.Reload, name: "system.reload", help: "Files were read again.", own: []field{named("part", "all of them without it"), number("status", "0 for well", func(e *event.Event) int { return e.State })}},
		{kind: event.Shutdown, name: "system.shutdown", help: "The exchange ends."},
	}
}

// table is forms by kind and by name, each with its fields.
type table struct {
	byKind map[event.Kind]*entry
	names  []string
	fields []string // of any form
}

type entry struct {
	form
	all []field
	// label is the event's name as it stands in JSON.
	label string
}

func newTable() *table {
	t := &table{byKind: make(map[event.Kind]*entry)}
	for _, f := range forms() {
		e := &entry{form: f, all: f.fields(), label: `,"event":"` + f.name + `"`}
		t.byKind[f.kind] = e
		t.names = append(t.names, f.name)
		for _, x := range e.all {
			if !slices.Contains(t.fields, x.name) {
				t.fields = append(t.fields, x.name)
			}
		}
	}
	return t
}

// append writes an event down. want are the fields that are wanted beside id and event,
// nil for all.
func (t *entry) append(b []byte, id string, e *event.Event, want map[string]bool) []byte {
	b = append(b, `{"id":"`...)
	b = append(b, id...)
	b = append(append(b, '"'), t.label...)
	for i := range t.all {
		f := &t.all[i]
		if f.add == nil || want != nil && !want[f.name] {
			continue
		}
		start := len(b)
		b = append(b, `,"`...)
		b = append(b, f.name...)
		b = append(b, `":`...)
		n := len(b)
		if b = f.add(b, e); len(b) == n {
			b = b[:start]
		}
	}
	return append(b, '}')
}

// known reports whether a pattern such as channel.* is for any event.
func (t *table) known(pattern string) bool {
	return slices.ContainsFunc(t.names, func(name string) bool { return matches(pattern, name) })
}

// matches reports whether a pattern is for an event: its name, or with * at the end what
// it begins with.
func matches(pattern, name string) bool {
	if start, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, start)
	}
	return pattern == name
}
