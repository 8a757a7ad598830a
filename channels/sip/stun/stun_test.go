package stun

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The sample responses of RFC 5769 2.2 and 2.3, without their MESSAGE-INTEGRITY,
// which needs the password of the sample, and with a FINGERPRINT for that.
func sample(t *testing.T, attr string) ([]byte, ID) {
	t.Helper()
	id := ID(unhex(t, "b7e7a701bc34d686fa87dfae"))
	b := binary.BigEndian.AppendUint16(nil, success)
	body := append(unhex(t, "8022000b7465737420766563746f7220"), unhex(t, attr)...) // SOFTWARE "test vector"
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+8))
	b = binary.BigEndian.AppendUint32(b, cookie)
	b = append(append(b, id[:]...), body...)
	crc := crc32.ChecksumIEEE(b) ^ crcMask
	b = append(b, 0x80, 0x28, 0, 4)
	return binary.BigEndian.AppendUint32(b, crc), id
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct{ attr, want string }{
		"RFC 5769 2.2":         {"00200008 0001a147e112a643", "192.0.2.1:32853"},
		"RFC 5769 2.3":         {"00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9", "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
		"plain":                {"00010008 000113c4c0000207", "192.0.2.7:5060"},
		"both":                 {"00010008 000113c4c0000207 00200008 0001a147e112a643", "192.0.2.1:32853"},
		"two: the first":       {"00010008 000113c4c0000207 00010008 000113c5c0000208", "192.0.2.7:5060"},
		"none":                 {"", ""},
		"family":               {"00200008 0003a147e112a643", ""},
		"too short":            {"00200004 0001a147", ""},
		"too long":             {"0020000c 0001a147e112a64300000000", ""},
		"everywhere":           {"00010008 000113c400000000", ""},
		"port 0":               {"00010008 00010000c0000207", ""},
		"not to be understood": {"00200008 0001a147e112a643 00030004 00000000", ""},
		"may be ignored":       {"00200008 0001a147e112a643 80300004 00000000", "192.0.2.1:32853"},
	} {
		t.Run(name, func(t *testing.T) {
			b, id := sample(t, tt.attr)
			got, err := Parse(b, id)
			if tt.want == "" && err == nil || tt.want != "" && (err != nil || got != netip.MustParseAddrPort(tt.want)) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	b, id := sample(t, "00200008 0001a147e112a643")
	if _, err := Parse(b, ID{}); !errors.Is(err, ErrForeign) {
		t.Errorf("another transaction: %v", err)
	}
	for i := range b {
		if _, err := Parse(b[:i], id); err == nil {
			t.Errorf("cut after %d bytes", i)
		}
		if i == len(b)-8 || i == len(b)-7 {
			continue // the attribute's type: then it is another one, which may be ignored
		}
		c := append([]byte(nil), b...)
		c[i] ^= 0x10
		if _, err := Parse(c, id); err == nil {
			t.Errorf("byte %d changed: FINGERPRINT did not tell", i)
		}
	}
	if _, err := Parse(AppendRequest(nil, id), id); !errors.Is(err, ErrForeign) {
		t.Errorf("our own request: %v", err)
	}
	refused := append(AppendRequest(nil, id), unhex(t, "0009000c 00000414 4f7665720a6c6f61")...)
	binary.BigEndian.PutUint16(refused, failure)
	binary.BigEndian.PutUint16(refused[2:], 16)
	var r *Refusal
	if _, err := Parse(refused, id); !errors.As(err, &r) || r.Code != 420 || r.Reason != "Over?loa" {
		t.Errorf("%v", err)
	}
}

func TestIs(t *testing.T) {
	if !Is(AppendRequest(nil, ID{1})) {
		t.Error("a request is not")
	}
	for _, s := range []string{"", "INVITE sip:a@b SIP/2.0\r\n\r\n", "\r\n\r\n", strings.Repeat("\x00", 20)} {
		if Is([]byte(s)) {
			t.Errorf("%q is", s)
		}
	}
}

// RFC 8489 6.2.1: requests at 0, 500, 1500, 3500, 7500, 15500 and 31500 ms, and the
// end at 39500 ms.
func TestWait(t *testing.T) {
	at, n := time.Duration(0), 1
	for {
		d, more := Wait(n)
		at += d
		if !more {
			break
		}
		n++
	}
	if n != 7 || at != 39500*time.Millisecond {
		t.Errorf("%d requests, the end after %v", n, at)
	}
}

func FuzzParse(f *testing.F) {
	id := ID{1, 2, 3}
	for _, attr := range []string{"", "0020000800011234c0000201", "0001000800011234c0000201", "00090004000004140", "80280004deadbeef"} {
		body, _ := hex.DecodeString(strings.TrimSuffix(attr, "0"))
		b := AppendRequest(nil, id)
		binary.BigEndian.PutUint16(b, success)
		binary.BigEndian.PutUint16(b[2:], uint16(len(body)))
		f.Add(append(b, body...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Parse(b, id)
		if err == nil && (!a.IsValid() || a.Port() == 0 || a.Addr().IsUnspecified() || !Is(b)) {
			t.Errorf("%x is taken as %v", b, a)
		}
	})
}
