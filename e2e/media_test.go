package e2e

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pbx/media/codec/g711"
)

// Payload types of RFC 3551; telephone-event has what its side chose.
const (
	typePCMU = 0
	typePCMA = 8
)

// talker is the media of one leg: it says a tone in one codec, a packet each
// 20 ms, digits in between, and keeps the last that it heard.
type talker struct {
	t     *testing.T
	conn  *net.UDPConn
	event byte // its payload type for telephone-event

	mu     sync.Mutex
	remote *net.UDPAddr
	codec  byte
	digits []byte // to be sent
	heard  []float64
	types  map[byte]int // packets received by payload type
	got    string       // digits received
	begun  uint32       // the timestamp of the last of them
	stop   chan struct{}
	done   sync.WaitGroup
}

// calls makes a call from host 2 that is answered, and has the talker speak in it.
func (k *talker) calls(x *exchange, exten string) *leg {
	k.t.Helper()
	l := newAgent(k.t, x.net.host(2)+":5061", x.addr(), nil).call("talk"+exten, exten)
	k.to(l.offer(1, k.sdp("0")))
	return l
}

// newTalker listens on host and starts once its other end is known.
func newTalker(t *testing.T, host string, codec, event byte, freq float64) *talker {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
	if err != nil {
		t.Fatal(err)
	}
	k := &talker{t: t, conn: conn, codec: codec, event: event, types: map[byte]int{}, stop: make(chan struct{})}
	k.done.Go(k.listen)
	k.done.Go(func() { k.talk(freq) })
	t.Cleanup(func() {
		close(k.stop)
		conn.Close()
		k.done.Wait()
	})
	return k
}

func (k *talker) port() int { return k.conn.LocalAddr().(*net.UDPAddr).Port }

// sdp offers codecs, a list of the m= line, and telephone-event.
func (k *talker) sdp(codecs string) string {
	host, _, _ := net.SplitHostPort(k.conn.LocalAddr().String())
	return fmt.Sprintf("v=0\r\no=- 1 %[4]d IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP %[3]s %[5]d\r\na=rtpmap:%[5]d telephone-event/8000\r\na=fmtp:%[5]d 0-16\r\n",
		host, k.port(), codecs, time.Now().UnixMilli(), k.event)
}

var mediaLine = regexp.MustCompile(`(?s)c=IN IP4 (\S+).*m=audio (\d+) `)

// to sends to where a description says.
func (k *talker) to(description string) {
	k.t.Helper()
	m := mediaLine.FindStringSubmatch(description)
	if m == nil {
		k.t.Fatalf("no media address in\n%s", description)
	}
	port, _ := strconv.Atoi(m[2])
	k.mu.Lock()
	k.remote = &net.UDPAddr{IP: net.ParseIP(m[1]), Port: port}
	k.mu.Unlock()
}

// speak changes the codec and forgets what was heard.
func (k *talker) speak(codec byte) {
	k.mu.Lock()
	k.codec, k.heard = codec, nil
	k.mu.Unlock()
}

func (k *talker) forget() {
	k.mu.Lock()
	k.heard = nil
	clear(k.types)
	k.mu.Unlock()
}

func (k *talker) press(digits string) {
	k.mu.Lock()
	k.digits = append(k.digits, digits...)
	k.mu.Unlock()
}

