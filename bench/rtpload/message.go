package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

type msg struct {
	start string
	hdr   map[string][]string
	body  string
	raw   string
}

func parse(s string) *msg {
	m := &msg{hdr: map[string][]string{}, raw: s}
	h, b, _ := strings.Cut(s, "\r\n\r\n")
	m.body = b
	for i, ln := range strings.Split(h, "\r\n") {
		if i == 0 {
			m.start = ln
			continue
		}
		k, v, ok := strings.Cut(ln, ":")
		if !ok {
			continue
		}
		k = strings.ToLower(strings.TrimSpace(k))
		switch k {
		case "v":
			k = "via"
		case "i":
			k = "call-id"
		case "f":
			k = "from"
		case "t":
			k = "to"
		case "m":
			k = "contact"
		case "l":
			k = "content-length"
		}
		m.hdr[k] = append(m.hdr[k], strings.TrimSpace(v))
	}
	return m
}

func (m *msg) get(k string) string {
	if v := m.hdr[k]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (m *msg) code() int {
	if !strings.HasPrefix(m.start, "SIP/2.0 ") || len(m.start) < 11 {
		return 0
	}
	c, _ := strconv.Atoi(m.start[8:11])
	return c
}
func (m *msg) method() string { f, _, _ := strings.Cut(m.start, " "); return f }
func (m *msg) cseqMethod() string {
	_, x, _ := strings.Cut(m.get("cseq"), " ")
	return strings.TrimSpace(x)
}

func sdpAddr(body string) (ip string, port int) {
	for _, ln := range strings.Split(body, "\n") {
		ln = strings.TrimSpace(ln)
		if strings.HasPrefix(ln, "c=IN IP4 ") && ip == "" {
			ip = ln[9:]
		}
		if strings.HasPrefix(ln, "m=audio ") && port == 0 {
			port, _ = strconv.Atoi(strings.Fields(ln)[1])
		}
	}
	return
}

func sdp(side, codec int) string {
	return fmt.Sprintf("v=0\r\no=- %d 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP %d\r\na=rtpmap:%d %s/8000\r\na=ptime:20\r\na=sendrecv\r\n",
		time.Now().UnixNano()&0x7fffffff, rips[side], rips[side], rport[side], codecPT[codec], codecPT[codec], codecRtp[codec])
}

func uriOf(contact string) string {
	if i := strings.IndexByte(contact, '<'); i >= 0 {
		if j := strings.IndexByte(contact[i:], '>'); j > 0 {
			return contact[i+1 : i+j]
		}
	}
	u, _, _ := strings.Cut(contact, ";")
	return u
}
