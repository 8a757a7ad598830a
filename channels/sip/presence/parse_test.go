package presence

import (
	"strings"
	"testing"

	"pbx/channel"
)

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name    string
		account string
		m       channel.Messages
		plain   bool
		want    string
		length  int
	}{
		{"nothing", "sip:asterisk@127.0.60.1", channel.Messages{}, false, "Messages-Waiting: no\r\nMessage-Account: sip:asterisk@127.0.60.1\r\nVoice-Message: 0/0 (0/0)\r\n", 90},
		{"two", "sip:asterisk@127.0.60.1", channel.Messages{New: 2}, false, "Messages-Waiting: yes\r\nMessage-Account: sip:asterisk@127.0.60.1\r\nVoice-Message: 2/0 (0/0)\r\n", 91},
		{"urgent, no account", "", channel.Messages{New: 2, Old: 3, UrgentNew: 1, UrgentOld: 4}, false, "Messages-Waiting: yes\r\nVoice-Message: 3/7 (1/4)\r\n", 0},
		{"buggymwi", "", channel.Messages{Old: 3}, true, "Messages-Waiting: no\r\nVoice-Message: 0/3\r\n", 0},
		{"an account with a line break", "sip:a\r\nb@c", channel.Messages{}, true, "Messages-Waiting: no\r\nMessage-Account: sip:ab@c\r\nVoice-Message: 0/0\r\n", 0},
	} {
		got := string(AppendSummary(nil, c.account, c.m, c.plain))
		if got != c.want || c.length != 0 && len(got) != c.length {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		back, err := ParseSummary([]byte(got))
		if err != nil || back.Waiting() != c.m.Waiting() || !c.plain && back != c.m {
			t.Errorf("%s: came back as %v, %v", c.name, back, err)
		}
	}
}

func TestParseSummary(t *testing.T) {
	for _, c := range []struct {
		text string
		want channel.Messages
		ok   bool
	}{
		{"Messages-Waiting: yes\nvoice-message: 4/8 (1/2)\n", channel.Messages{New: 3, Old: 6, UrgentNew: 1, UrgentOld: 2}, true},
		{"Messages-Waiting: yes\r\n", channel.Messages{New: 1}, true},
		{"Messages-Waiting: no\r\n", channel.Messages{}, true},
		{"Voice-Message: 2/1\r\nVoice-Message: 9/9\r\n", channel.Messages{New: 2, Old: 1}, true},
		{"Voice-Message: 99999999999999999999/1\r\n", channel.Messages{}, false},
		{"Voice-Message: -1/1\r\n", channel.Messages{}, false},
		{"Message-Account: " + strings.Repeat("x", 5000), channel.Messages{}, false},
		{"", channel.Messages{}, false},
	} {
		got, err := ParseSummary([]byte(c.text))
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%.40q: %v %v, want %v %v", c.text, got, err, c.want, c.ok)
		}
	}
}

const pidfHead = `<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:a@b"><tuple id="1">`

func TestParsePIDF(t *testing.T) {
	for _, c := range []struct {
		name, doc string
		want      channel.Presence
		ok        bool
	}{
		{"open", pidfHead + `<status><basic>open</basic></status></tuple></presence>`, channel.Presence{State: channel.PresenceAvailable}, true},
		{"closed", pidfHead + `<status><basic>closed</basic></status></tuple></presence>`, channel.Presence{State: channel.PresenceUnavailable}, true},
		{"dnd by activity", pidfHead + `<status><basic>open</basic></status></tuple><dm:person id="p"><rpid:activities><rpid:dnd/></rpid:activities></dm:person></presence>`, channel.Presence{State: channel.PresenceDND}, true},
		{"dnd by note", pidfHead + `<status><basic>open</basic></status><note>Do Not Disturb</note></tuple></presence>`, channel.Presence{State: channel.PresenceDND, Message: "Do Not Disturb"}, true},
		{"away, in latin1", `<?xml version="1.0" encoding="ISO-8859-1"?><presence><tuple id="1"><status><basic>open</basic></status></tuple><note>in Z` + "\xfc" + `rich</note><activities><away/></activities></presence>`, channel.Presence{State: channel.PresenceAway, Message: "in Zürich"}, true},
		{"closed wins", pidfHead + `<status><basic>closed</basic></status></tuple><rpid:activities><rpid:away/></rpid:activities></presence>`, channel.Presence{State: channel.PresenceUnavailable}, true},
		{"no presence", `<x/>`, channel.Presence{}, false},
		{"says nothing", pidfHead + `</tuple></presence>`, channel.Presence{}, false},
		{"not XML", `hello`, channel.Presence{}, false},
		{"cut short", pidfHead, channel.Presence{}, false},
		{"too large", pidfHead + strings.Repeat(" ", maxDocument), channel.Presence{}, false},
		{"too many elements", `<presence>` + strings.Repeat("<a/>", maxElements) + `</presence>`, channel.Presence{}, false},
		{"an entity of its own", `<!DOCTYPE p [<!ENTITY x "boom">]><presence><basic>&x;</basic></presence>`, channel.Presence{}, false},
	} {
		got, err := ParsePIDF([]byte(c.doc))
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: %+v %v, want %+v %v", c.name, got, err, c.want, c.ok)
		}
	}
}

