package cel

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"pbx/event"
)

// Settings are the [general] section of cel.conf.
type Settings struct {
	Enable bool
	// Events are the types to write, All every one; Apps the applications, in lower
	// case, whose beginning and end are events.
	Events map[string]bool
	All    bool
	Apps   map[string]bool
	// TimeLayout is a Go layout for the time; "" is seconds with six decimals.
	TimeLayout string
}

// Wanted reports whether events of a type are written.
func (s *Settings) Wanted(kind string) bool { return s.Enable && (s.All || s.Events[kind]) }

// Tracked are the events that are written, in the order of their numbers.
func (s *Settings) Tracked() (names []string) {
	for name := range numbers {
		if s.All || s.Events[name] {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return numbers[a] - numbers[b] })
	if s.All {
		names = slices.Insert(names, 0, "ALL")
	}
	return names
}

// channel is what the engine knows of one.
type channel struct {
	name, uniqueid, linkedid       string
	callerName, number, ani, rdnis string
	dnid, account, ama             string
	context, exten, app, data      string
	peer, bridge, source           string
	peerAccount                    string // of whom it talked to last
	dialStatus                     string // of the first of its calls that failed, ANSWER if one was answered
	dialled, running               bool   // running: APP_START was written for app
}

// Engine makes rows of events.
type Engine struct {
	emit func([]*Row)
	boot string

	mu       sync.Mutex
	settings Settings
	channels map[string]*channel
	bridges  map[string][]*channel
	linked   map[string]int
	n        int64
	out      []*Row
	bus      *event.Bus
	sub      *event.Subscription
}

// New makes an engine that reads bus while s asks for something, and hands rows to emit, which must
// not block.
func New(bus *event.Bus, start time.Time, s Settings, emit func([]*Row)) *Engine {
	e := &Engine{
		bus: bus, emit: emit, boot: strconv.FormatInt(start.UnixNano(), 36),
		channels: map[string]*channel{}, bridges: map[string][]*channel{}, linked: map[string]int{},
	}
	e.Configure(s)
	return e
}

// Configure changes the settings. Calls that are up when the log is switched on are not in it.
func (e *Engine) Configure(s Settings) {
	e.mu.Lock()
	e.settings = s
	on := s.Enable && (s.All || len(s.Events) > 0)
	was := e.sub
	if !on {
		e.sub = nil
		e.channels, e.bridges, e.linked = map[string]*channel{}, map[string][]*channel{}, map[string]int{}
	}
	e.mu.Unlock()
	switch {
	case on && was == nil:
		sub := e.bus.Observe(e.handle, event.ChannelCreated, event.ChannelState, event.ChannelHangup, event.NewExten, event.NewCallerID,
			event.AccountCode, event.BridgeJoin, event.BridgeLeave, event.Transfer, event.Pickup, event.Forward, event.LocalOptimize,
			event.UserLog, event.DTMFEnd, event.HangupRequest, event.SoftHangup, event.DialEnd)
		e.mu.Lock()
		e.sub = sub
		e.mu.Unlock()
	case !on && was != nil:
		was.Close()
	}
}

// Settings are those in use.
func (e *Engine) Settings() Settings {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settings
}

// Close lets go of the bus.
func (e *Engine) Close() { e.Configure(Settings{}) }

func (e *Engine) handle(ev *event.Event) {
	e.mu.Lock()
	e.step(ev)
	rows := e.out
	e.out = nil
	e.mu.Unlock()
	if len(rows) > 0 {
		e.emit(rows)
	}
}

func (c *channel) take(ev *event.Event) {
	c.name, c.linkedid = ev.Channel, ev.Linkedid
	c.callerName, c.number, c.ani, c.rdnis, c.dnid = ev.CallerName, ev.CallerNum, ev.CallerANI, ev.RDNIS, ev.DNID
	c.account, c.ama = ev.AccountCode, ev.AMAFlags
}

