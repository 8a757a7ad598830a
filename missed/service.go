package missed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/channel"
	"pbx/event"
	"pbx/webhook"
)

const (
	// patience is how long one delivery may take.
	patience = 30 * time.Second
	// parallel is how many are made at a time.
	parallel = 4
	// unread is how many records may wait to be looked at.
	unread = 1000
	// family is what deliveries are kept under.
	family = "Missed"
)

// Deps are what a Service works with.
type Deps struct {
	Registry *channel.Registry
	// Store keeps what is to be delivered.
	Store channel.Store
	// Find looks for the row of a device in a family of extconfig.conf: its columns by
	// name, nil for none.
	Find   func(ctx context.Context, family, column, value string) (map[string]string, error)
	Poster *webhook.Poster
	Log    *slog.Logger
}

// Service tells users of calls that they missed.
type Service struct {
	deps     Deps
	book     *book
	records  chan []Record
	lost     atomic.Uint64 // records that did not fit
	settings atomic.Pointer[Settings]
	tokens   *tokens
	wake     chan struct{}
	busy     sync.WaitGroup

	watching sync.Mutex // guards sub; never taken by who publishes
	sub      *event.Subscription

	mu      sync.Mutex
	jobs    map[string]*job
	running int
	// counters since the start
	missed, delivered, failed uint64
}

// job is one delivery, as the store keeps it.
type job struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	To     string    `json:"to"`
	Record Record    `json:"record"`
	Born   time.Time `json:"born"`
	Tries  int       `json:"tries"`
	Next   time.Time `json:"next"`
	Last   string    `json:"last,omitempty"`

	running bool
}

// The kinds of job.
const (
	byMail    = "mail"
	byWebhook = "webhook"
	byMessage = "message"
)

// lost is an error that no other try mends.
type lost struct{ error }

// Unwrap is what it comes from.
func (l lost) Unwrap() error { return l.error }

// New makes a service and takes up the deliveries that the store has.
func New(d Deps) *Service {
	s := &Service{
		deps: d, records: make(chan []Record, unread), wake: make(chan struct{}, 1), jobs: make(map[string]*job),
		tokens: &tokens{now: d.Registry.Now, client: &http.Client{Timeout: patience}},
	}
	s.book = newBook(s.take)
	d.Store.Range(family, func(key string, value []byte) bool {
		j := &job{}
		if err := json.Unmarshal(value, j); err != nil || j.ID != key {
			d.Log.Warn(fmt.Sprintf("missed calls: the delivery %s cannot be read: %v", key, err))
			d.Store.Delete(family, key, nil)
			return true
		}
		s.jobs[key] = j
		return true
	})
	return s
}

// Configure takes the settings of a configuration; nil is that there are none.
func (s *Service) Configure(set *Settings) {
	s.watching.Lock()
	defer s.watching.Unlock()
	s.settings.Store(set)
	switch {
	case set.Active() && s.sub == nil:
		s.sub = s.deps.Registry.Bus().Observe(s.handle, append(kinds, event.PeerStatus)...)
	case !set.Active() && s.sub != nil:
		s.sub.Close()
		s.sub = nil
		s.book.forget()
	}
}

// handle is told of events, on the goroutine that they happen on.
func (s *Service) handle(e *event.Event) {
	if e.Kind != event.PeerStatus {
		s.book.handle(e)
	} else if e.Value == "Registered" {
		s.registered(e.Name)
	}
}

// take takes records off the hands of whoever ended a call.
func (s *Service) take(list []Record) {
	select {
	case s.records <- list:
	default:
		s.lost.Add(uint64(len(list)))
	}
}

// Run delivers until ctx ends. What is not delivered then stays in the store.
func (s *Service) Run(ctx context.Context) {
	clock := time.NewTimer(0)
	defer clock.Stop()
	defer s.busy.Wait()
	for {
		clock.Stop()
		if wait, any := s.begin(ctx); any {
			clock.Reset(wait)
		}
		select {
		case <-ctx.Done():
			s.close()
			return
		case list := <-s.records:
			s.enter(ctx, list)
		case <-s.wake:
		case <-clock.C:
		}
	}
}

