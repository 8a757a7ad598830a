package manager

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/event"
	"pbx/funcs"
)

// page is an event that is being written, as it goes on the wire.
type page struct {
	text    []byte
	prefix  string                   // of the names of fields
	vars    func(ch string, w *page) // channelvars
	records *Records
}

func (w *page) line(name, value string) {
	w.name(name)
	w.text = append(append(w.text, clean(value)...), "\r\n"...)
}

func (w *page) number(name string, n int) {
	w.name(name)
	w.text = append(strconv.AppendInt(w.text, int64(n), 10), "\r\n"...)
}

func (w *page) name(name string) {
	w.text = append(append(append(w.text, w.prefix...), name...), ": "...)
}

// clean keeps a value on its line, as C would write it.
func clean(s string) string {
	i := 0
	for i < len(s) && (s[i] >= ' ' && s[i] != 0x7f || s[i] == '\t') {
		i++
	}
	if i == len(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' && r != '\t' || r == 0x7f:
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// known is a party's name or number, or the word for one that is not known.
func known(s string) string { return cmp.Or(s, "<unknown>") }

// snapshot writes what is told of the channel that an event is about, or of another
// one with a prefix.
func (w *page) snapshot(prefix string, p *event.Party) {
	if p == nil || p.Channel == "" {
		return
	}
	w.prefix = prefix
	w.line("Channel", p.Channel)
	w.number("ChannelState", p.State)
	w.line("ChannelStateDesc", p.StateText)
	w.line("CallerIDNum", known(p.CallerNum))
	w.line("CallerIDName", known(p.CallerName))
	w.line("ConnectedLineNum", known(p.ConnectedNum))
	w.line("ConnectedLineName", known(p.ConnectedName))
	w.line("Language", cmp.Or(p.Language, "en"))
	w.line("AccountCode", p.AccountCode)
	w.line("Context", p.Context)
	w.line("Exten", p.Exten)
	w.number("Priority", p.Priority)
	w.line("Uniqueid", p.Uniqueid)
	w.line("Linkedid", p.Linkedid)
	if w.vars != nil {
		w.vars(p.Channel, w)
	}
	w.prefix = ""
}

// own is the channel that an event is about.
func own(e *event.Event) *event.Party {
	return &event.Party{
		Channel: e.Channel, Uniqueid: e.Uniqueid, Linkedid: e.Linkedid, State: e.State, StateText: e.StateText,
		CallerNum: e.CallerNum, CallerName: e.CallerName, ConnectedNum: e.ConnectedNum, ConnectedName: e.ConnectedName,
		AccountCode: e.AccountCode, Language: e.Language, Context: e.Context, Exten: e.Exten, Priority: e.Priority,
	}
}

// bridge writes what is told of a bridge.
func (w *page) bridge(prefix, id string, members int) {
	w.prefix = prefix
	w.line("BridgeUniqueid", id)
	w.line("BridgeType", "basic")
	w.line("BridgeTechnology", bridgeTechnology(members))
	w.line("BridgeCreator", "<unknown>")
	w.line("BridgeName", "<unknown>")
	w.number("BridgeNumChannels", members)
	w.line("BridgeVideoSourceMode", "none")
	w.prefix = ""
}

// bridgeTechnology is what the field calls a bridge of so many channels: more than two
// are mixed.
func bridgeTechnology(members int) string {
	if members > 2 {
		return "softmix"
	}
	return "simple_bridge"
}

// lines writes "Header: value" lines that are joined with line feeds.
func (w *page) lines(text string) {
	for l := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(l, ":"); ok {
			w.line(name, strings.TrimPrefix(value, " "))
		}
	}
}

// begin starts an event.
func (s *Server) begin(w *page, class Class, name string, at time.Time) {
	conf := s.settings.Load()
	w.line("Event", name)
	w.line("Privilege", class.privilege())
	if conf.Timestamps {
		w.line("Timestamp", fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000))
	}
	if s.deps.SystemName != nil {
		if name := s.deps.SystemName(); name != "" {
			w.line("SystemName", name)
		}
	}
	if len(conf.ChannelVars) > 0 {
		w.vars = s.channelVariables
	}
}

// channelVariables writes the variables of channelvars.
func (s *Server) channelVariables(name string, w *page) {
	ch, ok := s.deps.Registry.Find(name)
	if !ok {
		return
	}
	for _, v := range s.settings.Load().ChannelVars {
		value, err := s.deps.Engine.Read(ch, v, true)
		if err == nil {
			w.line("ChanVariable", v+"="+value.S)
		}
	}
}

