package agi

import (
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	// port is FastAGI's.
	port = "4573"
	// connectTime is how long one server may take to answer, searchTime all of them
	// with the questions to the DNS.
	connectTime = 2 * time.Second
	searchTime  = 10 * time.Second
)

// server is a FastAGI server.
type server struct{ net.Conn }

// hangup sends the line that stands for SIGHUP.
func (c server) hangup() {
	_ = c.SetWriteDeadline(time.Now().Add(replyTime))
	_, _ = io.WriteString(c, "HANGUP\n") // a server that is gone is noticed by its silence
}

func (c server) kill() { _ = c.Close() }

// address divides host[:port][/path]. IPv6 addresses stand in brackets.
func address(rest string) (host, port, path string) {
	host, path, _ = strings.Cut(rest, "/")
	if h, p, err := net.SplitHostPort(host); err == nil {
		return h, p, path
	}
	return strings.Trim(host, "[]"), "", path
}

// connect opens the connection to a server; lookup has it named by the domain's
// SRV records (_agi._tcp).
func (s *session) connect(rest string, lookup bool) (wire, status) {
	s.network = true
	host, p, _ := address(rest)
	ctx, cancel := context.WithTimeout(context.Background(), searchTime)
	defer cancel()
	places := []string{net.JoinHostPort(host, pick(p, port))}
	if lookup && p == "" {
		_, list, err := s.agi.deps.Resolver.LookupSRV(ctx, "agi", "tcp", host)
		if err != nil {
			s.t.Log().Warn(fmt.Sprintf("AGI %s: %v", s.name, err))
			return nil, failure
		}
		places = places[:0]
		for _, srv := range list {
			places = append(places, net.JoinHostPort(strings.TrimSuffix(srv.Target, "."), strconv.Itoa(int(srv.Port))))
		}
	}
	for _, place := range places {
		one, cancel := context.WithTimeout(ctx, connectTime)
		conn, err := s.agi.deps.Dial(one, "tcp", place)
		cancel()
		if err == nil {
			return server{conn}, ""
		}
		s.t.Log().Warn(fmt.Sprintf("Connecting to '%s' failed for url '%s': %v", place, s.name, err))
		if s.gone() {
			break
		}
	}
	s.t.Log().Warn("Couldn't connect to any host.  FastAGI failed.")
	return nil, failure
}

func pick(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// facts are the agi_… lines that only a server gets, names and values in turn.
func (s *session) facts() []string {
	if !s.network {
		return nil
	}
	list := []string{"network", "yes"}
	_, rest, _ := strings.Cut(s.name, "://")
	if _, _, path := address(rest); path != "" {
		list = append(list, "network_script", path)
	}
	return list
}

// request is agi_request: the name as it was written.
func (s *session) request() string {
	if s.name == asyncName {
		return "async"
	}
	return s.name
}
