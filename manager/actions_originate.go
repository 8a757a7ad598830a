package manager

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"pbx/channel"
	"pbx/channel/originate"
	"pbx/decl"
	"pbx/event"
)

func (s *Server) originateActions() []decl.Action {
	return []decl.Action{{
		Name: "Originate", Synopsis: "Originate a call.", Classes: []string{"originate"}, Run: s.originate,
		Help: "Calls a device and sends it, when it answers, to an extension or into an application. Without Async the answer comes when the device has answered or will not; with it at once, and an event OriginateResponse tells how it went.",
		Args: []decl.Arg{
			{Name: "Channel", Help: "Technology/resource"},
			{Name: "Exten", Optional: true},
			{Name: "Context", Optional: true},
			{Name: "Priority", Optional: true},
			{Name: "Application", Optional: true},
			{Name: "Data", Optional: true},
			{Name: "Timeout", Help: "milliseconds, 30000 without it", Optional: true},
			{Name: "CallerID", Optional: true},
			{Name: "Variable", Help: "NAME=value, several divided by commas", Optional: true, Repeat: true},
			{Name: "Account", Optional: true},
			{Name: "EarlyMedia", Help: "true goes on when early audio comes", Optional: true},
			{Name: "Async", Optional: true},
			{Name: "Codecs", Optional: true},
			{Name: "ChannelId", Help: "the Uniqueid of the channel", Optional: true},
			{Name: "OtherChannelId", Help: "that of the second half of a Local channel", Optional: true},
			{Name: "PreDialGoSub", Help: "context,exten,priority(arguments)", Optional: true},
		},
	}}
}

// What reaches the system needs the class system: applications in whose names one of
// these is, such as TrySystem and EAGI, and functions, beside those that declare it, in
// whose names one of the second is.
var (
	systemApps      = []string{"agi", "dbdeltree", "exec", "externalivr", "mixmonitor", "originate", "reload", "system"}
	systemFunctions = []string{"CURL", "DB", "EVAL", "FILE", "ODBC", "REALTIME", "SHELL"}
)

// maxID is the length of a Uniqueid.
const maxID = 149

func (s *Server) originate(_ context.Context, r *decl.ActionRequest) error {
	q, err := s.originateRequest(r)
	if err != nil {
		return err
	}
	if r.True("Async") {
		r.Then = func() {
			s.deps.Registry.Go(func() {
				s.tellOriginated(r, q, originate.Place(s.deps.Registry, s.deps.Engine, *q))
			})
		}
		return r.OK("Originate successfully queued")
	}
	if originate.Place(s.deps.Registry, s.deps.Engine, *q).Reason != originate.Answered {
		return errors.New("Originate failed")
	}
	return r.OK("Originate successfully queued")
}

// originateRequest reads the headers.
func (s *Server) originateRequest(r *decl.ActionRequest) (*originate.Request, error) {
	q := &originate.Request{
		Dest: strings.TrimSpace(r.Get("Channel")), Account: r.Get("Account"), EarlyMedia: r.True("EarlyMedia"),
		Uniqueid: r.Get("ChannelId"), OtherUniqueid: r.Get("OtherChannelId"), App: strings.TrimSpace(r.Get("Application")), Data: channel.Clean(r.Get("Data")),
		Formats: words(r.Get("Codecs")),
	}
	if q.Dest == "" {
		return nil, errors.New("Channel not specified")
	}
	exten, plan, priority := r.Get("Exten"), r.Get("Context"), r.Get("Priority")
	if exten != "" && priority != "" {
		at, err := s.deps.Engine.Resolve(nil, channel.Location{Context: plan, Exten: exten, Priority: 1}, strings.TrimSpace(priority))
		if err != nil {
			return nil, errors.New("Invalid priority")
		}
		q.Location = at
	}
	if text := strings.TrimSpace(r.Get("Timeout")); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil {
			return nil, errors.New("Invalid timeout")
		}
		q.Timeout = time.Duration(ms) * time.Millisecond
	}
	if tech, resource, ok := strings.Cut(q.Dest, "/"); !ok || tech == "" || resource == "" {
		return nil, errors.New("Invalid channel")
	}
	for _, id := range []string{q.Uniqueid, q.OtherUniqueid} {
		if len(id) > maxID {
			return nil, errors.New("Uniqueid length exceeds maximum of 149")
		}
		if _, taken := s.deps.Registry.FindUniqueid(id); id != "" && taken {
			return nil, errors.New("Uniqueid is in use")
		}
	}
	if text, ok := r.Lookup("CallerID"); ok && text != "" {
		p := channel.ParseParty(text)
		q.Caller = &p
	}
	if err := s.originateVariables(r, q); err != nil {
		return nil, err
	}
	if sub := r.Get("PreDialGoSub"); sub != "" {
		place, args, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(sub), ")"), "(")
		q.PreDial = strings.ReplaceAll(place, "^", ",")
		if args != "" {
			for _, a := range decl.Split(args, 0) {
				q.PreDialArgs = append(q.PreDialArgs, channel.Clean(a))
			}
		}
	}
	if q.App != "" {
		return q, s.permitted(r, q)
	}
	if exten == "" || plan == "" || q.Location.Priority == 0 {
		return nil, errors.New("Originate with 'Exten' requires 'Context' and 'Priority'")
	}
	if !s.deps.Engine.Match(plan, exten, q.Location.Priority, "").Exists() {
		return nil, errors.New("Extension does not exist.")
	}
	return q, nil
}

