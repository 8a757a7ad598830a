package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"pbx/channels/sip/resolve"
)

// scriptedDNS is a name server in memory: "KIND name" leads to records with ";"
// between them. "ttl=1m" among them is their TTL, an hour without it; "slow=1s" makes
// them late, "dead" never answers, "fail" is a server failure.
type scriptedDNS struct {
	mu    sync.Mutex
	names map[string]string
	asked map[string]int
}

func (n *scriptedDNS) set(pairs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.names == nil {
		n.names = make(map[string]string)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.names[pairs[i]] = pairs[i+1]
	}
}

// dead has every question stay without an answer, or none again.
func (n *scriptedDNS) dead(on bool) {
	if on {
		n.set("*", "dead")
	} else {
		n.set("*", "")
	}
}

func (n *scriptedDNS) count(question string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[question]
}

var errScripted = errors.New("server failure")

// Lookup implements NameServer.
func (n *scriptedDNS) Lookup(ctx context.Context, q resolve.Question) resolve.Answer {
	n.mu.Lock()
	if n.asked == nil {
		n.asked = make(map[string]int)
	}
	n.asked[q.String()]++
	text := n.names[q.String()]
	if n.names["*"] != "" {
		text = n.names["*"]
	}
	n.mu.Unlock()
	a := resolve.Answer{TTL: time.Hour}
	for rec := range strings.SplitSeq(text, ";") {
		rec = strings.TrimSpace(rec)
		word, value, _ := strings.Cut(rec, "=")
		var err error
		switch {
		case rec == "":
		case rec == "fail":
			return resolve.Answer{Err: errScripted}
		case rec == "dead":
			<-ctx.Done()
			return resolve.Answer{Err: ctx.Err()}
		case word == "ttl":
			a.TTL, err = time.ParseDuration(value)
		case word == "slow":
			var d time.Duration
			if d, err = time.ParseDuration(value); err == nil {
				select {
				case <-time.After(d):
				case <-ctx.Done():
					return resolve.Answer{Err: ctx.Err()}
				}
			}
		case q.Kind == resolve.SRV:
			var s resolve.Server
			_, err = fmt.Sscan(rec, &s.Priority, &s.Weight, &s.Port, &s.Target)
			a.Servers = append(a.Servers, s)
		case q.Kind == resolve.NAPTR:
			var r resolve.Rule
			_, err = fmt.Sscan(rec, &r.Order, &r.Preference, &r.Flags, &r.Services, &r.Replacement)
			a.Rules = append(a.Rules, r)
		default:
			var addr netip.Addr
			addr, err = netip.ParseAddr(rec)
			a.Addrs = append(a.Addrs, addr)
		}
		if err != nil {
			panic(rec + ": " + err.Error())
		}
	}
	if len(a.Addrs)+len(a.Servers)+len(a.Rules) == 0 {
		return resolve.Answer{Err: resolve.ErrNone, TTL: 30 * time.Second}
	}
	return a
}