// write adds a row about c.
func (e *Engine) write(kind string, c *channel, at time.Time, extra string) *Row {
	if !e.settings.Wanted(kind) {
		return new(Row)
	}
	e.n++
	r := &Row{
		ID: e.boot + "-" + strconv.FormatInt(e.n, 10), Type: kind, Time: at, TimeText: e.settings.time(at),
		Name: c.callerName, Number: c.number, ANI: c.ani, RDNIS: c.rdnis, DNID: c.dnid,
		Exten: c.exten, Context: c.context, Channel: c.name, App: c.app, AppData: c.data, AMAFlags: amaNumber(c.ama),
		AccountCode: c.account, PeerAccount: c.peerAccount, UniqueID: c.uniqueid, LinkedID: c.linkedid, Peer: c.peer, Extra: extra,
	}
	e.out = append(e.out, r)
	return r
}

func (s *Settings) time(t time.Time) string {
	if s.TimeLayout != "" {
		return t.Local().Format(s.TimeLayout)
	}
	return strconv.FormatInt(t.Unix(), 10) + "." + strconv.FormatInt(int64(t.Nanosecond()/1000)+1_000_000, 10)[1:]
}

func amaNumber(s string) int {
	switch strings.ToLower(s) {
	case "omit":
		return 1
	case "billing":
		return 2
	}
	return 3
}

func (e *Engine) step(ev *event.Event) {
	c := e.channels[ev.Uniqueid]
	if c == nil {
		if ev.Kind == event.ChannelCreated {
			e.create(ev)
		}
		return
	}
	e.relink(c, ev.Linkedid, ev.Time)
	c.take(ev)
	switch ev.Kind {
	case event.ChannelState:
		if ev.StateText == "Up" {
			e.write("ANSWER", c, ev.Time, "")
		}
	case event.NewExten:
		e.exten(c, ev)
	case event.BridgeJoin:
		e.join(c, ev)
	case event.BridgeLeave:
		e.leave(c, ev.Bridge, ev.Time)
	case event.HangupRequest:
		c.source = c.name
		for _, other := range e.bridges[c.bridge] {
			other.source = c.name
		}
	case event.SoftHangup:
		if c.source == "" && c.app == "Hangup" {
			c.source = "dialplan/builtin"
		}
		e.endApp(c, ev.Time)
		c.app, c.data = "", ""
	case event.Transfer:
		e.transfer(c, ev)
	case event.Pickup: // told of who picked up, and written for the channel that rang
		if rang := e.channels[ev.DestUniqueid]; rang != nil {
			e.write("PICKUP", rang, ev.Time, pairs("pickup_channel", c.name, "pickup_channel_uniqueid", c.uniqueid))
		}
	case event.DialEnd:
		if c.dialStatus == "" || ev.Value == "ANSWER" {
			c.dialStatus = ev.Value
		}
	case event.Forward:
		e.write("FORWARD", c, ev.Time, pairs("forward", ev.Value))
	case event.LocalOptimize:
		kind := map[string]string{"begin": "LOCAL_OPTIMIZE_BEGIN", "end": "LOCAL_OPTIMIZE"}[ev.Name]
		e.write(kind, c, ev.Time, pairs("local_two", ev.Dest, "local_two_uniqueid", ev.DestUniqueid))
	case event.UserLog:
		e.write("USER_DEFINED", c, ev.Time, pairs("extra", ev.Value)).UserDefType = ev.Name
	case event.DTMFEnd:
		e.write("DTMF", c, ev.Time, pairs("digit", ev.Value, "duration_ms", strconv.FormatInt(ev.Duration.Milliseconds(), 10)))
	case event.ChannelHangup:
		e.hangup(c, ev)
	}
}

func (e *Engine) create(ev *event.Event) {
	c := &channel{uniqueid: ev.Uniqueid, context: ev.Context, exten: ev.Exten}
	c.take(ev)
	if ev.StateText == "Down" && c.exten == "" {
		c.exten = "s"
	}
	e.channels[c.uniqueid] = c
	e.linked[c.linkedid]++
	first := *c // who calls is not known for good yet
	first.ani, first.dnid = "", ""
	e.write("CHAN_START", &first, ev.Time, "")
}

func (e *Engine) exten(c *channel, ev *event.Event) {
	if strings.HasPrefix(ev.App, "AppDial") {
		c.dialled = true
	} else {
		e.endApp(c, ev.Time)
	}
	c.context, c.exten, c.app, c.data = ev.Context, ev.Exten, ev.App, ev.AppData
	if ev.Exten == "h" {
		c.app, c.data = "", ""
	}
	if e.settings.Apps[strings.ToLower(ev.App)] {
		c.running = true
		e.write("APP_START", c, ev.Time, "")
	}
}

