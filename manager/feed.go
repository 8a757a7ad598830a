package manager

import (
	"fmt"
	"runtime/debug"
	"slices"
	"time"

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
	{ClassDialplan, []event.Kind{event.NewExten, event.VarSet, event.HangupHandler}},
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
		s.fed = make(chan struct{})
		go s.run(s.feed)
		go func(f *event.Subscription) {
			<-s.ctx.Done()
			f.Close()
		}(s.feed)
		return
	}
	s.feed.Want(list...)
}

// run is the feed: it writes each event down once and hands them to the sessions, at
// once or with those that come soon after. Those wait where the bus put them, as many in
// a row are written down for less than one now and then.
func (s *Server) run(feed *event.Subscription) {
	defer close(s.fed)
	var (
		dropped uint64
		e       event.Event // one for all: renderers are told where it is
		next    time.Time   // when the sessions may be handed something again
		waits   bool        // for tick
		asked   chan<- struct{}
	)
	tick := make(chan struct{}, 1)
	in, over := feed.C, s.ctx.Done()
	for open := true; open; {
		size, due := 0, false
		select {
		case e, open = <-in:
			if open {
				size = s.publish(&e)
			}
		case <-tick:
			waits, due = false, true
		case asked = <-s.catch:
		case <-over:
			over, due = nil, true
		}
		for open && size < maxBatch && len(feed.C) > 0 {
			if e, open = <-feed.C; open {
				size = s.publish(&e)
			}
		}
		if asked != nil {
			close(asked)
			asked = nil
		}
		if size == 0 && open && !due {
			continue
		}
		if wait := next.Sub(s.deps.Now()); open && !due && size < maxBatch && wait > 0 {
			if !waits {
				waits = true
				s.deps.Registry.AfterFunc(wait, func() { tick <- struct{}{} })
			}
			if len(s.settings.Load().ChannelVars) == 0 { // they are read as events are written down
				in = nil
			}
			continue
		}
		if n := feed.Dropped(); n != dropped {
			s.deps.Log.Warn(fmt.Sprintf("manager: %d events were lost: more came than could be written down", n-dropped))
			dropped = n
		}
		if n := s.deliver(); n > 0 {
			next = s.deps.Now().Add(patience(n))
		}
		in = feed.C
	}
}

// catchUp has the feed write down what happened until now. With channelvars it does so
// anyway, and is not waited for: a function among them may take its time.
func (s *Server) catchUp() {
	if len(s.settings.Load().ChannelVars) > 0 {
		return
	}
	s.mu.Lock()
	fed := s.fed
	s.mu.Unlock()
	if fed == nil {
		return
	}
	done := make(chan struct{})
	select {
	case s.catch <- done:
		<-done
	case <-fed:
	}
}

// publish writes one event down and returns how much waits for the sessions. A panic,
// such as one of a function that channelvars names, costs that event.
func (s *Server) publish(e *event.Event) (size int) {
	defer func() {
		if p := recover(); p != nil {
			s.deps.Log.Error(fmt.Sprintf("manager: panic while an event of %s was written: %v\n%s", e.Channel, p, debug.Stack()))
		}
	}()
	w := &s.page
	class, name := s.render(w, e)
	if name == "" {
		return 0
	}
	return s.batch.add(w, class, name)
}