// close notes what was not looked at yet.
func (s *Service) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	s.watching.Lock()
	if s.sub != nil {
		s.sub.Close()
		s.sub = nil
	}
	s.watching.Unlock()
	for {
		select {
		case list := <-s.records:
			s.enter(ctx, list)
		default:
			return
		}
	}
}

func (s *Service) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// enter makes the deliveries of records.
func (s *Service) enter(ctx context.Context, list []Record) {
	if n := s.lost.Swap(0); n > 0 {
		s.deps.Log.Error(fmt.Sprintf("missed calls: %d were not told: too many at once", n))
	}
	set := s.settings.Load()
	if !set.Active() {
		return
	}
	told := make(map[string]bool) // users who have several devices are told once
	for i := range list {
		r := &list[i]
		u, err := s.user(ctx, set, r.Device)
		if err != nil {
			s.deps.Log.Error(fmt.Sprintf("missed calls: %s: %v", r.Device, err))
			continue
		}
		if u == nil || told[u.ID] || !u.wants(r) {
			continue
		}
		told[u.ID] = true
		r.User, r.Name = u.ID, u.Name
		r.ID = r.Linkedid + "-" + u.ID
		s.tell(set, u, r)
	}
}

// user finds who has a device: in the file, then in the database.
func (s *Service) user(ctx context.Context, set *Settings, device string) (*User, error) {
	for _, u := range set.Users {
		for _, d := range u.Devices {
			if strings.EqualFold(d, device) {
				return u, nil
			}
		}
	}
	if set.Family.Value == "" || s.deps.Find == nil || strings.HasPrefix(device, "Local/") {
		return nil, nil
	}
	row, err := s.deps.Find(ctx, set.Family.Value, "device", device)
	if err != nil || row == nil {
		return nil, err
	}
	id := row["user"]
	if id == "" {
		_, id, _ = strings.Cut(device, "/")
	}
	u, problem := NewUser(id, row["name"], device, row["mail"], row["webhook"], row["message"], row["reasons"])
	if problem.Name != "" {
		s.deps.Log.Warn(fmt.Sprintf("missed calls: %s: the column %s: expected %s", device, problem.Name, problem.Want))
	}
	return u, nil
}

// tell makes the deliveries of one record.
func (s *Service) tell(set *Settings, u *User, r *Record) {
	if s.deps.Registry.Bus().Wants(event.MissedCall) {
		told := *r
		s.deps.Registry.Bus().Publish(event.Event{
			Kind: event.MissedCall, Time: s.deps.Registry.Now(), Linkedid: r.Linkedid, Name: r.User, Value: string(r.Reason),
			CallerNum: r.CallerNum, CallerName: r.CallerName, Exten: r.Dialled, Detail: &told,
		})
	}
	event.Verbose(s.deps.Log, 3, "%s missed a call from %s: %s", u.ID, r.Caller(), r.Reason)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.missed++
	add := func(kind, to string, n int) {
		if len(s.jobs) >= set.Most {
			s.deps.Log.Error(fmt.Sprintf("missed calls: %s is not told by %s: %d deliveries wait already", u.ID, kind, len(s.jobs)))
			s.failed++
			return
		}
		now := s.deps.Registry.Now()
		j := &job{ID: fmt.Sprintf("%s-%s%d", r.ID, kind, n), Kind: kind, To: to, Record: *r, Born: now, Next: now}
		s.jobs[j.ID] = j
		s.save(j)
	}
	for n, to := range u.Mail {
		add(byMail, to, n)
	}
	if u.Webhook != "" {
		add(byWebhook, u.Webhook, 0)
	}
	if u.Message != "" {
		add(byMessage, u.Message, 0)
	}
}

