package resolve

import (
	"errors"
	"net/netip"
	"strings"
	"time"
)

// Kind is the type of a record.
type Kind uint8

// The records that lead to a server.
const (
	A Kind = iota + 1
	AAAA
	SRV
	NAPTR
	TXT // for names of callers; it leads to no server
)

var kindNames = [...]string{"", "A", "AAAA", "SRV", "NAPTR", "TXT"}

func (k Kind) String() string { return kindNames[k] }

// Question is what the DNS is asked. Name is in lower case, without a dot at its
// end.
type Question struct {
	Name string
	Kind Kind
}

func (q Question) String() string { return q.Kind.String() + " " + q.Name }

// Server is one SRV record (RFC 2782). A Target of "." says that the domain does
// not have the service.
type Server struct {
	Priority, Weight, Port uint16
	Target                 string
}

// Rule is one NAPTR record (RFC 3403).
type Rule struct {
	Order, Preference           uint16
	Flags, Services, Expression string
	Replacement                 string
}

// Answer is what the DNS knows: the records of the kind that was asked for, or
// why there are none.
type Answer struct {
	Addrs   []netip.Addr
	Servers []Server
	Rules   []Rule
	// Texts are TXT records, their strings joined.
	Texts []string
	// TTL is how long the answer holds; of an ErrNone too (RFC 2308).
	TTL time.Duration
	// Err is nil, ErrNone, or why the DNS did not answer.
	Err error
	// Local says that the answer is the machine's own (/etc/hosts), which has
	// nothing but addresses and is not for keeping.
	Local bool
}

// ErrNone says that the name, or a record of that kind for it, does not exist.
var ErrNone = errors.New("no such name")

// ErrName says that a text is not a host name.
var ErrName = errors.New("not a host name")

// Limits of what one name leads to: answers come from strangers.
const (
	maxRecords = 32
	maxTargets = 64
)

// hostName checks a name before anybody is asked about it, and returns it as
// Questions have it.
func hostName(s string) (string, error) {
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if s == "" || len(s) > 253 {
		return "", ErrName
	}
	digits := false
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return "", ErrName
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return "", ErrName
			}
		}
		digits = strings.Trim(label, "0123456789") == ""
	}
	if digits { // a number that was dialled, or a broken address (RFC 1123 2.1)
		return "", ErrName
	}
	return s, nil
}
