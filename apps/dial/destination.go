package dial

import (
	"strings"

	"pbx/apps/field"
	"pbx/channel"
)

// destination is one of the devices that Dial rings.
type destination struct {
	tech, resource string
	// refused says why the device must not be dialled, "" when it may.
	refused string
	// missing: the text has no resource, as "SIP/".
	missing bool
}

func (d *destination) String() string { return d.tech + "/" + d.resource }

// destinations reads "Tech/resource&Tech/resource". An '&' that came from the
// network does not begin another device, and a '/', '@', '&' or ',' from there in a
// resource could name a trunk, so such a device is refused. (AST-2010-002.)
func destinations(v channel.Value) []destination {
	var out []destination
	for _, v := range field.Split(v, '&', 0) {
		v = field.Trim(v)
		if v.S == "" {
			continue
		}
		out = append(out, newDestination(v))
	}
	return out
}

func newDestination(v channel.Value) destination {
	i := field.Index(v, "/")
	if i < 0 {
		// Without a slash of our own there is no device, whatever a caller
		// wrote.
		return destination{tech: v.S, missing: len(v.Taint) == 0, refused: refusal(v)}
	}
	d := destination{tech: v.S[:i], resource: v.S[i+1:], missing: i+1 == len(v.S)}
	d.refused = refusal(v)
	return d
}

func refusal(v channel.Value) string {
	for i := 0; i < len(v.S); i++ {
		if c := v.S[i]; strings.IndexByte("/&@,", c) >= 0 && field.TaintedAt(v, i) {
			return "'" + string(rune(c)) + "' came from the network"
		}
	}
	return ""
}
