package resolve

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"pbx/channels/sip/transaction"
)

const testID = 0xBEEF

// reply builds an answer; change may spoil its header, add the records.
func reply(t testing.TB, q Question, change func(*dnsmessage.Header), add func(b *dnsmessage.Builder)) []byte {
	t.Helper()
	h := dnsmessage.Header{ID: testID, Response: true, RecursionAvailable: true}
	if change != nil {
		change(&h)
	}
	b := dnsmessage.NewBuilder(nil, h)
	b.EnableCompression()
	if err := errors.Join(b.StartQuestions(), b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(q.Name + "."), Type: kindTypes[q.Kind], Class: dnsmessage.ClassINET}), b.StartAnswers()); err != nil {
		t.Fatal(err)
	}
	if add != nil {
		add(&b)
	}
	out, err := b.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func head(name string, ttl uint32) dnsmessage.ResourceHeader {
	return dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name + "."), Class: dnsmessage.ClassINET, TTL: ttl}
}

// naptrData is the data of 10 20 "s" "SIP+D2T" "" _sip._tcp.example.com.
const naptrData = "\x00\x0a\x00\x14\x01s\x07SIP+D2T\x00\x04_sip\x04_tcp\x07example\x03com\x00"

func TestUnpack(t *testing.T) {
	host, srv, naptr := Question{"www.example.com", A}, Question{"_sip._udp.example.com", SRV}, Question{"example.com", NAPTR}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		name string
		q    Question
		b    []byte
		want Answer
	}{
		{"addresses by an alias", host, reply(t, host, nil, func(b *dnsmessage.Builder) {
			must(b.CNAMEResource(head("WWW.example.com", 40), dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName("a.example.com.")}))
			must(b.AResource(head("evil.example.org", 90), dnsmessage.AResource{A: [4]byte{6, 6, 6, 6}}))
			must(b.AResource(head("a.example.com", 90), dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}))
			must(b.AResource(head("a.example.com", 50), dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}}))
		}), Answer{Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")}, TTL: 40 * time.Second}},
		{"servers", srv, reply(t, srv, nil, func(b *dnsmessage.Builder) {
			must(b.SRVResource(head(srv.Name, 60), dnsmessage.SRVResource{Priority: 1, Weight: 2, Port: 3, Target: dnsmessage.MustNewName("A.example.com.")}))
			must(b.SRVResource(head(srv.Name, 60), dnsmessage.SRVResource{Target: dnsmessage.MustNewName(".")}))
		}), Answer{Servers: []Server{{1, 2, 3, "a.example.com"}, {Target: "."}}, TTL: time.Minute}},
		{"rules", naptr, reply(t, naptr, nil, func(b *dnsmessage.Builder) {
			must(b.UnknownResource(head(naptr.Name, 60), dnsmessage.UnknownResource{Type: typeNAPTR, Data: []byte(naptrData)}))
			must(b.UnknownResource(head(naptr.Name, 60), dnsmessage.UnknownResource{Type: typeNAPTR, Data: []byte(naptrData[:9])}))
			must(b.UnknownResource(head(naptr.Name, 60), dnsmessage.UnknownResource{Type: typeNAPTR, Data: []byte(naptrData[:len(naptrData)-13] + "\xc0\x0c")}))
		}), Answer{Rules: []Rule{{10, 20, "s", "SIP+D2T", "", "_sip._tcp.example.com"}}, TTL: time.Minute}},
		{"nothing of that kind", host, reply(t, host, nil, func(b *dnsmessage.Builder) {
			must(b.StartAuthorities())
			must(b.SOAResource(head("example.com", 600), dnsmessage.SOAResource{NS: dnsmessage.MustNewName("ns."), MBox: dnsmessage.MustNewName("m."), MinTTL: 70}))
		}), Answer{Err: ErrNone, TTL: 70 * time.Second}},
		{"no such name", host, reply(t, host, func(h *dnsmessage.Header) { h.RCode = dnsmessage.RCodeNameError }, nil), Answer{Err: ErrNone, TTL: 30 * time.Second}},
		{"another id", host, reply(t, host, func(h *dnsmessage.Header) { h.ID++ }, nil), Answer{Err: ErrOther}},
		{"no response", host, reply(t, host, func(h *dnsmessage.Header) { h.Response = false }, nil), Answer{Err: ErrOther}},
		{"another name", host, reply(t, Question{"www.example.org", A}, nil, nil), Answer{Err: ErrOther}},
		{"another kind", host, reply(t, Question{"www.example.com", AAAA}, nil, nil), Answer{Err: ErrOther}},
		{"truncated", host, reply(t, host, func(h *dnsmessage.Header) { h.Truncated = true }, nil), Answer{Err: ErrTruncated}},
		{"empty", host, nil, Answer{Err: ErrOther}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Unpack(tt.b, tt.q, testID)
			if !errors.Is(got.Err, tt.want.Err) {
				t.Fatal(got.Err)
			}
			got.Err, tt.want.Err = nil, nil
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%+v\nwant %+v", got, tt.want)
			}
		})
	}
	t.Run("the server refuses", func(t *testing.T) {
		var e *ServerError
		a := Unpack(reply(t, host, func(h *dnsmessage.Header) { h.RCode = dnsmessage.RCodeRefused }, nil), host, testID)
		if !errors.As(a.Err, &e) || e.Error() != "the name server says Refused" {
			t.Error(a.Err)
		}
	})
}

