package main

import (
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

func uasReader(e *sipEnd) {
	type uc struct {
		m     *msg
		from  *net.UDPAddr
		body  string
		leg   *leg
		acked bool
		tag   string
	}
	calls := map[string]*uc{}
	var cm sync.Mutex
	buf := make([]byte, 65536)
	codec := codecName[*fUASc]
	for {
		n, from, err := e.c.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := parse(string(buf[:n]))
		if m.code() != 0 {
			continue
		}
		id := m.get("call-id")
		cm.Lock()
		u := calls[id]
		cm.Unlock()
		switch m.method() {
		case "INVITE":
			if u == nil {
				ip, port := sdpAddr(m.body)
				l := &leg{side: 1, codec: codec, rxLastSeq: -1}
				l.dst.Family = syscall.AF_INET
				copy(l.dst.Addr[:], net.ParseIP(ip).To4())
				l.dst.Port = uint16(port>>8 | port<<8)
				fill(l)
				mu.Lock()
				l.id = len(legs[1])
				l.ssrc = uint32(0x20000000 + l.id)
				legs[1] = append(legs[1], l)
				byPrt[1][port] = l
				mu.Unlock()
				u = &uc{m: m, from: from, body: sdp(1, codec), leg: l, tag: fmt.Sprintf("u%d", l.id)}
				cm.Lock()
				calls[id] = u
				cm.Unlock()
				e.reply(m, from, "180 Ringing", u.tag, "")
				e.reply(m, from, "200 OK", u.tag, u.body)
				go func() {
					for k := 0; k < 7; k++ {
						time.Sleep(500 * time.Millisecond << k)
						cm.Lock()
						a := u.acked
						cm.Unlock()
						if a {
							return
						}
						e.reply(u.m, u.from, "200 OK", u.tag, u.body)
					}
				}()
			} else {
				u.m = m
				e.reply(m, from, "200 OK", u.tag, u.body)
			}
		case "ACK":
			if u != nil {
				cm.Lock()
				u.acked = true
				cm.Unlock()
				u.leg.active.Store(*fSend)
			}
		case "BYE":
			if u != nil {
				u.leg.active.Store(false)
			}
			e.reply(m, from, "200 OK", "", "")
		case "CANCEL":
			e.reply(m, from, "200 OK", "", "")
		default:
			e.reply(m, from, "200 OK", "x", "")
		}
	}
}
