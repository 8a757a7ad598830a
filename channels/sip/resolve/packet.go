package resolve

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// MaxPacket is how long an answer may be that comes in a datagram: what passes
// most networks whole.
const MaxPacket = 1232

// typeNAPTR is a type that dnsmessage does not know (RFC 3403 4.1).
const typeNAPTR dnsmessage.Type = 35

var kindTypes = [...]dnsmessage.Type{A: dnsmessage.TypeA, AAAA: dnsmessage.TypeAAAA, SRV: dnsmessage.TypeSRV, NAPTR: typeNAPTR, TXT: dnsmessage.TypeTXT}

// Pack makes the message that asks q.
func Pack(q Question, id uint16) ([]byte, error) {
	name, err := dnsmessage.NewName(q.Name + ".")
	if err != nil {
		return nil, fmt.Errorf("%v: %w", q, ErrName)
	}
	b := dnsmessage.NewBuilder(nil, dnsmessage.Header{ID: id, RecursionDesired: true})
	var opt dnsmessage.ResourceHeader
	if err := errors.Join(
		b.StartQuestions(),
		b.Question(dnsmessage.Question{Name: name, Type: kindTypes[q.Kind], Class: dnsmessage.ClassINET}),
		b.StartAdditionals(),
		opt.SetEDNS0(MaxPacket, dnsmessage.RCodeSuccess, false),
		b.OPTResource(opt, dnsmessage.OPTResource{}),
	); err != nil {
		return nil, fmt.Errorf("%v: %w", q, err)
	}
	return b.Finish()
}

// What can be wrong with a message that came where an answer is waited for.
var (
	// ErrOther says that it is not the answer to the question: somebody guesses,
	// or an earlier answer is late.
	ErrOther = errors.New("not the answer to what was asked")
	// ErrTruncated says that the answer did not fit: ask again over TCP.
	ErrTruncated = errors.New("truncated")
)

// ServerError is the refusal of a name server.
type ServerError struct{ Code dnsmessage.RCode }

func (e *ServerError) Error() string {
	return "the name server says " + strings.TrimPrefix(e.Code.String(), "RCode")
}

// Unpack reads the answer to q out of a message: Answer.Err is nil, ErrNone, a
// *ServerError, ErrTruncated, or ErrOther for a message that is none.
func Unpack(b []byte, q Question, id uint16) Answer {
	var p dnsmessage.Parser
	h, err := p.Start(b)
	if err != nil || !h.Response || h.ID != id {
		return Answer{Err: ErrOther}
	}
	asked, err := p.Question()
	if err != nil || asked.Type != kindTypes[q.Kind] || asked.Class != dnsmessage.ClassINET || textOf(asked.Name) != q.Name {
		return Answer{Err: ErrOther}
	}
	if _, err := p.Question(); !errors.Is(err, dnsmessage.ErrSectionDone) {
		return Answer{Err: ErrOther}
	}
	switch {
	case h.RCode != dnsmessage.RCodeSuccess && h.RCode != dnsmessage.RCodeNameError:
		return Answer{Err: &ServerError{h.RCode}}
	case h.Truncated:
		return Answer{Err: ErrTruncated}
	}
	a, err := readAnswers(&p, q)
	switch {
	case err != nil:
		return Answer{Err: fmt.Errorf("%v: %w", q, err)}
	case a.records() > 0:
		return a
	}
	return Answer{Err: ErrNone, TTL: negativeTTL(&p)}
}

func textOf(n dnsmessage.Name) string {
	return strings.ToLower(strings.TrimSuffix(n.String(), "."))
}

