package manager

import (
	"fmt"
	"slices"

	"pbx/event"
)

// feedQueue is how many events may wait to be written down.
const feedQueue = 16384

// kinds are the events of the bus by the class that sees them.
var kinds = []struct {
	class Class
	kinds []event.Kind
}{
	{ClassCall, []event.Kind{
		event.ChannelCreated, event.ChannelState, event.ChannelHangup, event.NewCallerID, event.NewConnectedLine, event.AccountCode,
		event.DialBegin, event.DialState, event.DialEnd, event.BridgeCreate, event.BridgeJoin, event.BridgeLeave, event.BridgeDestroy,
		event.Hold, event.Unhold, event.DeviceState, event.ExtensionState, event.PresenceState, event.MessageWaiting, event.HangupRequest,
		event.SoftHangup, event.Transfer, event.Pickup, event.LocalBridge, event.LocalOptimize, event.Originated,
		event.CallEvent,
	}},
	{ClassDialplan, []event.Kind{event.NewExten, event.VarSet}},
	{ClassDTMF, []event.Kind{event.DTMFBegin, event.DTMFEnd}},
	{ClassSystem, []event.Kind{event.PeerStatus, event.Registry, event.Reload, event.Shutdown}},
	{ClassSecurity, []event.Kind{event.Security}},
	{ClassReporting, []event.Kind{event.RTCPSent, event.RTCPReceived}},
	{ClassCDR, []event.Kind{event.CallRecord}},
	{ClassAGI, []event.Kind{event.AGIExecStart, event.AGIExecEnd, event.AsyncAGIStart, event.AsyncAGIExec, event.AsyncAGIEnd}},
	{ClassUser, []event.Kind{event.UserEvent}},
}

// tune subscribes to what the sessions of the moment want, and to nothing when
// there is nobody: a call costs nothing then.
func (s *Server) tune() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wanted Class
	for x := range s.sessions {
		wanted |= x.wants()
	}
	records := &s.settings.Load().Records
	var list []event.Kind
	for _, k := range kinds {
		if k.class&wanted == 0 {
			continue
		}
		for _, kind := range k.kinds {
			if records.wants(kind) {
				list = append(list, kind)
			}
		}
	}
	if slices.Equal(list, s.wanted) || s.ctx.Err() != nil {
		return
	}
	s.wanted = list
	if s.feed == nil {
		s.feed = s.deps.Registry.Bus().Subscribe(feedQueue, list...)
		s.group.Add(1)
		go s.run(s.feed)
		go func(f *event.Subscription) {
			<-s.ctx.Done()
			f.Close()
		}(s.feed)
		return
	}
	s.feed.Want(list...)
}

// run is the feed: it writes each event down once and hands it to the sessions.
func (s *Server) run(feed *event.Subscription) {
	defer s.group.Done()
	var dropped uint64
	var e event.Event // one for all: renderers are told where it is
	for e = range feed.C {
		if n := feed.Dropped(); n != dropped {
			s.deps.Log.Warn(fmt.Sprintf("manager: %d events were lost: more came than could be written down", n-dropped))
			dropped = n
		}
		s.publish(&e)
	}
}

// publish writes one event down and hands it on.
func (s *Server) publish(e *event.Event) {
	w := s.render(e)
	if w.name == "" {
		return
	}
	s.mu.Lock()
	s.told = s.told[:0]
	for x := range s.sessions {
		s.told = append(s.told, x)
	}
	s.mu.Unlock()
	for _, x := range s.told {
		x.event(&w)
	}
	clear(s.told)
}
