package sdp

// Direction says which way media flows, seen from the side that says it
// (RFC 3264 5.1).
type Direction uint8

// The directions. The zero value is what a description means that names none.
const (
	SendRecv Direction = iota
	SendOnly
	RecvOnly
	Inactive
)

// String returns the attribute's name, such as "sendrecv".
func (d Direction) String() string {
	switch d {
	case SendOnly:
		return "sendonly"
	case RecvOnly:
		return "recvonly"
	case Inactive:
		return "inactive"
	}
	return "sendrecv"
}

// Sends reports whether the side that says d sends.
func (d Direction) Sends() bool { return d == SendRecv || d == SendOnly }

// Receives reports whether the side that says d receives.
func (d Direction) Receives() bool { return d == SendRecv || d == RecvOnly }

// Answer returns the direction to answer to an offer of d by one who would like
// want (RFC 3264 6.1): nobody sends to one who does not receive.
func (d Direction) Answer(want Direction) Direction {
	send := want.Sends() && d.Receives()
	receive := want.Receives() && d.Sends()
	switch {
	case send && receive:
		return SendRecv
	case send:
		return SendOnly
	case receive:
		return RecvOnly
	}
	return Inactive
}

func directionOf(name []byte) (Direction, bool) {
	switch string(name) {
	case "sendrecv":
		return SendRecv, true
	case "sendonly":
		return SendOnly, true
	case "recvonly":
		return RecvOnly, true
	case "inactive":
		return Inactive, true
	}
	return SendRecv, false
}
