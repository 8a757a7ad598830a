package presence

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/quick"

	"pbx/channel"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden compares a document with the file of its name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// wellFormed reports what is wrong with an XML document.
func wellFormed(doc []byte) error {
	d := xml.NewDecoder(bytes.NewReader(doc))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	depth, elements := 0, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			if depth != 0 || elements == 0 {
				return errors.New("not a document")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
			elements++
		case xml.EndElement:
			depth--
		}
	}
}

func view(state channel.ExtensionState) View {
	return View{
		State: state, Exten: "107", Entity: "sip:107@127.0.60.1", Watcher: "sip:fred@127.0.60.1",
		Identify: true, CallID: "60968a1f@127.0.60.11", LocalTag: "24b6f8f0", RemoteTag: "as33517089",
	}
}

// TestDocuments compares with documents that a phone of the field got, byte for
// byte; their lengths are those that were on the wire.
func TestDocuments(t *testing.T) {
	versioned := func(v View, n uint32) View { v.Version = n; return v }
	gone := view(channel.ExtensionGone)
	gone.Unregistered = true
	quiet := view(channel.ExtensionRinging)
	quiet.Identify = false
	caller := view(channel.ExtensionRinging)
	caller.Caller = Party{`Müller & "Sons"`, "sip:106@127.0.60.1"}
	dnd := view(channel.ExtensionIdle)
	dnd.Published = channel.Presence{State: channel.PresenceDND, Message: "lunch <1h>"}
	for _, c := range []struct {
		name   string
		view   View
		format Format
		length int // 0: not seen on the wire
	}{
		{"dialog-idle.xml", view(channel.ExtensionIdle), DialogInfo, 201},
		{"dialog-ringing.xml", versioned(view(channel.ExtensionRinging), 1), DialogInfo, 515},
		{"dialog-ringing-quiet.xml", versioned(quiet, 1), DialogInfo, 218},
		{"dialog-ringing-in-use.xml", versioned(view(channel.ExtensionRinging|channel.ExtensionInUse), 14), DialogInfo, 516},
		{"dialog-ringing-caller.xml", caller, DialogInfo, 0},
		{"dialog-in-use.xml", versioned(view(channel.ExtensionInUse), 3), DialogInfo, 200},
		{"dialog-busy.xml", versioned(view(channel.ExtensionBusy), 3), DialogInfo, 200},
		{"dialog-hold.xml", versioned(view(channel.ExtensionHold), 4), DialogInfo, 305},
		{"dialog-gone.xml", gone, DialogInfo, 201},
		{"pidf-idle.xml", view(channel.ExtensionIdle), PIDF, 473},
		{"pidf-ringing.xml", view(channel.ExtensionRinging), PIDF, 517},
		{"pidf-ringing-in-use.xml", view(channel.ExtensionRinging | channel.ExtensionInUse), PIDF, 517},
		{"pidf-in-use.xml", view(channel.ExtensionInUse), PIDF, 522},
		{"pidf-busy.xml", view(channel.ExtensionBusy), PIDF, 522},
		{"pidf-hold.xml", view(channel.ExtensionHold), PIDF, 517},
		{"pidf-unavailable.xml", view(channel.ExtensionGone), PIDF, 523},
		{"pidf-unregistered.xml", gone, PIDF, 0},
		{"pidf-published.xml", dnd, PIDF, 0},
		{"xpidf-idle.xml", view(channel.ExtensionIdle), XPIDF, 0},
		{"xpidf-gone.xml", view(channel.ExtensionGone), CPIM, 0},
		{"xpidf-in-use.xml", view(channel.ExtensionInUse), XPIDF, 0},
	} {
		got := c.view.Append(nil, c.format)
		golden(t, c.name, got)
		if c.length != 0 && len(got) != c.length {
			t.Errorf("%s: %d bytes, want %d", c.name, len(got), c.length)
		}
		if err := wellFormed(got); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestRegInfo(t *testing.T) {
	r := Registration{AOR: "sip:gina@127.0.60.1", ID: "r1", Version: 2, Contacts: []Binding{
		{ID: "c1", URI: "sip:gina@127.0.60.12:5060;x=\"1\"", Seconds: 60, Q: 1000}, {ID: "c2", URI: "sip:gina@[2001:db8::1]", Seconds: 7, Q: 250},
	}}
	for name, got := range map[string][]byte{"reginfo.xml": r.Append(nil), "reginfo-none.xml": (&Registration{AOR: r.AOR, ID: "r1"}).Append(nil)} {
		golden(t, name, got)
		if err := wellFormed(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnyText holds that whatever stands in names, numbers and notes makes a
// well-formed document.
func TestAnyText(t *testing.T) {
	f := func(exten, entity, watcher, name, note string, state uint8) bool {
		v := view(channel.ExtensionState(state & 31))
		v.Exten, v.Entity, v.Watcher, v.Caller.Name, v.Caller.URI = exten, entity, watcher, name, entity
		v.CallID, v.LocalTag = name, note
		v.Published = channel.Presence{State: channel.PresenceAway, Message: note}
		for _, format := range []Format{DialogInfo, PIDF, XPIDF} {
			if err := wellFormed(v.Append(nil, format)); err != nil {
				t.Logf("%v: %v\n%s", format, err, v.Append(nil, format))
				return false
			}
		}
		return true
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
}

func TestShown(t *testing.T) {
	const both = channel.ExtensionRinging | channel.ExtensionInUse
	for _, c := range []struct {
		option Ringing
		state  channel.ExtensionState
		want   channel.ExtensionState
	}{
		{RingingYes, both, both},
		{RingingYes, channel.ExtensionRinging, channel.ExtensionRinging},
		{RingingNo, channel.ExtensionRinging, channel.ExtensionIdle},
		{RingingNo, both, channel.ExtensionInUse},
		{RingingNotInUse, channel.ExtensionRinging, channel.ExtensionRinging},
		{RingingNotInUse, both, channel.ExtensionInUse},
		{RingingNo, channel.ExtensionHold, channel.ExtensionHold},
	} {
		if got := c.option.Shown(c.state); got != c.want {
			t.Errorf("%v %v: %v, want %v", c.option, c.state, got, c.want)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	v := view(channel.ExtensionRinging)
	buf := make([]byte, 0, 2048)
	for _, f := range []Format{DialogInfo, PIDF, XPIDF} {
		if n := testing.AllocsPerRun(100, func() { v.Append(buf, f) }); n != 0 {
			t.Errorf("%v: %v allocations", f, n)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	v := view(channel.ExtensionRinging)
	buf := make([]byte, 0, 2048)
	for _, f := range []Format{DialogInfo, PIDF} {
		b.Run(fmt.Sprint(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Append(buf, f)
			}
		})
	}
}

func TestFormats(t *testing.T) {
	for f := DialogInfo; f <= RegInfo; f++ {
		if got, ok := ParseFormat(f.String()); got != f || !ok || !strings.Contains(f.MIME(), "/") {
			t.Errorf("%v: %v %v", f, got, ok)
		}
	}
	if _, ok := ParseFormat("unknown"); ok {
		t.Error("there is no format of that name")
	}
}