// render writes an event of the bus on a page that may have been written on before. One
// that programs are not told of has no name.
func (s *Server) render(w *page, e *event.Event) (class Class, name string) {
	r, ok := renderers[e.Kind]
	if !ok {
		return 0, ""
	}
	name = r.name
	if r.named != nil {
		if name = r.named(e); name == "" {
			return 0, ""
		}
	}
	settings := s.settings.Load()
	if slices.Contains(settings.Disabled, name) {
		return 0, ""
	}
	*w = page{text: w.text[:0], records: &settings.Records}
	s.begin(w, r.class, name, e.Time)
	r.write(w, e)
	w.text = append(w.text, "\r\n"...)
	return r.class, name
}

// renderer says how an event of the bus is written.
type renderer struct {
	class Class
	name  string
	named func(e *event.Event) string // instead of name
	write func(w *page, e *event.Event)
}

// about is an event that tells of its channel, and then what more says.
func about(class Class, name string, more func(w *page, e *event.Event)) renderer {
	return renderer{class: class, name: name, write: func(w *page, e *event.Event) {
		w.snapshot("", own(e))
		if more != nil {
			more(w, e)
		}
	}}
}

// dialling is an event about two channels.
func dialling(name, field string) renderer {
	return renderer{class: ClassCall, name: name, write: func(w *page, e *event.Event) {
		w.snapshot("", own(e))
		w.snapshot("Dest", e.Other)
		w.line(field, e.Value)
	}}
}

func bridged(name string, channel bool) renderer {
	return renderer{class: ClassCall, name: name, write: func(w *page, e *event.Event) {
		w.bridge("", e.Bridge, e.Members)
		if channel {
			w.snapshot("", own(e))
		}
	}}
}

// softHangupCause is the number that the ancestor shows: it is no cause.
const softHangupCause = 16

