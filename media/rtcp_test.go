package media

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	pbxio "pbx/io"
	"pbx/media/rtp"
)

// reports returns the compound packets that came to the phone's RTCP port.
func (p *phone) reports() (out [][]byte) {
	p.t.Helper()
	synctest.Wait()
	buf := make([]byte, maxPacket)
	for {
		n, _, err := p.rtcp.Recv(buf)
		if errors.Is(err, pbxio.ErrAgain) {
			return out
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if !rtp.ValidCompound(buf[:n]) {
			p.t.Fatalf("% x is no compound packet", buf[:n])
		}
		out = append(out, slices.Clone(buf[:n]))
	}
}

func (p *phone) report(r rtp.Report, blocks ...rtp.Block) {
	p.t.Helper()
	b := rtp.AppendCNAME(rtp.AppendReport(nil, r, blocks...), p.ssrc, "phone")
	to := p.to
	if err := p.rtcp.Send(b, addPort(to)); err != nil {
		p.t.Fatal(err)
	}
	synctest.Wait()
}

func TestReports(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		b, pb := o.call(t, bob, "ulaw", SessionOptions{Near: a})
		_ = Join(a, b)
		synctest.Wait()
		start := time.Now()
		for i := range 1000 {
			if i%50 == 49 { // two in a hundred get lost
				pa.seq++
				pa.ts += 160
			} else {
				pa.say("x")
			}
			time.Sleep(20 * time.Millisecond)
		}
		if n := len(pb.heard()); n != 980 {
			t.Fatalf("bob heard %d packets", n)
		}
		toAlice, toBob := pa.reports(), pb.reports()
		for name, got := range map[string]int{"alice": len(toAlice), "bob": len(toBob)} {
			if got < 3 || got > 9 { // 20 s, 5 s apart on average
				t.Errorf("%s got %d reports in %s", name, got, time.Since(start))
			}
		}
		var last rtp.Block
		for r := range rtp.Reports(toAlice[len(toAlice)-1]) {
			if r.Sender {
				t.Error("alice, who was sent nothing, got a sender report")
			}
			for k := range r.Blocks() {
				last = k
			}
		}
		if last.SSRC != pa.ssrc || last.Lost < 10 || last.Lost > 20 || last.FractionLost < 2 || last.FractionLost > 10 {
			t.Errorf("alice was told %+v", last)
		}
		var sr rtp.Report
		for r := range rtp.Reports(toBob[len(toBob)-1]) {
			sr = r
		}
		if !sr.Sender || sr.SSRC != b.SSRC() || sr.Packets < 600 || sr.Octets != sr.Packets {
			t.Errorf("bob was told %+v", sr)
		}
		// Nothing flows: no more reports, no timer.
		time.Sleep(time.Minute)
		pa.reports()
		time.Sleep(time.Minute)
		if n := len(pa.reports()); n != 0 {
			t.Errorf("%d reports about nothing", n)
		}
		b.Close()
		got := pb.reports()
		if len(got) == 0 {
			t.Fatal("no goodbye")
		}
		bye := got[len(got)-1]
		if n := len(bye); bye[n-7] != rtp.TypeBYE {
			t.Errorf("% x ends without a goodbye", bye)
		}
	})
}

func TestRoundTrip(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		a.Play(&text{codec: "ulaw", blocks: 1000}, false)
		pa.say("x")
		var sr rtp.Report
		for sr.NTP == 0 {
			time.Sleep(time.Second)
			for _, b := range pa.reports() {
				for r := range rtp.Reports(b) {
					sr = r
				}
			}
		}
		// Alice's report is 500 ms after ours was sent, as we reckon; she says that
		// 440 of them were hers.
		sent := sr.NTP
		for rtp.NTP(time.Now())-sent < 1<<32*3/2 {
			time.Sleep(10 * time.Millisecond)
		}
		held := uint32(1440 * 65536 / 1000)
		pa.report(rtp.Report{SSRC: pa.ssrc}, rtp.Block{SSRC: a.SSRC(), Lost: 7, Jitter: 80, LSR: rtp.Short(sent), DLSR: held})
		st := a.Stats()
		if st.RTT < 50*time.Millisecond || st.RTT > 80*time.Millisecond {
			t.Errorf("round trip %s, want 60 ms", st.RTT)
		}
		if st.TxLost != 7 || st.TxJitter != 10*time.Millisecond {
			t.Errorf("%+v", st)
		}
		// A stranger's report, one about somebody else, and rubbish change nothing.
		m := newPhone(t, o.net, mallory)
		m.to = pa.to
		m.report(rtp.Report{SSRC: 1}, rtp.Block{SSRC: a.SSRC(), Lost: 1000})
		pa.report(rtp.Report{SSRC: pa.ssrc}, rtp.Block{SSRC: 1, Lost: 1000})
		_ = pa.rtcp.Send([]byte("\x80\xc9\x00\x01\x00\x00\x00\x01\xff"), addPort(pa.to))
		synctest.Wait()
		if got := a.Stats(); got.TxLost != 7 || got.Strangers != 1 || got.Garbage != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestJitter: packets that come late now and then are measured.
func TestJitter(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		for i := range 500 {
			pa.say("x")
			time.Sleep(time.Duration(10+20*(i%2)) * time.Millisecond)
		}
		synctest.Wait()
		if j := a.Stats().RxJitter; j < 8*time.Millisecond || j > 11*time.Millisecond {
			t.Errorf("jitter %s, want 10 ms", j)
		}
	})
}

