package presence

import (
	"strconv"

	"pbx/channel"
)

// View is what a watcher is told of an extension.
type View struct {
	State        channel.ExtensionState
	Unregistered bool
	Published    channel.Presence // what the device said of its owner

	Exten   string
	Entity  string // the extension as a URI, without parameters
	Watcher string // who watches, as a URI without parameters
	Version uint32 // of this subscription's documents, from 0

	// Identify adds to a ringing dialog who calls whom and what a phone needs to
	// pick it up with Replaces (notifycid=).
	Identify                    bool
	CallID, LocalTag, RemoteTag string // of the dialog that Replaces names
	Caller, Callee              Party  // a zero one stands for the extension
}

// Party is an end of a call.
type Party struct{ Name, URI string }

// PickupPrefix stands before the Call-ID of the subscription in the Replaces of a
// phone that picks up a ringing call.
const PickupPrefix = "pickup-"

// Append appends the document of a format that tells of a hint.
func (v *View) Append(dst []byte, f Format) []byte {
	switch f {
	case DialogInfo:
		return v.appendDialogInfo(dst)
	case PIDF:
		return v.appendPIDF(dst)
	case XPIDF, CPIM:
		return v.appendXPIDF(dst)
	}
	return dst
}

// appendDialogInfo appends application/dialog-info+xml (RFC 4235).
func (v *View) appendDialogInfo(b []byte) []byte {
	b = append(b, "<?xml version=\"1.0\"?>\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\""...)
	b = strconv.AppendUint(b, uint64(v.Version), 10)
	b = append(b, "\" state=\"full\" entity=\""...)
	b = appendText(b, v.Entity)
	b = append(b, "\">\n<dialog id=\""...)
	b = appendText(b, v.Exten)
	b = append(b, '"')
	ringing := v.State&channel.ExtensionRinging != 0
	if ringing {
		if v.Identify {
			b = append(b, " call-id=\""...)
			b = appendText(append(b, PickupPrefix...), v.CallID)
			b = append(b, "\" local-tag=\""...)
			b = appendText(b, v.LocalTag)
			b = append(b, "\" remote-tag=\""...)
			b = appendText(b, v.RemoteTag)
			b = append(b, '"')
		}
		b = append(b, " direction=\"recipient\""...)
	}
	b = append(b, ">\n"...)
	if ringing && v.Identify {
		b = v.appendParty(b, "remote", v.Caller)
		b = v.appendParty(b, "local", v.Callee)
	}
	b = append(b, "<state>"...)
	switch s := v.State; {
	case ringing:
		b = append(b, "early"...)
	case s == channel.ExtensionIdle, s == channel.ExtensionGone:
		b = append(b, "terminated"...)
	default:
		b = append(b, "confirmed"...)
	}
	b = append(b, "</state>\n"...)
	if v.State&channel.ExtensionHold != 0 {
		b = append(b, "<local>\n<target uri=\""...)
		b = appendText(b, v.Entity)
		b = append(b, "\">\n<param pname=\"+sip.rendering\" pvalue=\"no\"/>\n</target>\n</local>\n"...)
	}
	return append(b, "</dialog>\n</dialog-info>\n"...)
}

func (v *View) appendParty(b []byte, side string, p Party) []byte {
	if p.URI == "" {
		p = Party{v.Exten, v.Entity}
	}
	if p.Name == "" {
		p.Name = v.Exten
	}
	b = append(append(b, '<'), side...)
	b = append(b, ">\n<identity display=\""...)
	b = appendText(b, p.Name)
	b = append(b, "\">"...)
	b = appendText(b, p.URI)
	b = append(b, "</identity>\n<target uri=\""...)
	b = appendText(b, p.URI)
	b = append(b, "\"/>\n</"...)
	return append(append(b, side...), ">\n"...)
}

// appendPIDF appends application/pidf+xml (RFC 3863) with the activities of an
// early draft of RPID, which phones look for.
func (v *View) appendPIDF(b []byte) []byte {
	a := availabilityOf(v)
	b = append(b, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n"+
		"<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \n"+
		"xmlns:pp=\"urn:ietf:params:xml:ns:pidf:person\"\n"+
		"xmlns:es=\"urn:ietf:params:xml:ns:pidf:rpid:status:rpid-status\"\n"+
		"xmlns:ep=\"urn:ietf:params:xml:ns:pidf:rpid:rpid-person\"\n"+
		"entity=\""...)
	b = appendText(b, v.Watcher)
	b = append(b, "\">\n<pp:person><status>\n"...)
	if a.activity != "" {
		b = append(b, "<ep:activities><ep:"...)
		b = append(b, a.activity...)
		b = append(b, "/></ep:activities>\n"...)
	}
	b = append(b, "</status></pp:person>\n<note>"...)
	b = appendText(b, a.note)
	b = append(b, "</note>\n<tuple id=\""...)
	b = appendText(b, v.Exten)
	b = append(b, "\">\n<contact priority=\"1\">"...)
	b = appendText(b, v.Entity)
	b = append(b, "</contact>\n<status><basic>"...)
	if a.open {
		b = append(b, "open"...)
	} else {
		b = append(b, "closed"...)
	}
	return append(b, "</basic></status>\n</tuple>\n</presence>\n"...)
}

// appendXPIDF appends application/xpidf+xml, which phones of before 2004 know.
func (v *View) appendXPIDF(b []byte) []byte {
	a := availabilityOf(v)
	b = append(b, "<?xml version=\"1.0\"?>\n"+
		"<!DOCTYPE presence PUBLIC \"-//IETF//DTD RFCxxxx XPIDF 1.0//EN\" \"xpidf.dtd\">\n"+
		"<presence>\n<presentity uri=\""...)
	b = appendText(b, v.Watcher)
	b = append(b, ";method=SUBSCRIBE\" />\n<atom id=\""...)
	b = appendText(b, v.Exten)
	b = append(b, "\">\n<address uri=\""...)
	b = appendText(b, v.Entity)
	b = append(b, ";user=ip\" priority=\"0.800000\">\n<status status=\""...)
	b = append(b, a.msn...)
	b = append(b, "\" />\n<msnsubstatus substatus=\""...)
	b = append(b, a.msnSub...)
	return append(b, "\" />\n</address>\n</atom>\n</presence>\n"...)
}
