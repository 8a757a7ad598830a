package hep

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestLayout holds the bytes of the specification's chunk layout: "HEP3", the
// length of all, and chunks of vendor, type, length and content.
func TestLayout(t *testing.T) {
	at := time.Unix(0x5f000000, 250_000_000)
	for _, c := range []struct {
		name string
		e    Encoder
		p    Packet
		want string
	}{
		{"IPv4 over UDP", Encoder{Agent: 1234, Password: "foo"}, Packet{
			Source: netip.MustParseAddrPort("192.0.2.10:5062"), Dest: netip.MustParseAddrPort("192.0.2.1:5060"),
			Time: at, Type: TypeSIP, Correlation: "c@h", Payload: []byte("SIP"),
		}, `48455033 0078
			0000 0001 0007 02
			0000 0003 000a c000020a
			0000 0004 000a c0000201
			0000 0002 0007 11
			0000 0007 0008 13c6
			0000 0008 0008 13c4
			0000 0009 000a 5f000000
			0000 000a 000a 0003d090
			0000 000b 0007 01
			0000 000c 000a 000004d2
			0000 000e 0009 666f6f
			0000 0011 0009 634068
			0000 000f 0009 534950`},
		{"IPv6 over TCP with a name", Encoder{Agent: 1, Name: "pbx"}, Packet{
			Source: netip.MustParseAddrPort("[2001:db8::a]:5062"), Dest: netip.MustParseAddrPort("[2001:db8::1]:5060"),
			TCP: true, Time: at, Type: TypeSIP, Payload: []byte("x"),
		}, `48455033 0085
			0000 0001 0007 0a
			0000 0005 0016 20010db800000000000000000000000a
			0000 0006 0016 20010db8000000000000000000000001
			0000 0002 0007 06
			0000 0007 0008 13c6
			0000 0008 0008 13c4
			0000 0009 000a 5f000000
			0000 000a 000a 0003d090
			0000 000b 0007 01
			0000 000c 000a 00000001
			0000 0013 0009 706278
			0000 000f 0007 78`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := c.e.Append(nil, &c.p)
			want := strings.NewReplacer(" ", "", "\n", "", "\t", "").Replace(c.want)
			if !ok || hex.EncodeToString(got) != want {
				t.Errorf("got  %x\nwant %s", got, want)
			}
			buf := make([]byte, 0, 1024)
			if n := testing.AllocsPerRun(100, func() { c.e.Append(buf, &c.p) }); n > 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	var e Encoder
	v4, v6 := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("[2001:db8::1]:1")
	for name, p := range map[string]Packet{
		"two families": {Source: v4, Dest: v6},
		"no source":    {Dest: v4},
		"no dest":      {Source: v4},
		"too long":     {Source: v4, Dest: v4, Payload: make([]byte, 65500)},
	} {
		if b, ok := e.Append([]byte("kept"), &p); ok || string(b) != "kept" {
			t.Errorf("%s: %q, %v", name, b, ok)
		}
	}
}

// chunks divides a packet again.
func chunks(t *testing.T, b []byte) map[Chunk][]byte {
	m := map[Chunk][]byte{}
	for b = b[headerSize:]; len(b) > 0; {
		if len(b) < chunkSize {
			t.Fatal("half a chunk")
		}
		n := int(b[4])<<8 | int(b[5])
		if n < chunkSize || n > len(b) {
			t.Fatalf("a chunk of %d bytes with %d left", n, len(b))
		}
		m[Chunk(int(b[2])<<8|int(b[3]))] = b[chunkSize:n]
		b = b[n:]
	}
	return m
}

func FuzzAppend(f *testing.F) {
	f.Add([]byte("INVITE"), "id", "pw", uint32(1), int64(1))
	f.Fuzz(func(t *testing.T, payload []byte, id, password string, agent uint32, at int64) {
		e := Encoder{Agent: agent, Password: password}
		p := Packet{
			Source: netip.MustParseAddrPort("192.0.2.1:1"), Dest: netip.MustParseAddrPort("192.0.2.2:2"),
			Time: time.Unix(0, at), Correlation: id, Payload: payload, Type: TypeSIP,
		}
		b, ok := e.Append(nil, &p)
		if !ok {
			if len(payload)+len(id)+len(password) < 60000 {
				t.Fatal("refused")
			}
			return
		}
		if int(b[4])<<8|int(b[5]) != len(b) {
			t.Fatal("the length is not that of the packet")
		}
		m := chunks(t, b)
		if string(m[ChunkPayload]) != string(payload) || string(m[ChunkCorrelation]) != id || string(m[ChunkKey]) != password {
			t.Fatal("another packet")
		}
	})
}