func (k *talker) talk(freq float64) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	packet := make([]byte, 172)
	packet[0] = 0x80
	binary.BigEndian.PutUint32(packet[8:], uint32(k.port())<<8|7)
	var seq uint16
	var stamp, began uint32
	step := 0 // of the digit under way: seven packets, three with the end bit, five of silence
	for {
		select {
		case <-k.stop:
			return
		case <-tick.C:
		}
		k.mu.Lock()
		remote, codec := k.remote, k.codec
		digit := byte(0)
		if len(k.digits) > 0 {
			digit = k.digits[0]
		}
		k.mu.Unlock()
		if remote == nil {
			continue
		}
		seq, stamp = seq+1, stamp+160
		binary.BigEndian.PutUint16(packet[2:], seq)
		if digit != 0 && step < 10 {
			if step == 0 {
				began = stamp
			}
			packet[1] = k.event
			if step == 0 {
				packet[1] |= 0x80
			}
			binary.BigEndian.PutUint32(packet[4:], began)
			packet[12], packet[13] = byte(strings.IndexByte("0123456789*#ABCD", digit)), 10
			if step >= 7 {
				packet[13] |= 0x80
			}
			binary.BigEndian.PutUint16(packet[14:], uint16(160*min(step+1, 8)))
			_, _ = k.conn.WriteToUDP(packet[:16], remote)
			step++
			continue
		}
		if digit != 0 {
			if step++; step == 15 {
				step = 0
				k.mu.Lock()
				k.digits = k.digits[1:]
				k.mu.Unlock()
			}
		}
		packet[1] = codec
		binary.BigEndian.PutUint32(packet[4:], stamp)
		for i := range 160 {
			v := int16(10000 * math.Sin(2*math.Pi*freq*float64(stamp+uint32(i))/8000))
			if codec == typePCMA {
				packet[12+i] = g711.EncodeAlawFrame(v)
			} else {
				packet[12+i] = g711.EncodeUlawFrame(v)
			}
		}
		_, _ = k.conn.WriteToUDP(packet, remote)
	}
}

func (k *talker) listen() {
	buf := make([]byte, 2048)
	for {
		n, from, err := k.conn.ReadFromUDP(buf)
		if err != nil {
			return
		}
		k.mu.Lock()
		remote := k.remote
		k.mu.Unlock()
		if remote != nil && !from.IP.Equal(remote.IP) {
			k.t.Errorf("RTP came from %v, the description said %v", from, remote)
			return
		}
		if n < 13 || buf[0]>>6 != 2 {
			continue
		}
		k.mu.Lock()
		kind := buf[1] & 0x7F
		k.types[kind]++
		switch kind {
		case typePCMU:
			for _, b := range buf[12:n] {
				k.heard = append(k.heard, float64(g711.DecodeUlawFrame(b)))
			}
		case typePCMA:
			for _, b := range buf[12:n] {
				k.heard = append(k.heard, float64(g711.DecodeAlawFrame(b)))
			}
		case k.event:
			stamp := binary.BigEndian.Uint32(buf[4:])
			if n >= 16 && buf[12] < 16 && buf[13]&0x80 != 0 && (k.got == "" || stamp != k.begun) {
				k.got += "0123456789*#ABCD"[buf[12] : buf[12]+1]
				k.begun = stamp
			}
		}
		k.mu.Unlock()
	}
}

// hears waits for a second of a tone with hardly anything else in it.
func (k *talker) hears(freq float64) {
	k.t.Helper()
	hearTone(k.t, freq, 2, 0.9, k.lately)
}

// lately is the last second of what was heard, or less.
func (k *talker) lately() []float64 {
	k.mu.Lock()
	defer k.mu.Unlock() // at once, as the talker waits for it to send
	return slices.Clone(k.heard[max(len(k.heard)-oneSecond, 0):])
}

// only asserts that nothing but these payload types was received.
func (k *talker) only(types ...byte) {
	k.t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	for kind, n := range k.types {
		if !strings.Contains(string(types), string(kind)) {
			k.t.Errorf("%d packets of payload type %d, want %v only", n, kind, types)
		}
	}
}

// offer makes an offer in an INVITE, the first one or another, and returns the answer.
func (l *leg) offer(seq int, body string) string {
	l.a.t.Helper()
	l.request("INVITE", seq, body)
	m, ok := l.await("SIP/2.0 200", fmt.Sprint(seq, " INVITE"), limit)
	if !ok {
		l.a.t.Fatalf("no answer to INVITE %d", seq)
	}
	l.request("ACK2", seq, "")
	return m
}