// readAnswers collects the records of the name that was asked for, or of what it
// is an alias of.
func readAnswers(p *dnsmessage.Parser, q Question) (Answer, error) {
	a := Answer{TTL: maxTTL}
	name := q.Name
	for n := 0; ; n++ {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return a, nil
		}
		if err != nil {
			return a, err
		}
		if n >= 4*maxRecords {
			return a, p.SkipAllAnswers()
		}
		mine := textOf(h.Name) == name && h.Class == dnsmessage.ClassINET
		switch {
		case mine && h.Type == dnsmessage.TypeCNAME:
			r, err := p.CNAMEResource()
			if err != nil {
				return a, err
			}
			name = textOf(r.CNAME) // aliases stand in the order of their chain
			a.TTL = min(a.TTL, time.Duration(h.TTL)*time.Second)
			continue
		case !mine || h.Type != kindTypes[q.Kind] || a.records() >= maxRecords:
			if err := p.SkipAnswer(); err != nil {
				return a, err
			}
			continue
		}
		if err := a.read(p, q.Kind); err != nil {
			return a, err
		}
		// The top bit of a TTL counts as 0 (RFC 2181 8).
		ttl := h.TTL
		if ttl > 1<<31-1 {
			ttl = 0
		}
		a.TTL = min(a.TTL, time.Duration(ttl)*time.Second)
	}
}

func (a *Answer) records() int { return len(a.Addrs) + len(a.Servers) + len(a.Rules) + len(a.Texts) }

// read takes one record.
func (a *Answer) read(p *dnsmessage.Parser, kind Kind) error {
	switch kind {
	case A:
		r, err := p.AResource()
		if err != nil {
			return err
		}
		a.Addrs = append(a.Addrs, netip.AddrFrom4(r.A))
	case AAAA:
		r, err := p.AAAAResource()
		if err != nil {
			return err
		}
		a.Addrs = append(a.Addrs, netip.AddrFrom16(r.AAAA).Unmap())
	case SRV:
		r, err := p.SRVResource()
		if err != nil {
			return err
		}
		target := textOf(r.Target)
		if target == "" {
			target = "."
		}
		a.Servers = append(a.Servers, Server{r.Priority, r.Weight, r.Port, target})
	case NAPTR:
		r, err := p.UnknownResource()
		if err != nil {
			return err
		}
		if rule, ok := parseRule(r.Data); ok {
			a.Rules = append(a.Rules, rule)
		}
	case TXT:
		r, err := p.TXTResource()
		if err != nil {
			return err
		}
		a.Texts = append(a.Texts, strings.Join(r.TXT, ""))
	}
	return nil
}

// parseRule reads the data of a NAPTR record. Its replacement is never compressed
// (RFC 3403 4.1).
func parseRule(b []byte) (r Rule, ok bool) {
	if len(b) < 4 {
		return r, false
	}
	r.Order, r.Preference = binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
	b = b[4:]
	for _, s := range [...]*string{&r.Flags, &r.Services, &r.Expression} {
		if len(b) == 0 || len(b) < 1+int(b[0]) {
			return r, false
		}
		*s = string(b[1 : 1+int(b[0])])
		b = b[1+int(b[0]):]
	}
	var labels []string
	for {
		if len(b) == 0 || b[0] > 63 || len(b) < 1+int(b[0]) {
			return r, false
		}
		n := int(b[0])
		if n == 0 {
			r.Replacement = strings.ToLower(strings.Join(labels, "."))
			return r, len(b) == 1
		}
		labels = append(labels, string(b[1:1+n]))
		b = b[1+n:]
	}
}

// negativeTTL is how long it holds that there is nothing: the smaller of the TTL
// and the minimum of the zone's SOA record (RFC 2308 5).
func negativeTTL(p *dnsmessage.Parser) time.Duration {
	const unsaid = 30 * time.Second
	for range maxRecords {
		h, err := p.AuthorityHeader()
		if err != nil {
			break
		}
		if h.Type != dnsmessage.TypeSOA {
			if p.SkipAuthority() != nil {
				break
			}
			continue
		}
		r, err := p.SOAResource()
		if err != nil {
			break
		}
		return time.Duration(min(h.TTL, r.MinTTL)) * time.Second
	}
	return unsaid
}