// save keeps a delivery; s.mu is held.
func (s *Service) save(j *job) {
	b, err := json.Marshal(j)
	if err != nil {
		panic(err) // a struct of plain fields
	}
	s.deps.Store.Put(family, j.ID, b, func(err error) {
		if err != nil {
			s.deps.Log.Error(fmt.Sprintf("missed calls: a delivery is not kept: %v", err))
		}
	})
}

// begin begins the deliveries that are due, as many as may be made at a time. It
// returns how long none is; any is false when none waits.
func (s *Service) begin(ctx context.Context) (wait time.Duration, any bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.deps.Registry.Now()
	for _, j := range s.jobs {
		switch d := j.Next.Sub(now); {
		case j.running || ctx.Err() != nil:
		case d > 0:
			if !any || d < wait {
				wait, any = d, true
			}
		case s.running < parallel:
			s.running++
			j.running = true
			s.busy.Go(func() { s.deliver(ctx, j) })
		}
	}
	return wait, any // those that had to wait for others are begun when these end
}

// deliver makes one try.
func (s *Service) deliver(ctx context.Context, j *job) {
	set := s.settings.Load()
	if set == nil {
		set = &Settings{Keep: time.Hour, Zone: time.Local}
	}
	trying, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.try(trying, set, j)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	j.running = false
	defer s.nudge()
	now := s.deps.Registry.Now()
	switch {
	case err == nil:
		s.delivered++
		s.drop(j)
		return
	case ctx.Err() != nil:
		return // the exchange stops; it is tried after the restart
	}
	j.Tries++
	j.Last = oneLine(err.Error())
	_, least := webhook.Again(err)
	j.Next = now.Add(max(webhook.Delay(j.Tries), least))
	var never lost
	switch {
	case errors.As(err, &never), j.Next.After(j.Born.Add(set.Keep)):
		s.deps.Log.Error(fmt.Sprintf("missed calls: %s is not told of the call from %s by %s to %s, tries: %d: %v", j.Record.User, j.Record.Caller(), j.Kind, j.To, j.Tries, err))
		s.failed++
		s.drop(j)
	default:
		if j.Tries == 1 {
			s.deps.Log.Warn(fmt.Sprintf("missed calls: %s to %s: %v; it is tried again", j.Kind, j.To, err))
		}
		s.save(j)
	}
}

func (s *Service) drop(j *job) {
	delete(s.jobs, j.ID)
	s.deps.Store.Delete(family, j.ID, nil)
}

func (s *Service) try(ctx context.Context, set *Settings, j *job) error {
	switch j.Kind {
	case byMail:
		return s.sendMail(ctx, set, j)
	case byMessage:
		return s.sendMessage(set, j)
	}
	body, err := json.Marshal(struct {
		Event string `json:"event"`
		*Record
	}{"missed_call", &j.Record})
	if err != nil {
		return lost{err}
	}
	err = s.deps.Poster.Post(ctx, webhook.Post{URL: j.To, ID: j.ID, Body: body, Secret: set.Secret})
	if again, _ := webhook.Again(err); err != nil && !again {
		return lost{err}
	}
	return err
}

func (s *Service) sendMessage(set *Settings, j *job) error {
	scheme, _, _ := strings.Cut(j.To, ":")
	carrier := s.deps.Registry.Messenger(scheme)
	if carrier == nil {
		return lost{fmt.Errorf("nothing carries messages to %s", j.To)}
	}
	m := &channel.Message{To: j.To, Body: j.Record.expand(set.Text, set.Zone, plain), Tainted: true, Hops: -1}
	return carrier.SendMessage(j.To, set.From, "", m)
}

// registered has texts for a device tried now: its phone is there again.
func (s *Service) registered(device string) {
	tech, name, _ := strings.Cut(device, "/")
	to := strings.ToLower(tech) + ":" + name
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.Kind == byMessage && strings.EqualFold(j.To, to) {
			j.Next = s.deps.Registry.Now()
			s.nudge()
		}
	}
}