func (e *Engine) endApp(c *channel, at time.Time) {
	if c.running {
		c.running = false
		e.write("APP_END", c, at, "")
	}
}

func bridgeExtra(id string) string {
	return pairs("bridge_id", id, "bridge_technology", "simple_bridge")
}

func (e *Engine) join(c *channel, ev *event.Event) {
	if c.bridge == ev.Bridge {
		return
	}
	c.bridge = ev.Bridge
	if c.dialled {
		c.exten = ""
	}
	e.bridges[c.bridge] = append(e.bridges[c.bridge], c)
	for _, other := range e.bridges[c.bridge] {
		e.relink(other, c.linkedid, ev.Time)
		if other != c {
			c.peerAccount, other.peerAccount = other.account, c.account
		}
	}
	c.peer = e.others(c)
	e.write("BRIDGE_ENTER", c, ev.Time, bridgeExtra(c.bridge))
	for _, other := range e.bridges[c.bridge] {
		other.peer = e.others(other)
	}
}

// others are the names of those that a channel is in a bridge with.
func (e *Engine) others(c *channel) string {
	var names []string
	for _, other := range e.bridges[c.bridge] {
		if other != c {
			names = append(names, other.name)
		}
	}
	return strings.Join(names, ",")
}

func (e *Engine) leave(c *channel, bridge string, at time.Time) {
	if c.bridge != bridge || bridge == "" {
		return
	}
	e.write("BRIDGE_EXIT", c, at, bridgeExtra(bridge))
	e.bridges[bridge] = slices.DeleteFunc(e.bridges[bridge], func(other *channel) bool { return other == c })
	c.bridge, c.peer = "", ""
	for _, other := range e.bridges[bridge] {
		other.peer = e.others(other)
	}
	if len(e.bridges[bridge]) == 0 {
		delete(e.bridges, bridge)
	}
}

func (e *Engine) transfer(c *channel, ev *event.Event) {
	if ev.Name == "blind" {
		e.write("BLINDTRANSFER", c, ev.Time, pairs("extension", ev.Exten, "context", ev.Context, "bridge_id", ev.Bridge,
			"transferee_channel_name", ev.Dest, "transferee_channel_uniqueid", ev.DestUniqueid))
		return
	}
	d, ok := ev.Detail.(*event.TransferDetail)
	if !ok {
		return
	}
	told := []any{"bridge1_id", ev.Bridge, "channel2_name", d.Second.Channel, "channel2_uniqueid", d.Second.Uniqueid}
	if d.SecondBridge == "" {
		told = append(told, "app", d.DestApp)
	} else {
		told = append(told, "bridge2_id", d.SecondBridge)
	}
	for _, x := range [...]struct {
		name  string
		party *event.Party
	}{{"transferee", d.Transferee}, {"transfer_target", d.Target}} {
		party, uniqueid := "N/A", "N/A"
		if x.party != nil {
			party, uniqueid = x.party.Channel, x.party.Uniqueid
		}
		told = append(told, x.name+"_channel_name", party, x.name+"_channel_uniqueid", uniqueid)
	}
	by := e.channels[d.Transferer.Uniqueid]
	if by == nil {
		by = c
	}
	e.write("ATTENDEDTRANSFER", by, ev.Time, pairs(told...))
}

func (e *Engine) hangup(c *channel, ev *event.Event) {
	e.leave(c, c.bridge, ev.Time)
	e.endApp(c, ev.Time)
	e.write("HANGUP", c, ev.Time, pairs("hangupcause", ev.Cause, "hangupsource", c.source, "dialstatus", c.dialStatus))
	e.write("CHAN_END", c, ev.Time, "")
	delete(e.channels, c.uniqueid)
	e.retire(c, ev.Time)
}

// retire takes a channel off its Linkedid, which ends with the last one.
func (e *Engine) retire(c *channel, at time.Time) {
	if e.linked[c.linkedid]--; e.linked[c.linkedid] <= 0 {
		delete(e.linked, c.linkedid)
		e.write("LINKEDID_END", c, at, "")
	}
}

// relink follows a channel to another Linkedid: it met a call that began earlier.
func (e *Engine) relink(c *channel, to string, at time.Time) {
	if c.linkedid == to {
		return
	}
	e.linked[to]++
	e.retire(c, at)
	c.linkedid = to
}
