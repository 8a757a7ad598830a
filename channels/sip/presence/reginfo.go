package presence

import "strconv"

// Registration is what application/reginfo+xml tells of an address of record.
type Registration struct {
	AOR      string
	ID       string
	Version  uint32
	Contacts []Binding
}

// Binding is one contact of it.
type Binding struct {
	ID      string
	URI     string
	Seconds int64 // until it expires
	Q       int   // thousandths
}

// Append appends the document (RFC 3680 5). A registration without contacts is
// terminated.
func (r *Registration) Append(b []byte) []byte {
	b = append(b, "<?xml version=\"1.0\"?>\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\""...)
	b = strconv.AppendUint(b, uint64(r.Version), 10)
	b = append(b, "\" state=\"full\">\n<registration aor=\""...)
	b = appendText(b, r.AOR)
	b = append(b, "\" id=\""...)
	b = appendText(b, r.ID)
	if len(r.Contacts) == 0 {
		return append(b, "\" state=\"terminated\"/>\n</reginfo>\n"...)
	}
	b = append(b, "\" state=\"active\">\n"...)
	for i := range r.Contacts {
		c := &r.Contacts[i]
		b = append(b, "<contact id=\""...)
		b = appendText(b, c.ID)
		b = append(b, "\" state=\"active\" event=\"registered\" expires=\""...)
		b = strconv.AppendInt(b, c.Seconds, 10)
		b = append(b, '"')
		if c.Q < 1000 {
			b = append(b, " q=\"0."...)
			b = append(b, byte('0'+c.Q/100), byte('0'+c.Q/10%10), byte('0'+c.Q%10), '"')
		}
		b = append(b, ">\n<uri>"...)
		b = appendText(b, c.URI)
		b = append(b, "</uri>\n</contact>\n"...)
	}
	return append(b, "</registration>\n</reginfo>\n"...)
}
