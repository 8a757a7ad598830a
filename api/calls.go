package api

import (
	"cmp"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"pbx/channel"
	"pbx/channel/originate"
	"pbx/event"
)

// CallList is the answer with several calls.
type CallList struct {
	Calls []Call `json:"calls"`
}

// NewCall is a call to place.
type NewCall struct {
	From       string            `json:"from" doc:"the device that is called first: a SIP peer such as 101, or TECH/resource"`
	To         string            `json:"to" doc:"the extension that it is sent to when it answers"`
	Context    string            `json:"context,omitempty" doc:"where the extension is: the one of the token or the peer without it"`
	CallerID   string            `json:"caller_id,omitempty" doc:"what the device is shown, \"Name\" <number>"`
	Timeout    float64           `json:"timeout,omitempty" doc:"how many seconds it rings, 30 without it"`
	Account    string            `json:"account,omitempty"`
	EarlyMedia bool              `json:"early_media,omitempty" doc:"go on when early audio comes"`
	Variables  map[string]string `json:"variables,omitempty" doc:"channel variables; _NAME and __NAME are inherited"`
	Mode       string            `json:"mode,omitempty" enum:"auto,refer,originate" doc:"refer has the device call the extension itself, originate sends it there when it has answered; auto, without it, is refer where the device is known to take REFER and nothing is set that it could not know"`
	Wait       bool              `json:"wait,omitempty" doc:"answer when the device has answered, or will not"`
}

// Call is a call that was asked for, and what came of it.
type Call struct {
	ID      string     `json:"id" doc:"also the id of its first channel"`
	By      string     `json:"by" doc:"who asked for it: a section of api.conf, or SIP/device"`
	From    string     `json:"from"`
	To      string     `json:"to"`
	Context string     `json:"context"`
	Mode    string     `json:"mode" enum:"refer,originate"`
	State   string     `json:"state" enum:"calling,answered,failed"`
	Reason  string     `json:"reason,omitempty" enum:"answered,busy,congestion,no-answer,hangup,failed"`
	Detail  string     `json:"detail,omitempty" doc:"why the device could not be called"`
	Cause   int        `json:"cause,omitempty" doc:"the Q.850 cause of a call that failed"`
	Channel string     `json:"channel,omitempty" doc:"the id of the channel that answered, or was called last"`
	Started time.Time  `json:"started"`
	Decided *time.Time `json:"decided,omitempty" doc:"when it was answered, or failed"`
}

// The states of a Call.
const (
	callCalling  = "calling"
	callAnswered = "answered"
	callFailed   = "failed"
)

// status is that of an answer with the call: 202 while it is under way.
func (c Call) status() int {
	if c.State == callCalling {
		return http.StatusAccepted
	}
	return http.StatusOK
}

// calls are those that were asked for, oldest first.
type calls struct {
	mu   sync.Mutex
	list []*Call
	busy int // those that are being placed
}

const (
	maxKept    = 1000
	maxPlacing = 200
	// maxRing is how long a device may ring.
	maxRing = 10 * time.Minute
)

// add takes a call in, unless too many are being placed.
func (c *calls) add(n *Call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy >= maxPlacing {
		return false
	}
	c.busy++
	c.list = append(c.list, n)
	for i := 0; len(c.list) > maxKept && i < len(c.list); {
		if c.list[i].State == callCalling {
			i++
			continue
		}
		c.list = slices.Delete(c.list, i, i+1)
	}
	return true
}

// decide notes what came of a call and returns it as it is now.
func (c *calls) decide(n *Call, set func(*Call)) Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	set(n)
	c.busy--
	return *n
}

// seen are copies of the calls that a client is told of.
func (c *calls) seen(by *client) []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := []Call{}
	for _, n := range c.list {
		if by.device == "" || n.By == by.name {
			out = append(out, *n)
		}
	}
	return out
}

func (s *Server) listCalls(r *request) (any, error) { return CallList{s.calls.seen(r.client)}, nil }

