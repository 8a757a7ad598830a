package main

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type sipEnd struct {
	c    *net.UDPConn
	addr string
}

func listen(addr string) *sipEnd {
	a, err := net.ResolveUDPAddr("udp4", addr)
	chk(err)
	c, err := net.ListenUDP("udp4", a)
	chk(err)
	c.SetReadBuffer(4 << 20)
	return &sipEnd{c, c.LocalAddr().String()}
}
func (e *sipEnd) send(to *net.UDPAddr, s string) { e.c.WriteToUDP([]byte(s), to) }
func (e *sipEnd) reply(m *msg, to *net.UDPAddr, code, tag, body string) {
	var b strings.Builder
	b.WriteString("SIP/2.0 " + code + "\r\n")
	for _, v := range m.hdr["via"] {
		b.WriteString("Via: " + v + "\r\n")
	}
	for _, v := range m.hdr["record-route"] {
		b.WriteString("Record-Route: " + v + "\r\n")
	}
	t := m.get("to")
	if tag != "" && !strings.Contains(t, "tag=") {
		t += ";tag=" + tag
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:u@%s>\r\n", m.get("from"), t, m.get("call-id"), m.get("cseq"), e.addr)
	if body != "" {
		b.WriteString("Content-Type: application/sdp\r\n")
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	e.send(to, b.String())
}

type call struct {
	leg         *leg
	ch          chan *msg
	cid, ft, to string
	ruri        string
	routes      []string
	ack         string
	up          bool
	gone        atomic.Bool
}

var (
	uac     *sipEnd
	uacMu   sync.Mutex
	uacCall = map[string]*call{}
	tgt     *net.UDPAddr
	branchN atomic.Int64
	dropped atomic.Int64
)

func branch() string { return fmt.Sprintf("z9hG4bKrl%d%d", os.Getpid(), branchN.Add(1)) }

func uacReader() {
	buf := make([]byte, 65536)
	for {
		n, from, err := uac.c.ReadFromUDP(buf)
		if err != nil {
			return
		}
		m := parse(string(buf[:n]))
		uacMu.Lock()
		c := uacCall[m.get("call-id")]
		uacMu.Unlock()
		if m.code() == 0 {
			switch m.method() {
			case "ACK":
			case "BYE":
				uac.reply(m, from, "200 OK", "", "")
				if c != nil && !c.gone.Swap(true) {
					dropped.Add(1)
					if c.leg != nil {
						c.leg.active.Store(false)
					}
				}
			case "INVITE":
				uac.reply(m, from, "200 OK", "x", sdp(0, codecName[*fUACc]))
			default:
				uac.reply(m, from, "200 OK", "x", "")
			}
			continue
		}
		if c == nil {
			continue
		}
		if c.up && m.cseqMethod() == "INVITE" && m.code() >= 200 {
			uac.send(tgt, c.ack)
			continue
		}
		select {
		case c.ch <- m:
		default:
		}
	}
}

func param(h, k string) string {
	i := strings.Index(h, k+"=")
	for i > 0 && h[i-1] != ' ' && h[i-1] != ',' {
		j := strings.Index(h[i+1:], k+"=")
		if j < 0 {
			return ""
		}
		i += 1 + j
	}
	if i < 0 {
		return ""
	}
	v := h[i+len(k)+1:]
	if strings.HasPrefix(v, "\"") {
		v, _, _ = strings.Cut(v[1:], "\"")
		return v
	}
	v, _, _ = strings.Cut(v, ",")
	return strings.TrimSpace(v)
}
func md(s string) string { x := md5.Sum([]byte(s)); return hex.EncodeToString(x[:]) }
func digest(h, method, uri string) string {
	realm, nonce, qop := param(h, "realm"), param(h, "nonce"), param(h, "qop")
	ha1, ha2 := md(*fUser+":"+realm+":"+*fPass), md(method+":"+uri)
	s := fmt.Sprintf("Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", algorithm=MD5", *fUser, realm, nonce, uri)
	if strings.Contains(qop, "auth") {
		cn := strconv.FormatInt(time.Now().UnixNano(), 16)
		s += fmt.Sprintf(", qop=auth, nc=00000001, cnonce=\"%s\", response=\"%s\"", cn, md(ha1+":"+nonce+":00000001:"+cn+":auth:"+ha2))
	} else {
		s += fmt.Sprintf(", response=\"%s\"", md(ha1+":"+nonce+":"+ha2))
	}
	if o := param(h, "opaque"); o != "" {
		s += ", opaque=\"" + o + "\""
	}
	return s
}

// place sets up one call; true when it was answered.
func place(i int) *call {
	c := &call{ch: make(chan *msg, 16), cid: fmt.Sprintf("rl-%d-%d-%d", os.Getpid(), i, time.Now().UnixNano()), ft: fmt.Sprintf("f%d", i)}
	c.ruri = "sip:" + *fExten + "@" + *fTarget
	uacMu.Lock()
	uacCall[c.cid] = c
	uacMu.Unlock()
	codec := codecName[*fUACc]
	body := sdp(0, codec)
	toH := "<" + c.ruri + ">"
	req := func(method, ruri, br string, cseq int, to, extra, body string) string {
		s := fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=%s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:%s@%s>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:%s@%s>\r\n%s",
			method, ruri, uac.addr, br, *fFrom, uac.addr, c.ft, to, c.cid, cseq, method, *fFrom, uac.addr, extra)
		for _, r := range c.routes {
			s += "Route: " + r + "\r\n"
		}
		if body != "" {
			s += "Content-Type: application/sdp\r\n"
		}
		return s + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	cseq, auth, tries := 1, "", 0
restart:
	br := branch()
	inv := req("INVITE", c.ruri, br, cseq, toH, auth, body)
	uac.send(tgt, inv)
	rt, prov := 500*time.Millisecond, false
	deadline := time.After(20 * time.Second)
	for {
		var m *msg
		select {
		case m = <-c.ch:
		case <-time.After(rt):
			if !prov {
				uac.send(tgt, inv)
				rt *= 2
			}
			continue
		case <-deadline:
			return nil
		}
		if m.cseqMethod() != "INVITE" {
			continue
		}
		switch cd := m.code(); {
		case cd < 200:
			prov = true
		case cd < 300:
			ruri := uriOf(m.get("contact"))
			for k := len(m.hdr["record-route"]) - 1; k >= 0; k-- {
				c.routes = append(c.routes, m.hdr["record-route"][k])
			}
			c.to = m.get("to")
			c.ack = req("ACK", ruri, branch(), cseq, c.to, "", "")
			uac.send(tgt, c.ack)
			c.ruri = ruri
			ip, port := sdpAddr(m.body)
			l := &leg{side: 0, codec: codec, ssrc: uint32(0x10000000 + i), rxLastSeq: -1}
			l.dst.Family = syscall.AF_INET
			copy(l.dst.Addr[:], net.ParseIP(ip).To4())
			l.dst.Port = uint16(port>>8 | port<<8)
			fill(l)
			mu.Lock()
			l.id = len(legs[0])
			legs[0] = append(legs[0], l)
			byPrt[0][port] = l
			mu.Unlock()
			c.leg = l
			c.up = true
			l.active.Store(*fSend)
			bye := func() string {
				return req("BYE", c.ruri, branch(), cseq+1, c.to, "", "")
			}
			c.ack = req("ACK", ruri, branch(), cseq, c.to, "", "")
			go func() {
				<-hangup
				if c.gone.Swap(true) {
					return
				}
				l.active.Store(false)
				b := bye()
				for k := 0; k < 6; k++ {
					uac.send(tgt, b)
					select {
					case m := <-c.ch:
						if m.cseqMethod() == "BYE" && m.code() >= 200 {
							byed.Add(1)
							return
						}
					case <-time.After(500 * time.Millisecond << k):
					}
				}
			}()
			return c
		default:
			a := req("ACK", c.ruri, br, cseq, m.get("to"), "", "")
			uac.send(tgt, a)
			if (cd == 401 || cd == 407) && *fUser != "" && tries == 0 {
				tries++
				hn, rn := "Authorization", "www-authenticate"
				if cd == 407 {
					hn, rn = "Proxy-Authorization", "proxy-authenticate"
				}
				auth = hn + ": " + digest(m.get(rn), "INVITE", c.ruri) + "\r\n"
				cseq++
				goto restart
			}
			if *fVerbose {
				fmt.Fprintln(os.Stderr, "call refused:", m.start)
			}
			return nil
		}
	}
}

var (
	hangup = make(chan struct{})
	byed   atomic.Int64
)

func fill(l *leg) {
	for k := range l.buf[12:] {
		switch l.codec {
		case cG:
			l.buf[12+k] = byte(k*37 + 11)
		default:
			l.buf[12+k] = encTab[l.codec][int(8+4*math.Sin(2*math.Pi*float64(k)*400/8000))&15]
		}
	}
}
