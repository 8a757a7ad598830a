package digest

import (
	"bytes"
	"slices"

	"pbx/channels/sip/message"
)

// Credential is what somebody proves himself with: an auth= line
// (user:secret@realm or user#md5@realm), or what a trunk's section gives.
type Credential struct {
	User, Secret, Realm string
	HA1                 string // MD5 HA1 instead of Secret
}

// answers reports whether the credential can answer with an algorithm: a stored
// hash is MD5's alone.
func (c *Credential) answers(a Algorithm) bool { return c.Secret != "" || c.HA1 != "" && a == MD5 }

func (c *Credential) ha1(a Algorithm, realm string) string {
	if c.Secret != "" {
		return a.HA1(c.User, realm, c.Secret)
	}
	return c.HA1
}

// Client proves one party to the servers that one call, registration or
// subscription meets (RFC 3261 22.2 and 22.3). What it was asked once it shows
// unasked from then on, with a rising nonce count, so that a refresh needs one
// round trip. The zero Client has been asked nothing.
type Client struct {
	spaces []space
	hash   Hasher
	buf    []byte

	// Of the credentials written last, for Seal: where in the message the
	// responses of auth-int stand, per space, 0 for none.
	open   []int
	method message.Method
	uri    string
}

// space is one protection space: a realm of one kind of server, and the answer to
// its last challenge.
type space struct {
	proxy     bool
	realm     string
	challenge Challenge // of our own
	alg       Algorithm
	session   bool   // MD5-sess and the like (RFC 7616 3.4.2)
	qop       string // "", "auth" or "auth-int"
	user, ha1 string
	count     uint32 // answers with this nonce
	cnonce    []byte
	invite    []byte // the header of the last INVITE, for its ACK
	asked     bool   // by the response being handled
}

// maxSpaces bounds the realms that one request can meet.
const maxSpaces = 8

// Asked reports whether any server has asked, so that Write writes something.
func (c *Client) Asked() bool { return len(c.spaces) > 0 }

// Forget drops what was asked: the credentials have changed.
func (c *Client) Forget() { c.spaces, c.open = nil, nil }

// Challenged takes the challenges of a 401 or 407, of WWW-Authenticate and
// Proxy-Authenticate alike, because a proxy that forked gathers them in one
// response (RFC 3261 16.7 step 7). find gives the credentials for a realm. It
// reports whether there is an answer to any of them, which Write gives. Of several
// challenges of one realm the strongest algorithm that both sides know is taken
// (RFC 8760 2.4).
func (c *Client) Challenged(m *message.Message, find func(realm string) (Credential, bool)) bool {
	for i := range c.spaces {
		c.spaces[i].asked = false
	}
	asked := false
	for _, id := range [...]message.HeaderID{message.HeaderWWWAuthenticate, message.HeaderProxyAuthenticate} {
		for line := range m.Lines(id) {
			if c.challenged(line, id == message.HeaderProxyAuthenticate, find) {
				asked = true
			}
		}
	}
	return asked
}

func (c *Client) challenged(line []byte, proxy bool, find func(string) (Credential, bool)) bool {
	ch, ok := ParseChallenge(line)
	if !ok {
		return false
	}
	word := ch.Algorithm
	session := len(word) > 5 && equalFold(word[len(word)-5:], "-sess")
	if session {
		word = word[:len(word)-5]
	}
	alg, ok := ParseAlgorithm(word)
	if !ok {
		return false
	}
	qop := ""
	switch {
	case ch.Offers("auth"):
		qop = "auth"
	case ch.Offers("auth-int"):
		qop = "auth-int"
	case len(bytes.TrimSpace(ch.QOP)) > 0:
		return false // a protection that we do not know
	}
	realm := string(Unescape(ch.Realm))
	i := slices.IndexFunc(c.spaces, func(s space) bool { return s.proxy == proxy && s.realm == realm })
	if i >= 0 && c.spaces[i].asked && alg <= c.spaces[i].alg || i < 0 && len(c.spaces) >= maxSpaces {
		return false
	}
	if i >= 0 && !ch.Stale && c.spaces[i].count == 1 && bytes.Equal(ch.Nonce, c.spaces[i].challenge.Nonce) {
		return false // it was answered, and the answer is what is refused
	}
	cred, ok := find(realm)
	if !ok || !cred.answers(alg) {
		return false
	}
	s := space{
		proxy: proxy, realm: realm, alg: alg, session: session, qop: qop, asked: true, user: cred.User, ha1: cred.ha1(alg, realm),
		challenge: Challenge{Realm: bytes.Clone(ch.Realm), Nonce: bytes.Clone(ch.Nonce), Opaque: bytes.Clone(ch.Opaque)},
	}
	if i < 0 {
		c.spaces = append(c.spaces, s)
	} else {
		c.spaces[i] = s
	}
	return true
}

