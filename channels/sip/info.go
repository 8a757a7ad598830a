package sip

import (
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/event"
)

// informed handles INFO: digits (application/dtmf-relay, application/dtmf, and those of
// Nortel), flash, and the record button.
func (p *pvt) informed(tx *transaction.Server, m *message.Message) {
	t := m.ContentType()
	switch {
	case len(m.HeaderNamed("Record")) > 0:
		p.recordAsked(tx, m)
		return
	case len(m.HeaderNamed("X-ClientCode")) > 0:
		p.clientCode(tx, m)
		return
	case m.ContentLength() == 0 && len(m.Header(message.HeaderContentType)) == 0:
		p.reply(tx, m, 200, "OK", nil, nil) // a keepalive
		return
	case t.Is("application/dtmf-relay"):
		digit, d := parseRelay(m.Body())
		p.pressed(digit, d)
	case t.Is("application/vnd.nortelnetworks.digits"):
		p.pressed(parseNortel(m.Body()), infoDigit)
	case t.Is("application/dtmf"):
		digit, _ := parseDigit(strings.TrimSpace(string(m.Body())))
		p.pressed(digit, infoDigit)
	case t.Is("application/hook-flash"), t.Is("application/broadsoft") && strings.Contains(string(m.Body()), "event flashhook"):
		p.queue(channel.ControlFlash)
	case t.Is("application/media_control+xml"): // asks for a picture
	default:
		p.reply(tx, m, 415, "Unsupported media type", nil, nil)
		return
	}
	p.reply(tx, m, 200, "OK", nil, nil)
}

// recordAsked handles the record button of phones, a header Record: on or off,
// which asks for the feature of recordonfeature or recordofffeature. No feature has
// a code yet: programs hear of it, and the phone is told that nothing records.
func (p *pvt) recordAsked(tx *transaction.Server, m *message.Message) {
	feature, state := p.settings.RecordOff, "off"
	if strings.EqualFold(string(m.HeaderNamed("Record")), "on") {
		feature, state = p.settings.RecordOn, "on"
	}
	p.channel.Publish(event.Event{Kind: event.Feature, Name: feature, Value: state})
	p.reply(tx, m, 403, "Forbidden", nil, nil)
}

// clientCode handles the code of a client that somebody types during a call, a
// header X-ClientCode: with useclientcode it becomes the userfield of the call's
// record.
func (p *pvt) clientCode(tx *transaction.Server, m *message.Message) {
	if !p.settings.UseClientCode || p.channel == nil {
		p.reply(tx, m, 403, "Forbidden", nil, nil)
		return
	}
	code := quotable(m.HeaderNamed("X-ClientCode"))
	if err := p.d.records.SetField(p.channel.Uniqueid(), "userfield", code); err != nil {
		p.d.log.Warn("SIP: client code", "call", p.callID, "err", err)
		p.reply(tx, m, 403, "Forbidden", nil, nil)
		return
	}
	p.reply(tx, m, 200, "OK", nil, nil)
}

// infoDigit is how long a digit lasts that does not say.
const infoDigit = 100 * time.Millisecond

// flash is the event that stands for a hook flash.
const flash = '!'

func (p *pvt) pressed(digit byte, t time.Duration) {
	switch {
	case digit == 0 || p.channel == nil:
	case digit == flash:
		p.queue(channel.ControlFlash)
	default:
		p.channel.DigitBegin(digit)
		p.channel.DigitEnd(digit, t)
	}
}

// parseRelay reads "Signal=5\r\nDuration=160"; d is 100 ms unless it says.
func parseRelay(body []byte) (digit byte, d time.Duration) {
	d = infoDigit
	for line := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '\r' || r == '\n' }) {
		name, value, _ := strings.Cut(line, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "signal":
			digit, _ = parseDigit(value)
		case "duration":
			if n, err := strconv.Atoi(value); err == nil && n > 0 && n <= 10000 {
				d = time.Duration(n) * time.Millisecond
			}
		}
	}
	return digit, d
}

// parseNortel reads the digit of "p=Digit-Collection\r\ny=Digits\r\n\r\nd=5\r\n".
func parseNortel(body []byte) (digit byte) {
	for line := range strings.FieldsFuncSeq(string(body), func(r rune) bool { return r == '\r' || r == '\n' }) {
		if value, ok := strings.CutPrefix(line, "d="); ok {
			digit, _ = parseDigit(strings.TrimSpace(value))
		}
	}
	return digit
}

// parseDigit reads a digit as itself or as its event number (RFC 4733 table 3).
func parseDigit(s string) (byte, bool) {
	const events = "0123456789*#ABCD!"
	if len(s) == 1 {
		c := s[0]
		if c >= 'a' && c <= 'd' {
			c -= 'a' - 'A'
		}
		if strings.IndexByte(events, c) >= 0 {
			return c, true
		}
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n >= len(events) {
		return 0, false
	}
	return events[n], true
}
