package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/guard"
	"pbx/channels/sip/message"
	"pbx/channels/sip/transaction"
	"pbx/event"
)

// authResult is what became of a request that had to prove itself.
type authResult int

const (
	authOK         authResult = iota
	authChallenged            // a 401 was sent
	authRejected              // a final refusal was sent
	authIgnored               // nothing was sent: the guard holds the source off
)

// authenticator holds what the challenges of one driver share. The monitor loop
// owns it.
type authenticator struct {
	nonces   nonces
	guard    *guard.Guard
	refusals guard.Budget // lines of the log
	// confessed is when the log was last told what it did not get.
	confessed time.Time
	hasher    digest.Hasher
	nobody    digest.Keys // that no answer fits: for names that do not exist
	key       string      // the secret of nobody
	header    []byte
	domains   digest.Keys // computed for a realm other than [general]'s
}

func (a *authenticator) open(random []byte, d *Driver) {
	a.nonces = newNonces(random, d.now())
	a.guard = guard.New(d.cfg.General.guardRules())
	a.refusals = guard.Budget{Burst: refusalBurst, Rate: refusalRate}
	a.key = string(random)
	a.nobody = digest.NewKeys("", "", a.key, "", "")
}

// authenticate lets a request of p pass, or answers it. The request passes
// without proof when the peer has no secret, and with insecure=invite.
func (d *Driver) authenticate(tx *transaction.Server, m *message.Message, p *Peer, from source) authResult {
	res := d.authenticated(tx, m, p, from)
	if res == authOK {
		d.prove(from)
	}
	return res
}

func (d *Driver) authenticated(tx *transaction.Server, m *message.Message, p *Peer, from source) authResult {
	tx.Route.Remote = d.replyAddress(m, from, p)
	if !p.ACL.Allows(from.addr.Addr()) {
		return d.rejectUnknown(tx, m, from, "Device does not match ACL")
	}
	if !p.hasSecret() || p.InsecureInvite && m.Method() != message.REGISTER {
		return authOK
	}
	return d.verify(tx, m, from, p)
}

// admit says who a request outside of a dialog comes from and whether it may
// pass: identify, the guest rule and authenticate together. The answer was sent
// unless the result is authOK; the peer is nil for a guest.
func (d *Driver) admit(tx *transaction.Server, m *message.Message, from source) (*Peer, authResult) {
	if p, _ := d.identify(m, from); p != nil {
		return p, d.authenticate(tx, m, p, from)
	}
	if d.cfg.General.AllowGuest {
		return nil, authOK
	}
	return nil, d.rejectUnknown(tx, m, from, "No matching peer found")
}

// rejectUnknown refuses a request from nobody we know. With alwaysauthreject it
// goes through the same challenge, of the same size and taking the same time, as
// a known name with a wrong secret: the answer leaves before the log hears of
// it. What gets no answer is not logged either, so that a flood cannot fill the
// log.
func (d *Driver) rejectUnknown(tx *transaction.Server, m *message.Message, from source, reason string) authResult {
	result := authRejected
	switch {
	case d.cfg.General.AlwaysAuthReject:
		result = d.verify(tx, m, from, nil)
	case m.Method() == message.REGISTER:
		d.respond(tx, m, 404, "Not found", nil)
	default:
		d.respond(tx, m, 403, "Forbidden", nil)
	}
	if result != authIgnored {
		d.refused(m, from, reason)
	}
	return result
}