func (s *Server) showCall(r *request) (any, error) {
	id := r.PathValue("id")
	for _, c := range s.calls.seen(r.client) {
		if c.ID == id {
			return shownCall{c}, nil
		}
	}
	return nil, problem(http.StatusNotFound, "no call %s was asked for, or it is forgotten", id)
}

// shownCall is a call whose answer is 200 also while it is under way.
type shownCall struct{ Call }

func (shownCall) status() int { return http.StatusOK }

// placeCall is POST /api/calls.
func (s *Server) placeCall(r *request) (any, error) {
	in := input[NewCall](r)
	q, err := s.callRequest(r.client, in)
	if err != nil {
		return nil, err
	}
	mode := originate.Mode(cmp.Or(in.Mode, string(originate.Auto)))
	if mode != originate.ByCall && !s.dialsIn(q) {
		// It would call in its own context, which may let it do more, or less.
		if mode == originate.ByRefer {
			return nil, problem(http.StatusUnprocessableEntity, "mode: %s calls in its own context, not in %s", q.Dest, q.Location.Context)
		}
		mode = originate.ByCall
	}
	mode, err = q.Choose(s.deps.Registry, mode)
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "mode: %v", err)
	}
	call := &Call{ID: q.Uniqueid, By: r.client.name, From: q.Dest, To: q.Location.Exten, Context: q.Location.Context, Mode: string(mode), State: callCalling, Started: s.deps.Now()}
	began := *call
	if s.deps.Registry.Refusing() || !s.calls.add(call) {
		return nil, problem(http.StatusServiceUnavailable, "no more calls are taken")
	}
	done := make(chan Call, 1)
	s.deps.Registry.Go(func() { done <- s.placed(call, q, originate.Place(s.deps.Registry, s.deps.Engine, *q)) })
	if !in.Wait {
		return began, nil
	}
	// The answer may come later than others.
	_ = http.NewResponseController(r.w).SetWriteDeadline(time.Now().Add(q.Timeout + answerTime))
	select {
	case c := <-done:
		return c, nil
	case <-r.Context().Done():
		return began, nil
	case <-s.ctx.Done():
		return began, nil
	}
}

// callRequest reads and judges a call that somebody wants.
func (s *Server) callRequest(c *client, in *NewCall) (*originate.Request, error) {
	refuse := func(format string, args ...any) (*originate.Request, error) {
		return nil, problem(http.StatusUnprocessableEntity, format, args...)
	}
	dest := strings.TrimSpace(in.From)
	if !strings.Contains(dest, "/") {
		dest = "SIP/" + dest
	}
	tech, resource, _ := strings.Cut(dest, "/")
	switch {
	case resource == "" || strings.ContainsAny(dest, "&,\r\n"):
		return refuse("from: %q is not one device", in.From)
	case c.device != "" && !strings.EqualFold(dest, "SIP/"+c.device):
		return nil, problem(http.StatusForbidden, "from: a SIP device calls itself only, SIP/%s", c.device)
	case c.device != "" && (len(in.Variables) > 0 || in.CallerID != "" || in.Account != ""):
		return nil, problem(http.StatusForbidden, "a SIP device sets no variables, caller_id and account")
	case in.Mode != "" && !slices.Contains(originate.Modes, originate.Mode(in.Mode)):
		return refuse("mode: %q is none of auto, refer and originate", in.Mode)
	case in.Timeout < 0 || in.Timeout > maxRing.Seconds():
		return refuse("timeout: %g is not a time from 0 to %g seconds", in.Timeout, maxRing.Seconds())
	}
	if _, ok := s.deps.Registry.Technology(tech); !ok {
		return refuse("from: there is no technology %s", tech)
	}
	context, err := s.callContext(c, in.Context, tech, resource)
	if err != nil {
		return nil, err
	}
	if !s.deps.Engine.Match(context, in.To, 1, "").Exists() {
		return refuse("to: the dialplan has no %s in the context %s", in.To, context)
	}
	q := &originate.Request{
		Dest: dest, Location: channel.Location{Context: context, Exten: in.To, Priority: 1}, Account: in.Account, EarlyMedia: in.EarlyMedia,
		Timeout: time.Duration(in.Timeout * float64(time.Second)),
	}
	if q.Timeout == 0 {
		q.Timeout = originate.DefaultTimeout
	}
	q.Shown = &channel.Party{Number: in.To, HasNumber: true} // whom it is going to talk to
	if in.CallerID != "" {
		p := channel.ParseParty(in.CallerID)
		q.Caller = &p
	}
	for name, value := range in.Variables {
		bare, inherit := channel.SplitInherit(strings.TrimSpace(name))
		if bare == "" || strings.ContainsAny(bare, "()${}") {
			return refuse("variables: %q is not the name of a variable", name)
		}
		// Who filled in the form is not who wrote the dialplan.
		q.Variables = append(q.Variables, channel.Variable{Name: bare, Value: channel.Tainted(value), Inherit: inherit})
	}
	slices.SortFunc(q.Variables, func(a, b channel.Variable) int { return strings.Compare(a.Name, b.Name) })
	var id [8]byte
	if _, err := io.ReadFull(s.deps.Random, id[:]); err != nil {
		return nil, err
	}
	q.Uniqueid = "api-" + hex.EncodeToString(id[:])
	return q, nil
}

