package sip

import (
	"bytes"
	"cmp"

	"pbx/channels/sip/message"
)

// Answering the challenges of others (RFC 3261 22.2): with the credentials that
// belong to the realm, and never with those of somebody else.

// credentialsFor are what we present to p in a realm: an auth= line of the peer or
// of [authentication] for that realm, or else the peer's remotesecret or secret
// under its defaultuser.
func (d *Driver) credentialsFor(p *Peer, realm string) (Credential, bool) {
	lists := [][]Credential{d.cfg.General.Auth}
	if p != nil {
		lists = [][]Credential{p.Auth, d.cfg.General.Auth}
	}
	for _, l := range lists {
		for _, c := range l {
			if c.Realm == realm {
				return c, true
			}
		}
	}
	// A phone's own secret is not for us to use towards it (it authenticates to
	// us): only a section that is a trunk, at a fixed host, or that has a
	// remotesecret, says how we prove ourselves.
	if p == nil || p.RemoteSecret == "" && p.Dynamic {
		return Credential{}, false
	}
	c := Credential{Realm: realm, Secret: cmp.Or(p.RemoteSecret, p.Secret)}
	if p.RemoteSecret == "" {
		c.HA1 = p.MD5Secret
	}
	c.User = cmp.Or(p.DefaultUser, p.FromUser, p.Name)
	return c, c.Secret != "" || c.HA1 != ""
}

// answerChallenge appends the answer to the challenge in resp, a 401 or 407, to a
// request with that method and Request-URI. given are one-off credentials of a
// dial string; without a user in them those of p are looked up by realm. It
// reports false when there is nothing to answer with. The strongest algorithm
// that we and the challenger know is taken (RFC 8760 2.4).
func (d *Driver) answerChallenge(b *message.Builder, resp *message.Message, method message.Method, uri string, p *Peer, given Credential) bool {
	from, to := message.HeaderWWWAuthenticate, message.HeaderAuthorization
	if resp.Status() == 407 {
		from, to = message.HeaderProxyAuthenticate, message.HeaderProxyAuthorization
	}
	var best challenge
	var bestAlg Algorithm
	var cred Credential
	for line := range resp.Lines(from) {
		ch, ok := parseChallenge(line)
		if !ok {
			continue
		}
		alg, ok := parseAlgorithm(ch.algorithm)
		if !ok || best.nonce != nil && alg <= bestAlg {
			continue
		}
		c := given
		if c.User == "" {
			if c, ok = d.credentialsFor(p, string(unescapeQuoted(ch.realm))); !ok {
				continue
			}
		}
		if c.Secret == "" && (c.HA1 == "" || alg != MD5) {
			continue
		}
		best, bestAlg, cred = ch, alg, c
	}
	if best.nonce == nil {
		return false
	}
	b.HeaderBytes(to, d.appendAnswer(nil, best, bestAlg, cred, string(method), uri))
	return true
}

// appendAnswer writes a Digest credential.
func (d *Driver) appendAnswer(dst []byte, ch challenge, alg Algorithm, c Credential, method, uri string) []byte {
	realm := string(unescapeQuoted(ch.realm))
	ha1 := c.HA1
	if c.Secret != "" {
		ha1 = newCredentials(c.User, realm, c.Secret, "", "").ha1[alg]
	}
	a := authorization{nonce: ch.nonce, uri: []byte(uri)}
	if hasQOP(ch.qop) {
		a.qop, a.nc = []byte("auth"), []byte("00000001")
		a.cnonce = appendHex(nil, d.random.uint64())
	}
	response := d.auth.digest.response(alg, ha1, method, &a)
	dst = append(dst, `Digest username="`...)
	dst = appendQuoted(dst, c.User)
	dst = append(dst, `", realm="`...)
	dst = append(dst, ch.realm...)
	dst = append(dst, `", algorithm=`...)
	dst = append(dst, alg.String()...)
	dst = append(dst, `, uri="`...)
	dst = appendQuoted(dst, uri)
	dst = append(dst, `", nonce="`...)
	dst = append(dst, ch.nonce...)
	dst = append(dst, `", response="`...)
	dst = append(dst, response...)
	dst = append(dst, '"')
	if ch.opaque != nil {
		dst = append(dst, `, opaque="`...)
		dst = append(dst, ch.opaque...)
		dst = append(dst, '"')
	}
	if a.qop != nil {
		dst = append(dst, `, qop=auth, nc=00000001, cnonce="`...)
		dst = append(dst, a.cnonce...)
		dst = append(dst, '"')
	}
	return dst
}

// hasQOP reports whether a challenge offers qop=auth.
func hasQOP(list []byte) bool {
	for w := range bytes.SplitSeq(list, []byte(",")) {
		if equalFold(bytes.TrimSpace(w), "auth") {
			return true
		}
	}
	return false
}