// verify checks the digest of a request against the secret of p, nil for a name
// that does not exist. An answer with a nonce of ours is right or refused (403,
// never a second 401); one with a nonce that is foreign, old or used before gets
// a fresh challenge (RFC 7616 section 3.3).
func (d *Driver) verify(tx *transaction.Server, m *message.Message, from source, p *Peer) authResult {
	a := &d.auth
	realm := d.realm(m)
	algorithms := d.cfg.General.Defaults.Digest
	keys, name := &a.nobody, ""
	if p != nil {
		algorithms, name = p.Digest, p.Name
		keys = &p.keys
	}
	if realm != d.cfg.General.Realm { // for a name that does not exist as well: it takes time
		secret := a.key
		if p != nil {
			secret = p.Secret
		}
		a.domains = digest.NewKeys(name, realm, secret, "", "")
		keys = &a.domains
	}
	given, alg, ok := credentialFor(m, realm, algorithms)
	if !ok {
		return d.challenge(tx, m, from, realm, algorithms, false)
	}
	now := d.now()
	nc, counted := uint32(1), true
	if len(given.QOP) > 0 {
		nc, counted = digest.ParseCount(given.NC)
	}
	addr := from.addr.Addr()
	serial, verdict := a.nonces.check(given.Nonce, now, addr, nc)
	proven := verdict != nonceForeign // a challenge of ours got to where the sender says it is
	// A connection proves as much; the address of a datagram may be forged.
	there := proven || from.protocol.Reliable()
	if there && a.guard.Slowed(addr, given.Username, now) {
		return authIgnored
	}
	want := a.hasher.Response(alg, keys.HA1[alg], string(m.Method()), &given, m.Body())
	right := digest.Equal(want, given.Response) && counted && p != nil && keys.HA1[alg] != "" && string(given.Username) == name
	if proven {
		a.guard.Answered(addr, right && verdict == nonceFresh)
	}
	switch {
	case verdict != nonceFresh:
		// A nonce that is none of ours may be the sender's own, made to try passwords
		// with: nothing is said of the answer to it.
		result := d.challenge(tx, m, from, realm, algorithms, right && proven)
		if there && !right { // what tells stale from wrong would be a way to guess
			d.failed(from, given.Username)
		}
		return result
	case !right:
		mismatch := string(given.Username) != name
		d.respond(tx, m, 403, "Forbidden", nil)
		switch {
		case p == nil: // rejectUnknown says so
		case mismatch:
			d.refused(m, from, "Username/auth name mismatch")
		default:
			d.refused(m, from, "Wrong password")
		}
		d.failed(from, given.Username)
		return authRejected
	}
	a.nonces.use(serial, nc)
	if d.bus.Wants(event.Security) {
		d.tellSecurity(from, "SuccessfulAuth", severityInformational, string(m.CallID()), claimantProven(m), "UsingPassword", "1")
	}
	return authOK
}

// credentialFor picks the credential that answers a challenge of ours: of that
// realm and with one of the algorithms. What is for somebody else is skipped.
func credentialFor(m *message.Message, realm string, algorithms []digest.Algorithm) (digest.Authorization, digest.Algorithm, bool) {
	for _, id := range [...]message.HeaderID{message.HeaderAuthorization, message.HeaderProxyAuthorization} {
		if !m.Has(id) {
			continue
		}
		for line := range m.Lines(id) {
			a, ok := digest.ParseAuthorization(line)
			if !ok || string(a.Realm) != realm {
				continue
			}
			alg, ok := digest.ParseAlgorithm(a.Algorithm)
			if !ok {
				continue
			}
			for _, offered := range algorithms {
				if alg == offered {
					return a, alg, true
				}
			}
		}
	}
	return digest.Authorization{}, digest.MD5, false
}

// challenge answers 401 with a fresh nonce, unless the source has taken too many
// without answering any.
func (d *Driver) challenge(tx *transaction.Server, m *message.Message, from source, realm string, algorithms []digest.Algorithm, stale bool) authResult {
	a := &d.auth
	now := d.now()
	addr := from.addr.Addr()
	allowed, began := a.guard.Challenge(addr, now, d.peers.resident(addr))
	if began != nil {
		d.banned(began, "challenges without an answer")
	}
	if !allowed {
		return authIgnored
	}
	var buf [nonceLen]byte
	nonce := a.nonces.append(buf[:0], now, addr)
	if d.bus.Wants(event.Security) {
		d.tellSecurity(from, "ChallengeSent", severityInformational, string(m.CallID()), claimantChallenged(m), "Challenge", string(nonce))
	}
	qop := !d.cfg.General.Compat
	d.respond(tx, m, 401, "Unauthorized", func(b *message.Builder) {
		for _, alg := range algorithms {
			h := append(a.header[:0], "Digest algorithm="...)
			h = append(h, alg.String()...)
			h = append(h, `, realm="`...)
			h = digest.AppendQuoted(h, realm)
			h = append(h, `", nonce="`...)
			h = append(h, nonce...)
			h = append(h, '"')
			if qop {
				h = append(h, `, qop="auth"`...)
			}
			if stale {
				h = append(h, `, stale=true`...)
			}
			a.header = h
			b.HeaderBytes(message.HeaderWWWAuthenticate, h)
		}
	})
	return authChallenged
}

