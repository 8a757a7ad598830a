package message

import "strconv"

// ParseError says what is wrong with a message and what its sender gets.
type ParseError struct {
	// Status is the code of the answer: 400, 414, 416, 505, 513; 0 means that the
	// message is dropped, because it is a response, an ACK or nothing that an
	// answer could reach.
	Status int
	// Reason is the phrase of the answer; RFC 3261 21.4.1 wants it to name the
	// problem.
	Reason string
}

// Error returns the status and the reason.
func (e *ParseError) Error() string {
	if e.Status == 0 {
		return "sip message dropped: " + e.Reason
	}
	return "sip message: " + strconv.Itoa(e.Status) + " " + e.Reason
}

// bad is the error for a message that breaks the grammar. Errors are made once,
// so that a flood of broken messages costs no memory.
func bad(reason string) *ParseError { return &ParseError{Status: 400, Reason: reason} }

var (
	errEmpty       = &ParseError{Reason: "Keep-alive"}
	errNotSIP      = &ParseError{Reason: "Not a SIP message"}
	errStatusLine  = &ParseError{Reason: "Malformed status line"}
	errStartLine   = bad("Malformed request line")
	errVersion     = &ParseError{Status: 505, Reason: "Version Not Supported"}
	errTooLarge    = &ParseError{Status: 513, Reason: "Message Too Large"}
	errLineLong    = bad("Header line too long")
	errURILong     = &ParseError{Status: 414, Reason: "Request-URI Too Long"}
	errManyHeaders = bad("Too many headers")
	errHeaderLine  = bad("Malformed header line")
	errLoneCR      = bad("Stray carriage return in header")
	errNoBlankLine = bad("Missing blank line after headers")
	errLength      = bad("Malformed Content-Length")
	errLengths     = bad("Conflicting Content-Length headers")
	errBodyShort   = bad("Content-Length larger than body")

	errURI         = bad("Malformed Request-URI")
	errURIHeaders  = bad("Headers not allowed in Request-URI")
	errScheme      = &ParseError{Status: 416, Reason: "Unsupported URI Scheme"}
	errNoVia       = &ParseError{Reason: "Missing Via header"}
	errNoFrom      = bad("Missing From header")
	errNoTo        = bad("Missing To header")
	errNoCallID    = bad("Missing Call-ID header")
	errNoCSeq      = bad("Missing CSeq header")
	errRepeated    = bad("Header that may occur once was repeated")
	errFrom        = bad("Malformed From header")
	errTo          = bad("Malformed To header")
	errCallID      = bad("Malformed Call-ID header")
	errCSeq        = bad("Malformed CSeq header")
	errCSeqMethod  = bad("CSeq method does not match request method")
	errVia         = bad("Malformed Via header")
	errManyVias    = bad("Too many Via values")
	errManyValues  = bad("Too many header values")
	errVias        = &ParseError{Reason: "Response with more than one Via"}
	errContact     = bad("Malformed Contact header")
	errRoute       = bad("Malformed Route header")
	errRecordRoute = bad("Malformed Record-Route header")
	errMaxForwards = bad("Malformed Max-Forwards header")
	errExpires     = bad("Malformed Expires header")
	errContentType = bad("Malformed Content-Type header")
	errSessionTime = bad("Malformed Session-Expires header")
	errMinSE       = bad("Malformed Min-SE header")
)