// TestPack: what we ask is what Unpack takes for the question.
func TestPack(t *testing.T) {
	for _, q := range []Question{{"example.com", A}, {"example.com", AAAA}, {"_sip._udp.example.com", SRV}, {"example.com", NAPTR}} {
		b, err := Pack(q, testID)
		if err != nil {
			t.Fatal(err)
		}
		b[2] |= 0x80 // it is a response now, with nothing in it
		if a := Unpack(b, q, testID); !errors.Is(a.Err, ErrNone) {
			t.Errorf("%v: %v", q, a.Err)
		}
	}
	if _, err := Pack(Question{string(make([]byte, 300)), A}, testID); !errors.Is(err, ErrName) {
		t.Errorf("a name that is too long: %v", err)
	}
}

// FuzzUnpack: whatever a name server sends, an answer is bounded and the search
// that gets it ends.
func FuzzUnpack(f *testing.F) {
	for kind := A; kind <= NAPTR; kind++ {
		f.Add(reply(f, Question{"example.com", kind}, nil, func(b *dnsmessage.Builder) {
			_ = b.AResource(head("example.com", 1), dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}})
			_ = b.SRVResource(head("example.com", 1), dnsmessage.SRVResource{Port: 1, Target: dnsmessage.MustNewName("a.")})
			_ = b.UnknownResource(head("example.com", 1), dnsmessage.UnknownResource{Type: typeNAPTR, Data: []byte(naptrData)})
		}), uint8(kind))
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		q := Question{"example.com", Kind(kind%4) + A}
		a := Unpack(b, q, testID)
		n := len(a.Addrs) + len(a.Servers) + len(a.Rules)
		if n > maxRecords || a.Err != nil && n > 0 || a.TTL < 0 || a.TTL > maxTTL && a.Err == nil {
			t.Fatalf("%+v", a)
		}
		s := NewSearch(Query{Host: "example.com", Protocols: []transaction.Protocol{udp, tcp, tls}, IPv4: true, IPv6: true}, func(n uint32) uint32 { return n / 2 })
		for range 4 {
			for _, open := range s.Questions() {
				if _, err := Pack(open, 1); err != nil {
					t.Fatal(err)
				}
				if open.Kind == q.Kind {
					s.Answer(open, a)
				} else {
					s.Answer(open, Answer{Err: ErrNone})
				}
			}
		}
		if list, err := s.Targets(); len(s.Questions()) > 0 || len(list) > maxTargets || err == nil && len(list) == 0 {
			t.Fatal("the search does not end")
		}
	})
}