// realm is the realm of a challenge: with domainsasrealm the domain of From or
// To, where that is one of ours.
func (d *Driver) realm(m *message.Message) string {
	g := &d.cfg.General
	if g.DomainsAsRealm {
		for _, host := range [...][]byte{m.From().URI.Host, m.To().URI.Host} {
			for i := range g.Domains {
				if bytes.EqualFold(host, []byte(g.Domains[i].Name)) {
					return g.Domains[i].Name
				}
			}
		}
	}
	return g.Realm
}

// refused logs that a request was turned away, in the words that fail2ban's
// filter knows, and tells the bus.
func (d *Driver) refused(m *message.Message, from source, reason string) {
	claimed := quotable(m.Header(message.HeaderFrom))
	addr := from.addr.String()
	if m.Method() == message.REGISTER {
		claimed = quotable(m.Header(message.HeaderTo))
	}
	if m.Method() == message.INVITE && d.bus.Wants(event.Note) {
		d.noteRefused(m, 0, "", reason)
	}
	logged := d.refusalLogged()
	switch {
	case !logged:
	case m.Method() == message.REGISTER:
		d.notice(fmt.Sprintf("Registration from '%s' failed for '%s' - %s", claimed, addr, reason))
	default:
		d.notice(fmt.Sprintf("Request '%s' from '%s' failed for '%s' (callid: %s) - %s",
			m.Method(), claimed, addr, quotable(m.CallID()), failWords(reason)))
	}
	if logged {
		d.securityEvent(m, from, reason)
	}
	if name := securityNames[reason]; name != "" && d.bus.Wants(event.Security) {
		d.tellSecurity(from, name, severityError, string(m.CallID()), claimant(m), d.disproof(m, from, name, reason)...)
	}
	if d.cfg.General.AuthFailureEvents {
		d.publishPeer(string(m.From().URI.User), "Rejected", from.addr)
	}
}

// quotable is a header as it may stand between single quotes in the log: nothing
// in it can end the quotes and name another address to a filter.
func quotable(b []byte) string {
	const limit = 256
	if len(b) > limit {
		b = b[:limit]
	}
	return strings.NewReplacer("'", "?", "\n", "?", "\r", "?").Replace(string(b))
}

// failWords are the reasons for requests other than REGISTER as the filters know
// them.
func failWords(reason string) string {
	switch reason {
	case "Wrong password", "Username/auth name mismatch":
		return "Failed to authenticate"
	case "Device does not match ACL":
		return "Not match Endpoint ACL"
	}
	return "No matching endpoint found"
}

var securityNames = map[string]string{
	"Wrong password":                     "InvalidPassword",
	"Username/auth name mismatch":        "ChallengeResponseFailed",
	"No matching peer found":             "InvalidAccountID",
	"Peer is not supposed to register":   failedACL,
	"Not a local domain":                 failedACL,
	"Device does not match ACL":          failedACL,
	"Contact is not allowed to be there": failedACL,
	"Address belongs to a static peer":   failedACL,
	noTransport:                          "InvalidTransport",
}

// publishPeer tells the bus of a peer's status.
func (d *Driver) publishPeer(name, status string, addr netip.AddrPort) {
	if !d.bus.Wants(event.PeerStatus) {
		return
	}
	e := event.Event{Kind: event.PeerStatus, Time: d.now(), Name: "SIP/" + name, Value: status}
	if addr.IsValid() {
		e.Address = addr.String()
	}
	d.bus.Publish(e)
}

// hasSecret reports whether the peer must prove itself.
func (p *PeerConfig) hasSecret() bool {
	return p.Secret != "" || p.MD5Secret != "" || p.SHA256Secret != ""
}