// Confirmed takes the nonce that a server names for the next request
// (Authentication-Info, RFC 7616 3.5).
func (c *Client) Confirmed(m *message.Message) {
	for i := range c.spaces {
		s := &c.spaces[i]
		name := "Authentication-Info"
		if s.proxy {
			name = "Proxy-Authentication-Info"
		}
		// The header is the list of a challenge without its scheme.
		info := message.ParseAuth(append([]byte("Digest "), m.HeaderNamed(name)...))
		if next, ok := info.Get("nextnonce"); ok && len(next) > 0 {
			s.challenge.Nonce, s.count, s.cnonce = bytes.Clone(next), 0, nil
		}
	}
}

// Write writes the credentials of a request with that method and Request-URI.
// random is a source of client nonces. Seal follows when the message has its body.
func (c *Client) Write(b *message.Builder, method message.Method, uri string, random func() uint64) {
	c.open, c.method, c.uri = c.open[:0], method, uri
	for i := range c.spaces {
		s := &c.spaces[i]
		id := message.HeaderAuthorization
		if s.proxy {
			id = message.HeaderProxyAuthorization
		}
		at := c.append(s, method, uri, random)
		b.HeaderBytes(id, c.buf)
		if method == message.INVITE {
			s.invite = append(s.invite[:0], c.buf...)
		}
		if s.qop != "auth-int" {
			at = 0
		} else {
			at += b.Len() - len("\r\n") - len(c.buf)
		}
		c.open = append(c.open, at)
	}
}

// append builds the credentials in c.buf and returns where in it the response
// stands, which covers an empty body for the time being.
func (c *Client) append(s *space, method message.Method, uri string, random func() uint64) (response int) {
	a := Authorization{Nonce: s.challenge.Nonce, URI: []byte(uri)}
	s.count++
	if s.qop != "" || s.session {
		if s.cnonce == nil {
			s.cnonce = appendHex(nil, random(), 16)
		}
		a.CNonce = s.cnonce
	}
	if s.qop != "" {
		a.QOP, a.NC = []byte(s.qop), appendHex(nil, uint64(s.count), 8)
	}
	dst := append(c.buf[:0], `Digest username="`...)
	dst = AppendQuoted(dst, s.user)
	dst = append(dst, `", realm="`...)
	dst = append(dst, s.challenge.Realm...)
	dst = append(dst, `", algorithm=`...)
	dst = append(dst, s.alg.String()...)
	if s.session {
		dst = append(dst, "-sess"...)
	}
	dst = append(dst, `, uri="`...)
	dst = AppendQuoted(dst, uri)
	dst = append(dst, `", nonce="`...)
	dst = append(dst, s.challenge.Nonce...)
	dst = append(dst, `", response="`...)
	response = len(dst)
	dst = append(dst, c.hash.Response(s.alg, c.sessionHA1(s), string(method), &a, nil)...)
	dst = append(dst, '"')
	if s.challenge.Opaque != nil {
		dst = append(dst, `, opaque="`...)
		dst = append(dst, s.challenge.Opaque...)
		dst = append(dst, '"')
	}
	if s.qop != "" {
		dst = append(append(dst, ", qop="...), s.qop...)
	}
	if s.cnonce != nil {
		dst = append(dst, `, cnonce="`...)
		dst = append(dst, s.cnonce...)
		dst = append(dst, '"')
	}
	if s.qop != "" {
		dst = append(dst, `, nc=`...)
		dst = append(dst, a.NC...)
	}
	c.buf = dst
	return response
}

// sessionHA1 is the HA1 that a response is made with (RFC 7616 3.4.2).
func (c *Client) sessionHA1(s *space) string {
	if !s.session {
		return s.ha1
	}
	return string(s.alg.AppendSum(nil, []byte(s.ha1+":"+string(s.challenge.Nonce)+":"+string(s.cnonce))))
}

// Seal puts the responses of qop=auth-int, which cover the body, into the message
// whose credentials Write wrote last.
func (c *Client) Seal(msg []byte) {
	for i, at := range c.open {
		if at == 0 {
			continue
		}
		s := &c.spaces[i]
		_, body, _ := bytes.Cut(msg, []byte("\r\n\r\n"))
		a := Authorization{
			Nonce: s.challenge.Nonce, URI: []byte(c.uri), CNonce: s.cnonce,
			QOP: []byte(s.qop), NC: appendHex(nil, uint64(s.count), 8),
		}
		response := c.hash.Response(s.alg, c.sessionHA1(s), string(c.method), &a, body)
		if c.method == message.INVITE {
			s.invite = bytes.Replace(s.invite, msg[at:at+len(response)], response, 1)
		}
		copy(msg[at:], response)
	}
	c.open = c.open[:0]
}

// Acknowledge writes the credentials of the last INVITE into its ACK, which
// nobody may challenge (RFC 3261 22.1).
func (c *Client) Acknowledge(b *message.Builder) {
	for i := range c.spaces {
		if s := &c.spaces[i]; len(s.invite) > 0 {
			id := message.HeaderAuthorization
			if s.proxy {
				id = message.HeaderProxyAuthorization
			}
			b.HeaderBytes(id, s.invite)
		}
	}
}

func appendHex(dst []byte, v uint64, digits int) []byte {
	const hexDigits = "0123456789abcdef"
	for i := digits - 1; i >= 0; i-- {
		dst = append(dst, hexDigits[v>>(4*i)&15])
	}
	return dst
}