func TestParseDialogInfo(t *testing.T) {
	const head, tail = `<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:a@b">`, `</dialog-info>`
	for _, c := range []struct {
		name, doc string
		want      channel.ExtensionState
		ok        bool
	}{
		{"none", head + tail, channel.ExtensionIdle, true},
		{"ended", head + `<dialog id="1"><state>terminated</state></dialog>` + tail, channel.ExtensionIdle, true},
		{"rings", head + `<dialog id="1" direction="recipient"><state>early</state></dialog>` + tail, channel.ExtensionRinging, true},
		{"calls", head + `<dialog id="1" direction="initiator"><state>early</state></dialog>` + tail, channel.ExtensionInUse, true},
		{"talks", head + `<dialog id="1"><state>confirmed</state></dialog>` + tail, channel.ExtensionInUse, true},
		{"holds", head + `<dialog id="1"><state>confirmed</state><local><target uri="sip:a@b"><param pname="+sip.rendering" pvalue="no"/></target></local></dialog>` + tail, channel.ExtensionHold, true},
		{"both", head + `<dialog id="1"><state>confirmed</state></dialog><dialog id="2" direction="recipient"><state>early</state></dialog>` + tail, channel.ExtensionRinging | channel.ExtensionInUse, true},
		{"another document", `<presence/>`, 0, false},
	} {
		got, err := ParseDialogInfo([]byte(c.doc))
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%s: %v %v, want %v %v", c.name, got, err, c.want, c.ok)
		}
	}
	// What we write ourselves is read the same.
	for _, s := range []channel.ExtensionState{channel.ExtensionIdle, channel.ExtensionRinging, channel.ExtensionInUse, channel.ExtensionHold} {
		v := view(s)
		if got, err := ParseDialogInfo(v.Append(nil, DialogInfo)); got != s || err != nil {
			t.Errorf("%v came back as %v, %v", s, got, err)
		}
	}
}

func FuzzParsePIDF(f *testing.F) {
	v := view(channel.ExtensionRinging)
	f.Add(v.Append(nil, PIDF))
	f.Add([]byte(pidfHead + `<status><basic>open</basic></status><note>x</note></tuple></presence>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		p, err := ParsePIDF(doc)
		if err != nil {
			return
		}
		if len(p.Message) > maxNote || p.State > channel.PresenceDND {
			t.Errorf("%+v", p)
		}
		v := view(channel.ExtensionIdle)
		v.Published = p
		if err := wellFormed(v.Append(nil, PIDF)); err != nil {
			t.Errorf("what was published cannot be shown: %v", err)
		}
	})
}

func FuzzParseDialogInfo(f *testing.F) {
	v := view(channel.ExtensionHold)
	f.Add(v.Append(nil, DialogInfo))
	f.Fuzz(func(_ *testing.T, doc []byte) { _, _ = ParseDialogInfo(doc) })
}

func FuzzParseSummary(f *testing.F) {
	f.Add([]byte("Messages-Waiting: yes\r\nVoice-Message: 4/8 (1/2)\r\n"))
	f.Fuzz(func(t *testing.T, doc []byte) {
		m, err := ParseSummary(doc)
		if err != nil {
			return
		}
		if m.New < 0 || m.Old < 0 || m.UrgentNew < 0 || m.UrgentOld < 0 {
			t.Errorf("%+v", m)
		}
		if back, err := ParseSummary(AppendSummary(nil, "", m, false)); err != nil || back != m {
			t.Errorf("%+v came back as %+v, %v", m, back, err)
		}
	})
}
