package originate

import (
	"fmt"
	"strings"

	"pbx/channel"
)

// Mode says how a device and a number are brought together that somebody clicked at.
type Mode string

// The modes: by REFER where the device is known to take it, always by REFER, and by
// calling the device and sending it on.
const (
	Auto     Mode = "auto"
	ByRefer  Mode = "refer"
	ByCall   Mode = "originate"
	noDevice      = "%s: %s devices cannot be told to call"
)

// Modes are all of them.
var Modes = []Mode{Auto, ByRefer, ByCall}

// Choose settles how a request for Dest and the extension of Location is carried out,
// and returns that: with ByRefer Refer is set. What only the dialplan could do, such as
// variables, is not left to a device by Auto.
//
// By REFER the device gets an INVITE that holds it and, once it has answered, a REFER to
// the extension (RFC 3515): it calls there as if its user had dialled, under its own
// name and by its own codecs.
func (r *Request) Choose(reg *channel.Registry, m Mode) (Mode, error) {
	name, resource, _ := strings.Cut(r.Dest, "/")
	tech, _ := reg.Technology(name)
	device, can := tech.(channel.Referrer)
	switch {
	case m == ByCall, m == Auto && (r.App != "" || r.Caller != nil || r.Account != "" || r.EarlyMedia || len(r.Variables) > 0):
		return ByCall, nil
	case m == Auto && (!can || !device.Refers(resource)):
		return ByCall, nil
	case !can:
		return m, fmt.Errorf(noDevice, r.Dest, name)
	}
	r.Refer = r.Location.Exten
	return ByRefer, nil
}
