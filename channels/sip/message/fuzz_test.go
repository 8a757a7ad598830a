package message_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"pbx/channels/sip/message"
	"pbx/channels/sip/message/messagetest"
)

// FuzzParse holds messages to these laws: whatever comes in, parsing ends; an
// answer to any request can be made, parses, and is no larger than it has to be;
// a well-formed message that is written again from its headers reads the same.
func FuzzParse(f *testing.F) {
	f.Add(slices.Clone(invite))
	for _, c := range messagetest.Variants() {
		f.Add(c.Message)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = slices.Clone(text) // Parse joins folded lines in place
		var m message.Message
		err := m.Parse(text)
		if err == nil {
			err = message.Validate(&m)
		}
		if m.IsRequest() {
			answers(t, &m, err)
		}
		if err != nil {
			if e := new(message.ParseError); !errors.As(err, &e) || e.Reason == "" {
				t.Errorf("error %v", err)
			}
			return
		}
		readAll(&m)
		if m.IsRequest() {
			rewrite(t, &m)
		}
	})
}

// answers makes the response to a request and reads it.
func answers(t *testing.T, m *message.Message, err error) {
	t.Helper()
	for _, v := range m.Headers() {
		if len(v) > message.MaxLine-100 {
			return // its echo may be longer than we read ourselves
		}
	}
	b := message.NewBuilder(nil)
	b.Response(m, 400, "Bad Request", "tag")
	text := slices.Clone(b.Bytes())
	var r message.Message
	if rerr := r.Parse(text); rerr != nil {
		t.Fatalf("the answer does not parse: %v\n%q", rerr, text)
	}
	if err == nil {
		for _, id := range []message.HeaderID{message.HeaderCallID, message.HeaderFrom, message.HeaderCSeq} {
			if !bytes.Equal(r.Header(id), m.Header(id)) {
				t.Errorf("%v is %q, was %q", id, r.Header(id), m.Header(id))
			}
		}
		if r.ToTag() == nil {
			t.Errorf("no tag in %q", r.Header(message.HeaderTo))
		}
	}
	if len(text) > len(m.Bytes())+len(text)/2+200 {
		t.Errorf("an answer of %d octets to %d", len(text), len(m.Bytes()))
	}
}

// readAll calls every accessor; what they return is judged elsewhere.
func readAll(m *message.Message) {
	m.RAck()
	for range m.Contacts() {
	}
	for range m.Addresses(message.HeaderRoute) {
	}
	for range m.Values(message.HeaderAllow) {
	}
	for p := range m.Parts() {
		p.ContentType()
	}
	m.Content("application/sdp")
	for range message.ParseAuth(m.Header(message.HeaderAuthorization)).All() {
	}
	m.Expires()
	m.MaxForwards()
	m.HeaderNamed("X")
	m.Clone()
}

// rewrite builds the request anew and compares.
func rewrite(t *testing.T, m *message.Message) {
	t.Helper()
	b := message.NewBuilder(nil)
	b.Request(m.Method(), string(m.RequestURIBytes()))
	for name, value := range m.Headers() {
		if message.HeaderIDOf(name) != message.HeaderContentLength && message.HeaderIDOf(name) != message.HeaderContentType {
			b.HeaderNamed(string(name), string(value))
		}
	}
	b.Body(string(m.Header(message.HeaderContentType)), m.Body())
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	text := slices.Clone(b.Bytes())
	var r message.Message
	if err := r.Parse(text); err != nil {
		t.Fatalf("%v\n%q", err, text)
	}
	if err := message.Validate(&r); err != nil {
		t.Fatalf("%v\n%q", err, text)
	}
	if r.Method() != m.Method() || !bytes.Equal(r.RequestURIBytes(), m.RequestURIBytes()) || !bytes.Equal(r.Body(), m.Body()) {
		t.Errorf("%s %q with %q, was %s %q with %q", r.Method(), r.RequestURIBytes(), r.Body(), m.Method(), m.RequestURIBytes(), m.Body())
	}
	for id := message.HeaderOther + 1; id.String() != ""; id++ {
		if id == message.HeaderContentLength || id == message.HeaderContentType {
			continue
		}
		got, want := slices.Collect(r.Lines(id)), slices.Collect(m.Lines(id))
		if !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%v is %q, was %q", id, got, want)
		}
	}
}

// FuzzURI holds a URI that parses to these laws: it is written as it was read,
// equals itself, and its copy does too.
func FuzzURI(f *testing.F) {
	for _, s := range []string{
		"sip:100@example.com", "sips:a:b@[2001:db8::1]:5061;transport=tls;lr?x=y&z=", "tel:+1-201-555-0123;ext=7",
		"isbn:2983792873", "sip:%00@h;a=%41", "sip:user;par=u%40example.net@example.com",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		u, err := message.ParseURI(text)
		if err != nil {
			return
		}
		s := u.String()
		v, err := message.ParseURI([]byte(s))
		if err != nil {
			t.Fatalf("%q is written %q: %v", text, s, err)
		}
		c := u.Clone()
		if !u.Equal(&v) || !u.Equal(&c) || !u.Equal(&u) {
			t.Errorf("%q is not equal to %q", text, s)
		}
		if v.String() != s {
			t.Errorf("%q is written %q and then %q", text, s, v.String())
		}
	})
}

// FuzzAddress holds an address that parses to this law: written again it has the
// same name, URI and tag.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{
		`sip:a@b;tag=x`, `"a \"b\" \\c" <sip:a@b;lr>;tag=x;p="q;"`, `A. Bell <sip:a@b> ; TAG = x`, `<tel:+1>`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := message.ParseAddress(text)
		if err != nil || bytes.ContainsAny(text, "\r\n\x00") {
			return
		}
		again := append(message.AppendAddress(nil, a.Name(), a.URI.String()), a.Params...)
		b, err := message.ParseAddress(again)
		if err != nil {
			t.Fatalf("%q is written %q: %v", text, again, err)
		}
		if a.Name() != b.Name() || !a.URI.Equal(&b.URI) || !bytes.Equal(a.Tag(), b.Tag()) {
			t.Errorf("%q comes back as %q", text, again)
		}
	})
}
