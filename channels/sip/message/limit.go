package message

// Limits on what a message may hold. They lie far above what phones and trunks
// send and keep one datagram from costing more than it may.
const (
	MaxSize    = 64 << 10 // octets of a message
	MaxLine    = 8 << 10  // octets of the start line or of a header with its folds
	MaxHeaders = 128      // header lines
	MaxVias    = 70       // Via values; as many hops as Max-Forwards allows
	MaxValues  = 32       // values of any other header that is a list of addresses
	MaxParts   = 32       // parts of a multipart body
	MaxParams  = 32       // parameters, and headers, of a URI
)
