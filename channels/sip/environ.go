package sip

import (
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/channels/sip/message"
)

// maxEnviron bounds what programs get of one message in their environment, in
// bytes: the system limits it, with their arguments.
const maxEnviron = 64 << 10

// Request implements channel.Requested: the INVITE that brought the call, and its
// facts under the names that the programs of SIP routers know. A header that came
// several times is one value, divided by commas (RFC 3261 7.3.1). SIP_RURI and
// SIP_USER are those of the extension where the call is by now, SIP_ORURI and
// SIP_OUSER those that it came with.
func (p *pvt) Request(exten string) (text []byte, facts []string) {
	if p.d.Call(func() {
		if m := p.invite; m != nil {
			text = append([]byte(nil), m.Bytes()...)
			facts = p.facts(m, exten)
		}
	}) != nil {
		return nil, nil
	}
	return text, facts
}

// facts are the variables of a message.
func (p *pvt) facts(m *message.Message, exten string) []string {
	var names []string
	values := map[string]string{}
	size := 0
	for name, value := range m.Headers() {
		n := variableName(name)
		if n == "" || p.hides(name) || secret(name) {
			continue
		}
		if size += len(n) + len(value) + len("SIP_HF_=") + 2; size > maxEnviron {
			break
		}
		before, again := values[n]
		if !again {
			names = append(names, n)
			values[n] = oneLine(string(value))
			continue
		}
		values[n] = before + ", " + oneLine(string(value))
	}
	list := make([]string, 0, len(names)+8)
	for _, n := range names {
		list = append(list, "SIP_HF_"+n+"="+values[n])
	}
	uri := m.RequestURI()
	add := func(name, value string) { list = append(list, name+"="+oneLine(value)) }
	add("SIP_TID", string(m.Via().Branch))
	add("SIP_DID", string(m.ToTag()))
	add("SIP_SRCIP", p.received.Addr().String())
	original := string(m.RequestURIBytes())
	user := message.UnescapeString(uri.User)
	now := original
	if scheme, rest, ok := strings.Cut(original, ":"); ok && exten != "" && exten != user {
		if _, host, has := strings.Cut(rest, "@"); has {
			rest = host
		}
		now = scheme + ":" + string(message.AppendEscaped(nil, exten)) + "@" + rest
	}
	add("SIP_RURI", now)
	add("SIP_ORURI", original)
	add("SIP_USER", pick(exten == "", user, exten))
	add("SIP_OUSER", user)
	return list
}

// variableName is a header's name as a program sees it: full, in capitals, with
// underscores; "" for one that cannot be a variable's.
func variableName(name []byte) string {
	full := string(name)
	if id := message.HeaderIDOf(name); id != message.HeaderOther {
		full = id.String()
	}
	b := []byte(strings.ToUpper(full))
	for i, c := range b {
		switch {
		case c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
		case c == '-' || c == '.' || c == '_':
			b[i] = '_'
		default:
			return ""
		}
	}
	return string(b)
}

// secret are headers that prove who somebody is; they are nobody's business.
func secret(name []byte) bool {
	id := message.HeaderIDOf(name)
	return id == message.HeaderAuthorization || id == message.HeaderProxyAuthorization
}

// oneLine takes out what no value of the environment may hold, and folds.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == 0 || r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, s)
}

// Refuse implements channel.Refuser.
func (p *pvt) Refuse(status int) error {
	if status < 400 || status > 699 {
		return fmt.Errorf("%d is no final response that refuses a call", status)
	}
	return p.d.Call(func() {
		if p.outgoing || p.phase != phaseEarly {
			return
		}
		if p.channel.Cause() == channel.CauseNone {
			p.channel.SetCause(causeOfStatus(status), "")
		}
		p.indicated(status, message.StatusText(status))
	})
}
