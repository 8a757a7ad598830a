package registry

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Line is a register => line, or what callbackextension makes of a section. Equal
// lines ask for the same.
type Line struct {
	Peer       string // the section whose settings hold, "" for none named
	Transport  string // udp, tcp, tls, ws, wss; "" when the line does not say
	User       string
	Domain     string // of the address of record; "" for Host
	DomainPort uint16
	Secret     string
	AuthUser   string        // "" for User
	Host       string        // where the registrar is: a name, an address or a section
	Port       uint16        // 0: the transport's own
	Exten      string        // what calls come in for
	Expiry     time.Duration // what is asked for; 0 for defaultexpiry
}

// DefaultExten is what calls come in for where a line does not say.
const DefaultExten = "s"

var (
	errForm = errors.New("a registration is [peer?][transport://]user[@domain][:secret[:authuser]]@host[:port][/extension][~expiry]")
	// What is wrong never repeats the line: it holds a secret.
	errUser   = errors.New("the registration has no user before the @")
	errHost   = errors.New("the registration has no host after the @")
	errPort   = errors.New("the port of the registration is not a number from 1 to 65535")
	errExpiry = errors.New("the expiry of the registration after ~ is not a number of seconds")
)

// ParseLine reads
//
//	[peer?][transport://]user[@domain[:port]][:secret[:authuser]]@host[:port][/extension][~expiry]
//
// The port of a domain is read only where four fields stand before the last @, as
// in 3456@domain:5082::@host. Quotes around a field are not part of it.
func ParseLine(s string) (Line, error) {
	l := Line{Exten: DefaultExten}
	s = strings.TrimSpace(s)
	if peer, rest, ok := strings.Cut(s, "?"); ok && !strings.ContainsAny(peer, ":@/") {
		l.Peer, s = strings.TrimSpace(peer), rest
	}
	if transport, rest, ok := strings.Cut(s, "://"); ok && !strings.ContainsAny(transport, ":@/") {
		l.Transport, s = strings.ToLower(strings.TrimSpace(transport)), rest
		switch l.Transport {
		case "udp", "tcp", "tls", "ws", "wss":
		default:
			return l, fmt.Errorf("%q is not one of udp, tcp, tls, ws, wss", transport)
		}
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return l, errForm
	}
	if err := l.user(s[:at]); err != nil {
		return l, err
	}
	return l, l.host(s[at+1:])
}

// user reads user[@domain[:port]][:secret[:authuser]].
func (l *Line) user(s string) (err error) {
	f := strings.SplitN(s, ":", 4)
	user, domain, _ := strings.Cut(f[0], "@")
	_, notPort := port(f[min(1, len(f)-1)])
	if len(f) == 4 && (domain != "" || notPort == nil) {
		if f[1] != "" {
			if l.DomainPort, err = port(f[1]); err != nil {
				return err
			}
		}
		f = append(f[:1], f[2:]...)
	} else {
		f = strings.SplitN(s, ":", 3)
	}
	l.User, l.Domain = unquote(strings.TrimSpace(user)), unquote(strings.TrimSpace(domain))
	if len(f) > 1 {
		l.Secret = unquote(f[1])
	}
	if len(f) > 2 {
		l.AuthUser = unquote(f[2])
	}
	if l.User == "" {
		return errUser
	}
	return nil
}

// host reads host[:port][/extension][~expiry].
func (l *Line) host(s string) (err error) {
	if i := strings.LastIndexByte(s, '~'); i >= 0 {
		n, err := strconv.ParseUint(strings.TrimSpace(s[i+1:]), 10, 31)
		if err != nil || n == 0 {
			return errExpiry
		}
		s, l.Expiry = s[:i], time.Duration(n)*time.Second
	}
	s, exten, ok := strings.Cut(s, "/")
	if exten = unquote(strings.TrimSpace(exten)); ok && exten != "" {
		l.Exten = exten
	}
	s = unquote(strings.TrimSpace(s))
	literal := s
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		literal = s[1 : len(s)-1]
	}
	if a, err := netip.ParseAddr(literal); err == nil && a.Zone() == "" {
		l.Host = a.String()
		return nil
	}
	if a, err := netip.ParseAddrPort(s); err == nil && a.Port() != 0 && a.Addr().Zone() == "" {
		l.Host, l.Port = a.Addr().String(), a.Port()
		return nil
	}
	host, text, ok := strings.Cut(s, ":")
	if l.Host = unquote(strings.TrimSpace(host)); l.Host == "" || strings.ContainsAny(l.Host, " \t<>\"[];,?") {
		return errHost
	}
	if ok {
		if l.Port, err = port(text); err != nil {
			return err
		}
	}
	return nil
}

// unquote takes quotes around a field away.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

func port(s string) (uint16, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 16)
	if err != nil || n == 0 {
		return 0, errPort
	}
	return uint16(n), nil
}

// Binding is what of a line names the binding at the registrar: lines that differ
// in nothing of it take each other's place there.
func (l Line) Binding() Line {
	l.Peer, l.Secret, l.AuthUser, l.Expiry = "", "", "", 0
	return l
}

// String is the account, user@host, without anything secret.
func (l Line) String() string { return l.User + "@" + l.Host }