var renderers = map[event.Kind]renderer{
	event.ChannelCreated: about(ClassCall, "Newchannel", nil),
	event.ChannelState:   about(ClassCall, "Newstate", nil),
	event.ChannelHangup: about(ClassCall, "Hangup", func(w *page, e *event.Event) {
		w.number("Cause", e.Cause)
		w.line("Cause-txt", e.CauseText)
	}),
	event.HangupRequest: about(ClassCall, "HangupRequest", func(w *page, e *event.Event) {
		if e.Cause != 0 {
			w.number("Cause", e.Cause)
		}
	}),
	event.SoftHangup: about(ClassCall, "SoftHangupRequest", func(w *page, _ *event.Event) { w.number("Cause", softHangupCause) }),
	event.NewExten: about(ClassDialplan, "Newexten", func(w *page, e *event.Event) {
		w.line("Extension", e.Exten)
		w.line("Application", e.App)
		w.line("AppData", e.AppData)
	}),
	event.NewCallerID:      about(ClassCall, "NewCallerid", func(w *page, e *event.Event) { w.line("CID-CallingPres", e.Value) }),
	event.NewConnectedLine: about(ClassCall, "NewConnectedLine", nil),
	event.AccountCode:      about(ClassCall, "NewAccountCode", func(w *page, e *event.Event) { w.line("OldAccountCode", e.Value) }),
	event.VarSet: {class: ClassDialplan, name: "VarSet", write: func(w *page, e *event.Event) {
		if e.Channel == "" {
			w.line("Channel", "none")
			w.line("Uniqueid", "none")
		}
		w.snapshot("", own(e))
		w.line("Variable", e.Name)
		w.line("Value", e.Value)
	}},
	event.HangupHandler: {class: ClassDialplan, named: handlerEvent, write: func(w *page, e *event.Event) {
		w.snapshot("", own(e))
		w.line("Handler", e.Value)
	}},
	event.DialBegin:     dialling("DialBegin", "DialString"),
	event.DialState:     dialling("DialState", "DialStatus"),
	event.DialEnd:       dialling("DialEnd", "DialStatus"),
	event.BridgeCreate:  bridged("BridgeCreate", false),
	event.BridgeJoin:    bridged("BridgeEnter", true),
	event.BridgeLeave:   bridged("BridgeLeave", true),
	event.BridgeDestroy: bridged("BridgeDestroy", false),
	event.Hold:          about(ClassCall, "Hold", nil),
	event.Unhold:        about(ClassCall, "Unhold", nil),
	event.DTMFBegin: about(ClassDTMF, "DTMFBegin", func(w *page, e *event.Event) {
		w.line("Digit", e.Value)
		w.line("Direction", cmp.Or(e.Name, "Received"))
	}),
	event.DTMFEnd: about(ClassDTMF, "DTMFEnd", func(w *page, e *event.Event) {
		w.line("Digit", e.Value)
		w.number("DurationMs", int(e.Duration.Milliseconds()))
		w.line("Direction", cmp.Or(e.Name, "Received"))
	}),
	event.PeerStatus: {class: ClassSystem, name: "PeerStatus", write: func(w *page, e *event.Event) {
		tech, _, _ := strings.Cut(e.Name, "/")
		w.line("ChannelType", tech)
		w.line("Peer", e.Name)
		w.line("PeerStatus", e.Value)
		if e.Address != "" {
			w.line("Address", e.Address)
		}
	}},
	event.Registry: {class: ClassSystem, name: "Registry", write: func(w *page, e *event.Event) {
		w.line("ChannelType", "SIP")
		w.line("Username", e.Name)
		w.line("Domain", e.Address)
		w.line("Status", e.Value)
	}},
	event.DeviceState: {class: ClassCall, name: "DeviceStateChange", write: func(w *page, e *event.Event) {
		w.line("Device", e.Name)
		w.line("State", e.Value)
	}},
	event.ExtensionState: {class: ClassCall, name: "ExtensionStatus", write: func(w *page, e *event.Event) {
		w.line("Exten", e.Exten)
		w.line("Context", e.Context)
		w.line("Hint", e.Name)
		w.number("Status", e.State)
		w.line("StatusText", channel.ExtensionState(e.State).String())
	}},
	event.PresenceState: {class: ClassCall, name: "PresenceStateChange", write: func(w *page, e *event.Event) {
		w.line("Presentity", e.Name)
		w.line("Status", e.Value)
		w.line("Subtype", e.AppData)
		w.line("Message", e.StateText)
	}},
	event.MessageWaiting: {class: ClassCall, name: "MessageWaiting", write: func(w *page, e *event.Event) {
		waiting := 0
		if e.State > 0 {
			waiting = 1
		}
		w.line("Mailbox", e.Name)
		w.number("Waiting", waiting)
		w.number("New", e.State)
		w.number("Old", e.Priority)
	}},
	event.Security: {class: ClassSecurity, named: func(e *event.Event) string {
		if e.AppData == "" { // the driver told of it in its own words only
			return ""
		}
		return e.Name
	}, write: func(w *page, e *event.Event) { w.lines(e.AppData) }},
	event.RTCPSent:     about(ClassReporting, "RTCPSent", func(w *page, e *event.Event) { w.lines(e.AppData) }),
	event.RTCPReceived: about(ClassReporting, "RTCPReceived", func(w *page, e *event.Event) { w.lines(e.AppData) }),
	event.Reload: {class: ClassSystem, name: "Reload", write: func(w *page, e *event.Event) {
		w.line("Module", cmp.Or(e.Name, "All"))
		w.number("Status", e.State)
	}},
	event.Shutdown: {class: ClassSystem, name: "Shutdown", write: func(w *page, e *event.Event) {
		w.line("Shutdown", "Cleanly")
		w.line("Restart", cmp.Or(e.Value, "False"))
	}},
	event.UserEvent: {class: ClassUser, name: "UserEvent", write: func(w *page, e *event.Event) {
		w.snapshot("", own(e))
		w.line("UserEvent", e.Name)
		w.lines(e.Value)
	}},
	event.Transfer: {class: ClassCall, named: func(e *event.Event) string {
		if e.Name == "attended" {
			return "AttendedTransfer"
		}
		return "BlindTransfer"
	}, write: transferred},
	event.Pickup: {class: ClassCall, name: "Pickup", write: func(w *page, e *event.Event) {
		w.snapshot("", own(e))
		w.snapshot("Target", e.Other)
	}},
	event.LocalBridge: {class: ClassCall, name: "LocalBridge", write: func(w *page, e *event.Event) {
		w.snapshot("LocalOne", e.Other)
		w.snapshot("LocalTwo", own(e))
		w.line("Context", e.Context)
		w.line("Exten", e.Exten)
		w.line("LocalOptimization", cmp.Or(e.Value, "Yes"))
	}},
	event.LocalOptimize: {class: ClassCall, named: func(e *event.Event) string {
		if e.Name == "begin" {
			return "LocalOptimizationBegin"
		}
		return "LocalOptimizationEnd"
	}, write: func(w *page, e *event.Event) {
		d := detail[event.OptimizeDetail](e)
		w.snapshot("LocalOne", own(e))
		w.snapshot("LocalTwo", e.Other)
		if e.Name != "begin" {
			w.line("Success", "No") // what programs know of every one, however it went
		} else {
			w.snapshot("Source", d.Source)
			w.line("DestUniqueId", d.DestUniqueid)
		}
		w.line("Id", strconv.FormatUint(d.ID, 10))
	}},
	event.CallRecord: {class: ClassCDR, name: "Cdr", write: callRecord},
	event.CallEvent:  {class: ClassCall, name: "CEL", write: channelEvent},
	event.AGIExecStart: about(ClassAGI, "AGIExecStart", func(w *page, e *event.Event) {
		w.line("CommandId", e.Name)
		w.line("Command", e.Value)
	}),
	event.AGIExecEnd: about(ClassAGI, "AGIExecEnd", func(w *page, e *event.Event) {
		w.line("CommandId", e.Name)
		w.line("Command", e.Value)
		w.number("ResultCode", e.Cause)
		w.line("Result", e.CauseText)
	}),
	event.AsyncAGIStart: about(ClassAGI, "AsyncAGIStart", func(w *page, e *event.Event) { w.line("Env", funcs.EncodeURI(e.Value)) }),
	event.AsyncAGIExec: about(ClassAGI, "AsyncAGIExec", func(w *page, e *event.Event) {
		w.line("Result", funcs.EncodeURI(e.Value))
		if e.Name != "" {
			w.line("CommandId", e.Name)
		}
	}),
	event.AsyncAGIEnd: about(ClassAGI, "AsyncAGIEnd", nil),
	event.Originated: {class: ClassCall, name: "OriginateResponse", write: func(w *page, e *event.Event) {
		if e.Address != "" {
			w.line("ActionID", e.Address)
		}
		w.line("Response", e.Name)
		w.line("Channel", e.Dest)
		if e.App != "" {
			w.line("Application", e.App)
			w.line("Data", e.AppData)
		} else {
			w.line("Context", e.Context)
			w.line("Exten", e.Exten)
		}
		w.number("Reason", e.State)
		w.line("Uniqueid", known(e.DestUniqueid))
		w.line("CallerIDNum", known(e.CallerNum))
		w.line("CallerIDName", known(e.CallerName))
	}},
}