// TestBridgeMedia holds what two phones hear of each other through a call in
// which one speaks A-law and numbers its telephone-events otherwise, the other
// changes its codec on the way, holds in each manner and resumes, and both dial.
func TestBridgeMedia(t *testing.T) {
	t.Parallel()
	x := newExchange(t, office)
	caller := newTalker(t, x.net.host(2), typePCMU, 101, 440)
	callee := newTalker(t, x.net.host(3), typePCMA, 96, 1000)
	newAgent(t, x.net.host(3)+":5070", x.addr(), func(l *leg, invite string) {
		l.reply(invite, "200 OK", callee.sdp("8"))
		callee.to(invite)
		for {
			m, ok := l.await("", "", time.Minute)
			switch {
			case !ok:
				return
			case strings.HasPrefix(m, "INVITE "): // asked to change as well
				l.reply(m, "200 OK", callee.sdp("8"))
				callee.to(m)
			case strings.HasPrefix(m, "BYE "):
				l.reply(m, "200 OK", "")
				return
			}
		}
	})
	l := caller.calls(x, "200")
	caller.hears(1000)
	callee.hears(440)
	caller.only(typePCMU)
	callee.only(typePCMA)

	caller.press("159#")
	callee.press("*07")
	eventually(t, 10*time.Second, "digits through the bridge", func() bool {
		caller.mu.Lock()
		callee.mu.Lock()
		defer caller.mu.Unlock()
		defer callee.mu.Unlock()
		return callee.got == "159#" && caller.got == "*07"
	})

	// The caller goes over to A-law: nothing is translated any more.
	caller.to(l.offer(2, caller.sdp("8")))
	caller.speak(typePCMA)
	callee.forget()
	caller.hears(1000)
	callee.hears(440)
	callee.only(typePCMA, callee.event) // the ends of the last digit may come late

	// Hold, in the three manners of the field, and back each time.
	for i, hold := range []func(string) string{
		func(s string) string { return s + "a=sendonly\r\n" },
		func(s string) string { return s + "a=inactive\r\n" },
		func(s string) string {
			return regexp.MustCompile(`c=IN IP4 \S+`).ReplaceAllString(s, "c=IN IP4 0.0.0.0")
		},
	} {
		m := l.offer(3+2*i, hold(caller.sdp("8")))
		if strings.Contains(m, "a=sendrecv") {
			t.Errorf("hold %d was answered a=sendrecv", i)
		}
		caller.to(l.offer(4+2*i, caller.sdp("8")))
		caller.forget()
		callee.forget()
		caller.hears(1000)
		callee.hears(440)
	}
	l.request("BYE", 20, "")
	if _, ok := l.await("SIP/2.0 200", "20 BYE", limit); !ok {
		t.Error("no answer to BYE")
	}
	x.idle()
}

// TestDialledDigits presses digits into Read and into the menu of WaitExten.
func TestDialledDigits(t *testing.T) {
	t.Parallel()
	x := newExchange(t, strings.Replace(office, "exten => 600,1,", `exten => 610,1,Answer()
 same => n,Read(D,,4,,1,10)
 same => n,Set(GLOBAL(READ)=${D})
 same => n,Background(digits/1)
 same => n,WaitExten(10)
exten => 7,1,Set(GLOBAL(MENU)=seven)
 same => n,Echo()
exten => 600,1,`, 1))
	k := newTalker(t, x.net.host(2), typePCMU, 101, 440)
	l := k.calls(x, "610")
	globals := func(want string) func() bool {
		return func() bool { return strings.Contains(x.console("dialplan show globals"), want) }
	}
	k.press("5587")
	eventually(t, 10*time.Second, "Read has the digits", globals("READ=5587"))
	k.press("7")
	eventually(t, 10*time.Second, "the menu took the digit", globals("MENU=seven"))
	k.forget()
	k.hears(440) // the echo
	if err := l.bye(); err != nil {
		t.Error(err)
	}
	x.idle()
}

// TestPhonesOfDifferentCodecs: a phone that knows µ-law only and one that knows
// A-law only talk.
func TestPhonesOfDifferentCodecs(t *testing.T) {
	t.Parallel()
	x := newExchange(t, home)
	alice := startBaresip(t, x.net.host(11), x.net.host(1), "alice", "correct-horse-battery", 400, false, "PCMU")
	bob := startBaresip(t, x.net.host(12), x.net.host(1), "bob", "staple-paperclip-stamp", 800, true, "PCMA")
	alice.registered(x, "alice", x.net.host(11))
	bob.registered(x, "bob", x.net.host(12))
	alice.do("dial", fmt.Sprintf("sip:102@%s", x.net.host(1)))
	alice.await("CALL_ESTABLISHED")
	bob.await("CALL_ESTABLISHED")
	alice.hears(800)
	bob.hears(400)
	bob.do("hangup", "")
	alice.await("CALL_CLOSED")
	x.idle()
}