// permitted refuses applications that reach the system to a user without the class.
func (s *Server) permitted(r *decl.ActionRequest, q *originate.Request) error {
	if r.May("system") {
		return nil
	}
	app := strings.ToLower(q.App)
	if slices.ContainsFunc(systemApps, func(part string) bool { return strings.Contains(app, part) }) || calls(q.Data.S, s.reachesSystem) {
		return errors.New("Originate Access Forbidden: app or data blacklisted")
	}
	return nil
}

// reachesSystem reports whether a function does, by its name or by what it declares.
func (s *Server) reachesSystem(name string) bool {
	if slices.ContainsFunc(systemFunctions, func(part string) bool { return strings.Contains(name, part) }) {
		return true
	}
	f, ok := s.deps.Engine.Catalog().Function(name)
	return ok && (f.Dangerous || f.Outside)
}

// calls reports whether a text calls a function whose name, in capitals, is such a one.
func calls(text string, such func(name string) bool) bool {
	for i, c := range text {
		if c != '(' {
			continue
		}
		before := strings.TrimRight(text[:i], " \t")
		first := strings.LastIndexFunc(before, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) + 1
		if such(strings.ToUpper(before[first:])) {
			return true
		}
	}
	return false
}

// originateVariables reads the variables: those of the user first.
func (s *Server) originateVariables(r *decl.ActionRequest, q *originate.Request) error {
	add := func(text string) {
		name, value, ok := strings.Cut(text, "=")
		if name = strings.TrimSpace(name); name == "" || !ok {
			return
		}
		bare, inherit := channel.SplitInherit(name)
		q.Variables = append(q.Variables, channel.Variable{Name: bare, Value: channel.Clean(value), Inherit: inherit})
	}
	if u := s.settings.Load().user(r.User); u != nil {
		for _, v := range u.Variables {
			add(v.Name + "=" + v.Value)
		}
	}
	for _, header := range r.All("Variable") {
		for _, text := range decl.Split(header, 0) {
			add(text)
		}
	}
	fenced := r.Fenced
	q.Set = func(ch *channel.Channel, name string, v channel.Value) error {
		return s.deps.Engine.Write(ch, name, v, fenced)
	}
	return nil
}

// tellOriginated publishes how a call went.
func (s *Server) tellOriginated(r *decl.ActionRequest, q *originate.Request, how originate.Result) {
	e := event.Event{
		Kind: event.Originated, Time: s.deps.Now(), Name: "Failure", Address: r.ID(), Dest: q.Dest, App: q.App, AppData: q.Data.S,
		Context: q.Location.Context, Exten: q.Location.Exten, State: int(how.Reason), DestUniqueid: q.Uniqueid,
	}
	if how.Reason == originate.Answered {
		e.Name, e.Dest, e.DestUniqueid = "Success", how.Name, how.Uniqueid
	}
	if q.Caller != nil {
		e.CallerNum, e.CallerName = q.Caller.Number, q.Caller.Name
	}
	s.deps.Registry.Bus().Publish(e)
}
