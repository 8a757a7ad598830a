package sip

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"pbx/channels/sip/sdp"
	pbxio "pbx/io"
	"pbx/media"
)

// FuzzOffer holds what comes of any description to the laws of RFC 3264: our
// answer parses, has the m-lines of the offer in their order (6), and the next
// offer of ours has them too (8).
func FuzzOffer(f *testing.F) {
	files, err := filepath.Glob("sdp/testdata/*.sdp")
	if err != nil || len(files) == 0 {
		f.Fatalf("no descriptions: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte((&flowPhone{addr: netip.MustParseAddrPort("192.0.2.7:5060")}).faxSDP()))
	// One port for all, and nothing that runs beside: the fuzzer wants the same
	// input to take the same way.
	e, err := media.NewEngine(pbxio.NewMemory(), media.EngineOptions{Bind: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		f.Fatal(err)
	}
	defer e.Close()
	session, err := e.NewSession(media.SessionOptions{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := &Driver{cfg: &Config{General: defaults(false)}}
		d.cfg.General.Defaults.T38 = true
		p := &pvt{d: d, settings: &d.cfg.General.Defaults, phase: phaseUp, received: netip.MustParseAddrPort("192.0.2.7:5060")}
		p.media.addr, p.media.session = netip.MustParseAddr("192.0.2.1"), session
		p.media.offered = p.ourFormats(nil)
		a, status := p.negotiate(text, false)
		fax, isFax := p.readFax(text)
		switch {
		case status == 0 && !isFax:
			p.media.agreed, p.media.valid, p.media.layout = a, true, a.lines
			sameShape(t, text, p.answerSDP(text), a.index, true)
			sameShape(t, text, p.offerSDP(false), a.index, len(a.lines) > 0)
			sameShape(t, text, p.offerSDP(true), a.index, len(a.lines) > 0)
		case isFax && status != 0:
			fax.session = session
			p.fax = &fax
			sameShape(t, text, p.faxAnswer(text), fax.index, true)
		case isFax:
			t.Error("both audio and T.38")
		}
	})
}

// sameShape parses a description of ours and compares its m-lines with those of
// the far end's; used is the one that is not refused.
func sameShape(t *testing.T, theirs, ours []byte, used int, all bool) {
	t.Helper()
	x, err := sdp.Parse(theirs)
	if err != nil {
		t.Fatal(err)
	}
	y, err := sdp.Parse(ours)
	if err != nil {
		t.Fatalf("%v in our description\n%s", err, ours)
	}
	if all && x.NumMedia() != y.NumMedia() {
		t.Fatalf("%d m-lines for %d\n%s", y.NumMedia(), x.NumMedia(), ours)
	}
	for i, m := range y.Media() {
		if (m.Port != 0) != (i == used) {
			t.Errorf("m-line %d has port %d, %d is the one in use\n%s", i, m.Port, used, ours)
		}
	}
}