// dialsIn reports whether the device of a call has the context that the call goes to as
// its own.
func (s *Server) dialsIn(q *originate.Request) bool {
	tech, resource, _ := strings.Cut(q.Dest, "/")
	if !strings.EqualFold(tech, "SIP") {
		return true // Choose looks whether it takes a REFER at all
	}
	p, err := s.deps.Directory.Peer(resource)
	return err == nil && p.Context == q.Location.Context
}

// callContext is where a call goes: the client's context, which it may name and not
// leave, or the one of the device that is called.
func (s *Server) callContext(c *client, wanted, tech, resource string) (string, error) {
	switch {
	case c.context != "" && wanted != "" && wanted != c.context:
		return "", problem(http.StatusForbidden, "%s sends calls to the context %s only", c.name, c.context)
	case c.context != "":
		return c.context, nil
	case wanted != "":
		return wanted, nil
	case strings.EqualFold(tech, "SIP"):
		if p, err := s.deps.Directory.Peer(resource); err == nil && p.Context != "" {
			return p.Context, nil
		}
	}
	return "", problem(http.StatusUnprocessableEntity, "context: none is given, and neither api.conf nor sip.conf has one for it")
}

// reasons are the words for how a call went.
var reasons = map[originate.Reason]string{
	originate.Failed: "failed", originate.Gone: "hangup", originate.RangOut: "no-answer", originate.Answered: "answered", originate.Busy: "busy",
	originate.Congested: "congestion",
}

// placed notes how a call went, and tells the bus.
func (s *Server) placed(call *Call, q *originate.Request, how originate.Result) Call {
	now := s.deps.Now()
	e := event.Event{
		Kind: event.Originated, Time: now, Name: "Failure", Value: q.Uniqueid, Dest: q.Dest, Context: q.Location.Context, Exten: q.Location.Exten,
		State: int(how.Reason),
	}
	if how.Reason == originate.Answered {
		e.Name, e.Dest, e.DestUniqueid = "Success", how.Name, how.Uniqueid
	}
	if q.Caller != nil {
		e.CallerNum, e.CallerName = q.Caller.Number, q.Caller.Name
	}
	out := s.calls.decide(call, func(c *Call) {
		c.State, c.Reason, c.Channel, c.Decided = callFailed, reasons[how.Reason], how.Uniqueid, &now
		if how.Reason == originate.Answered {
			c.State = callAnswered
			return
		}
		c.Cause = int(how.Cause)
		if how.Err != nil {
			c.Detail = how.Err.Error()
		}
	})
	s.deps.Registry.Bus().Publish(e)
	return out
}
