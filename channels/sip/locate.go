package sip

import (
	"context"
	"errors"
	"time"

	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
	"pbx/sched"
)

// NameServer answers what a resolve.Search asks. Lookup is called on a goroutine
// of its own and returns when ctx ends at the latest.
type NameServer interface {
	Lookup(ctx context.Context, q resolve.Question) resolve.Answer
}

// locator is the loop's side of the DNS: it keeps the answers and asks for what is
// missing on goroutines that post what they find. Whoever needs an answer waits
// for it; nobody else does.
type locator struct {
	dns     NameServer
	cache   resolve.Cache
	asked   map[resolve.Question]*[]func(resolve.Answer) // by who waits
	queue   []resolve.Question                           // of those, what no goroutine has taken yet
	workers int
	ctx     context.Context // of the goroutines
	stop    context.CancelFunc
}

func newLocator(dns NameServer) locator {
	l := locator{dns: dns, asked: make(map[resolve.Question]*[]func(resolve.Answer))}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

const (
	// lookupLimit bounds the wait for the servers of one request.
	lookupLimit = 5 * time.Second
	// servicePatience is how long a search waits for NAPTR or SRV records before it
	// goes on as if there were none: some firewalls swallow what they do not know.
	servicePatience = 1500 * time.Millisecond
	// stalePatience is how long an answer that has outlived its TTL is kept back
	// for a new one (RFC 8767 5).
	stalePatience = 1 * time.Second
	maxWorkers    = 64
)

var errSlow = errors.New("the name server is slow")

// locate finds the servers for a query and tells done on the loop: at once when
// everything is known, after lookupLimit at the latest. The list is in the order in
// which the servers are to be tried, and not empty without an error.
func (d *Driver) locate(q resolve.Query, done func([]resolve.Target, error)) {
	d.search(q, resolve.Recent, done)
}

// search is locate for who wants answers of that freshness at least, where there are
// any.
func (d *Driver) search(q resolve.Query, wanted resolve.Freshness, done func([]resolve.Target, error)) {
	l := &location{d: d, search: resolve.NewSearch(q, d.random.below), wanted: wanted, done: done}
	l.step()
	if !l.over {
		l.limit = d.sched.Add(lookupLimit, func() time.Duration {
			l.limit = 0
			for _, open := range l.search.Questions() {
				l.take(open, resolve.Answer{Err: errSlow})
			}
			l.end()
			return 0
		})
	}
}

// query is what is looked for at a host, by the protocols that are allowed.
func (d *Driver) query(host string, port uint16, protocols []transaction.Protocol, fixed bool) resolve.Query {
	q := resolve.Query{Host: host, Port: port, Fixed: fixed, NoSRV: !d.cfg.General.SRVLookup}
	for _, p := range protocols {
		_, v4 := d.net.For(p, anyIPv4)
		_, v6 := d.net.For(p, anyIPv6)
		if v4 || v6 {
			q.Protocols = append(q.Protocols, p)
		}
		q.IPv4, q.IPv6 = q.IPv4 || v4, q.IPv6 || v6
	}
	return q
}

// location is one search and who waits for it.
type location struct {
	d      *Driver
	search *resolve.Search
	wanted resolve.Freshness
	done   func([]resolve.Target, error)
	limit  sched.ID
	timers []sched.ID
	asked  map[resolve.Question]bool
	over   bool
}

// step answers what the cache knows and asks for the rest.
func (l *location) step() {
	for !l.over {
		list := l.search.Questions()
		if len(list) == 0 {
			l.end()
			return
		}
		known := false
		for _, q := range list {
			a, fresh := l.d.locator.cache.Get(q, l.d.now())
			switch {
			case fresh >= l.wanted:
				if fresh == resolve.Recent {
					l.d.inquire(q, func(resolve.Answer) {}) // for the next time
				}
				l.search.Answer(q, a)
				known = true
			case !l.asked[q]:
				l.ask(q, a, fresh != resolve.Missing)
			}
		}
		if !known {
			return
		}
	}
}

// ask waits for an answer, but not for too long where there is another way to go
// on.
func (l *location) ask(q resolve.Question, old resolve.Answer, stale bool) {
	if l.asked == nil {
		l.asked = make(map[resolve.Question]bool)
	}
	l.asked[q] = true
	wait, instead := time.Duration(0), resolve.Answer{Err: errSlow}
	switch {
	case stale:
		wait, instead = stalePatience, old
	case q.Kind == resolve.SRV || q.Kind == resolve.NAPTR:
		wait = servicePatience
	}
	if wait > 0 {
		l.timers = append(l.timers, l.d.sched.Add(wait, func() time.Duration {
			l.take(q, instead)
			l.step()
			return 0
		}))
	}
	l.d.inquire(q, func(a resolve.Answer) {
		l.take(q, a)
		l.step()
	})
}

// take hands the search an answer, the first that there is.
func (l *location) take(q resolve.Question, a resolve.Answer) {
	if !l.over {
		l.search.Answer(q, a)
	}
}

func (l *location) end() {
	if l.over {
		return
	}
	l.over = true
	if l.limit != 0 {
		l.d.sched.Delete(l.limit)
	}
	for _, id := range l.timers {
		l.d.sched.Delete(id)
	}
	l.done(l.search.Targets())
}

// inquire has a question answered by the DNS. The same question of several is asked
// once.
func (d *Driver) inquire(q resolve.Question, f func(resolve.Answer)) {
	l := &d.locator
	if waiting := l.asked[q]; waiting != nil {
		*waiting = append(*waiting, f)
		return
	}
	l.asked[q] = &[]func(resolve.Answer){f}
	if l.workers >= maxWorkers {
		l.queue = append(l.queue, q)
		return
	}
	d.lookUp(q)
}

func (d *Driver) lookUp(q resolve.Question) {
	l := &d.locator
	l.workers++
	go func() {
		ctx, cancel := context.WithTimeout(l.ctx, lookupLimit)
		a := l.dns.Lookup(ctx, q)
		cancel()
		d.Post(func() { d.lookedUp(q, a) })
	}()
}

// lookedUp takes an answer of the DNS. Those whose patience was over find it in the
// cache the next time.
func (d *Driver) lookedUp(q resolve.Question, a resolve.Answer) {
	l := &d.locator
	l.workers--
	if len(l.queue) > 0 && !d.quit {
		next := l.queue[0]
		l.queue = l.queue[1:]
		d.lookUp(next)
	}
	if a.Err != nil && !errors.Is(a.Err, resolve.ErrNone) && d.debugs(1) {
		d.debug(1, "DNS: no answer", "question", q, "err", a.Err)
	}
	a = l.cache.Put(q, a, d.now())
	waiting := *l.asked[q]
	delete(l.asked, q)
	if d.quit {
		return
	}
	for _, f := range waiting {
		d.protected(func() { f(a) })
	}
}

// protected runs f; a panic in it does not keep what follows from running.
func (d *Driver) protected(f func()) {
	defer d.recovered(nil)
	f()
}
