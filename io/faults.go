package io

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Faults are what a bad network does to datagrams, each way. Probabilities go from
// 0 to 1. The zero value does nothing.
type Faults struct {
	// Loss is of datagrams; with a Burst over 1 as many are lost in a row, in fewer
	// places.
	Loss  float64
	Burst int
	// Duplicate is of datagrams that arrive twice.
	Duplicate float64
	// Delay is how long one is under way, give or take Jitter; what that makes
	// overtake another arrives before it.
	Delay, Jitter time.Duration
	// Reorder is of datagrams that are held up for another Delay and 30 ms.
	Reorder float64
	// Corrupt is of datagrams in which one bit is flipped. Real networks drop nearly
	// all of those, by the checksum of UDP.
	Corrupt float64
}

// Route is a Route with these faults, the same one for the same seed and datagrams
// in the same order.
func (f Faults) Route(seed uint64) Route {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 0x5ee7))
	type way struct{ from, to netip.AddrPort }
	losing := make(map[way]int) // how many more of a burst
	return func(from, to netip.AddrPort, b []byte) []time.Duration {
		mu.Lock()
		defer mu.Unlock()
		w := way{from, to}
		if losing[w] > 0 {
			losing[w]--
			return nil
		}
		burst := max(f.Burst, 1)
		if r.Float64() < f.Loss/float64(burst) {
			losing[w] = burst - 1
			return nil
		}
		if r.Float64() < f.Corrupt && len(b) > 0 {
			b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		}
		d := f.Delay
		if f.Jitter > 0 {
			d += time.Duration(r.Int64N(2*int64(f.Jitter)+1)) - f.Jitter
		}
		if r.Float64() < f.Reorder {
			d += f.Delay + 30*time.Millisecond
		}
		delays := []time.Duration{max(d, 0)}
		if r.Float64() < f.Duplicate {
			delays = append(delays, max(d, 0)+time.Millisecond)
		}
		return delays
	}
}

// Bad returns a network like n whose datagrams take a Route as they leave: the
// same faults as on a Memory, over real sockets and in real time.
func Bad(n Network, route Route) Network { return badNetwork{n, route} }

type badNetwork struct {
	Network
	route Route
}

func (n badNetwork) ListenUDP(addr netip.AddrPort, o SocketOptions) (Socket, error) {
	s, err := n.Network.ListenUDP(addr, o)
	if err != nil {
		return nil, err
	}
	return badSocket{s, n.route}, nil
}

type badSocket struct {
	Socket
	route Route
}

func (s badSocket) Send(b []byte, to netip.AddrPort) error {
	b = slices.Clone(b)
	for _, d := range s.route(s.Local(), to, b) {
		if d <= 0 {
			if err := s.Socket.Send(b, to); err != nil {
				return err
			}
			continue
		}
		// What cannot be sent by then is lost.
		time.AfterFunc(d, func() { _ = s.Socket.Send(b, to) })
	}
	return nil
}

func (s badSocket) SendBatch(d []Datagram) (int, error) {
	for i := range d {
		if err := s.Send(d[i].Buf[:d[i].N], d[i].Addr); err != nil {
			return i, err
		}
	}
	return len(d), nil
}