func TestSilence(t *testing.T) {
	for _, c := range []struct {
		name string
		dir  Direction
		want []string
		at   time.Duration
	}{
		{"talking", SendRecv, []string{"silent 5s"}, 6 * time.Second},
		{"on hold", RecvOnly, nil, 6 * time.Second},
		{"on hold for long", RecvOnly, []string{"silent 20s"}, 21 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
				ev := &events{}
				a, pa := o.call(t, alice, "ulaw", SessionOptions{Events: ev, Timeout: 5 * time.Second, HoldTimeout: 20 * time.Second})
				for range 10 {
					pa.say("x")
					time.Sleep(time.Second)
				}
				if got := ev.take(); len(got) != 0 {
					t.Fatalf("%q while packets come", got)
				}
				r := pa.remote("ulaw")
				r.Direction = c.dir
				a.Configure(r)
				pa.say("x")
				time.Sleep(c.at)
				if got := ev.take(); !slices.Equal(got, c.want) {
					t.Errorf("%q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestKeepalive(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{Keepalive: 10 * time.Second})
		time.Sleep(35 * time.Second)
		got := pa.heard()
		if len(got) != 3 || got[0].Type != 13 || len(got[0].payload) != 1 {
			t.Fatalf("%+v", got)
		}
		a.Play(&text{codec: "ulaw", blocks: 2}, true)
		time.Sleep(time.Minute)
		for _, p := range pa.heard() {
			if p.Type == 13 {
				t.Fatal("comfort noise while we send")
			}
		}
	})
}

func TestQOS(t *testing.T) {
	st := Stats{SSRC: 217885590, RemoteSSRC: 5, RxLost: 1, RxJitter: 1500 * time.Microsecond, RxPackets: 100, TxPackets: 7, RTT: 20 * time.Millisecond}
	want := "ssrc=217885590;themssrc=5;lp=1;rxjitter=0.001500;rxcount=100;txjitter=0.000000;txcount=7;rlp=0;rtt=0.020000;rxmes=90.149752;txmes=92.700000"
	if got := st.QOS(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// TestQOSVariables holds the forms of golden/ami-more.md.
func TestQOSVariables(t *testing.T) {
	var st Stats
	const zero = "minrxjitter=000.000000;maxrxjitter=000.000000;avgrxjitter=000.000000;stdevrxjitter=000.000000;mintxjitter=000.000000;maxtxjitter=000.000000;avgtxjitter=000.000000;stdevtxjitter=000.000000;"
	if got := st.Variables()[1]; got != [2]string{"JITTER", zero} {
		t.Errorf("nothing measured: %q", got)
	}
	for _, v := range []float64{2, 4, 4, 4, 5, 5, 7, 9} {
		st.RTTs.add(v / 100)
		st.RxScores.add(87.231481)
	}
	if got, want := st.Variables()[3][1], "minrtt=000.020000;maxrtt=000.090000;avgrtt=000.050000;stdevrtt=000.020000;"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got, want := st.Variables()[4][1], "minrxmes=087.231481;maxrxmes=087.231481;avgrxmes=087.231481;stdevrxmes=000.000000;mintxmes=000.000000;maxtxmes=000.000000;avgtxmes=000.000000;stdevtxmes=000.000000;"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if n := testing.AllocsPerRun(10, func() { _ = st.RTTs.text("rtt") }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

// TestOnePort: RTCP on the RTP port (RFC 5761), both ways.
func TestOnePort(t *testing.T) {
	bubble(t, EngineOptions{}, func(t *testing.T, o *office) {
		a, pa := o.call(t, alice, "ulaw", SessionOptions{})
		r := pa.remote("ulaw")
		r.RTCP = r.RTP
		a.Configure(r)
		a.Play(&text{codec: "ulaw", blocks: 1}, false)
		time.Sleep(time.Second)
		report := rtp.AppendCNAME(rtp.AppendReport(nil, rtp.Report{SSRC: 1}, rtp.Block{SSRC: a.SSRC(), Lost: 3}), 1, "x")
		if err := pa.rtp.Send(report, pa.to); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if st := a.Stats(); st.TxLost != 3 || st.Garbage != 0 {
			t.Errorf("%+v", st)
		}
		pa.heard()
		a.Close()
		synctest.Wait()
		b := make([]byte, maxPacket)
		n, from, err := pa.rtp.Recv(b)
		if err != nil || from != a.Local() || !rtp.ValidCompound(b[:n]) {
			t.Errorf("% x from %s, %v; want a goodbye", b[:n], from, err)
		}
	})
}