// handlerEvent is the name of the event that tells of a hang-up handler.
func handlerEvent(e *event.Event) string {
	switch e.Name {
	case "push":
		return "HangupHandlerPush"
	case "pop":
		return "HangupHandlerPop"
	case "run":
		return "HangupHandlerRun"
	}
	return ""
}

// detail is the Detail of an event, an empty one where it has none: who publishes it
// need not make one while nobody listens, and somebody may begin to meanwhile.
func detail[T any](e *event.Event) *T {
	if d, ok := e.Detail.(*T); ok && d != nil {
		return d
	}
	return new(T)
}

// transferred writes what is told of a transfer.
func transferred(w *page, e *event.Event) {
	d := detail[event.TransferDetail](e)
	w.line("Result", "Success")
	if e.Name != "attended" {
		external := "Yes"
		if e.Value == event.ByDigits {
			external = "No"
		}
		w.snapshot("Transferer", d.Transferer)
		w.snapshot("Transferee", e.Other)
		if e.Bridge != "" {
			w.bridge("", e.Bridge, 2)
		}
		w.line("IsExternal", external)
		w.line("Context", e.Context)
		w.line("Extension", e.Exten)
		return
	}
	w.snapshot("OrigTransferer", d.Transferer)
	if e.Bridge != "" {
		w.bridge("Orig", e.Bridge, 2)
	}
	w.snapshot("SecondTransferer", d.Second)
	if d.SecondBridge != "" {
		w.bridge("Second", d.SecondBridge, d.SecondMembers)
	}
	w.snapshot("Transferee", d.Transferee)
	w.snapshot("TransferTarget", d.Target)
	w.line("IsExternal", "No")
	if d.DestBridge == "" {
		w.line("DestType", "App")
		w.line("DestApp", d.DestApp)
		return
	}
	w.line("DestType", "Bridge")
	w.line("DestBridgeUniqueid", d.DestBridge)
}
