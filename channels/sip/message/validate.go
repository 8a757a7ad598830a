package message

// Validate applies the rules of RFC 3261 that decide whether a parsed message
// can be worked on at all. The error is a *ParseError whose Status is what the
// sender gets: 400 for a malformed request, 416 for a Request-URI whose scheme
// is unknown, 0 for what is dropped without an answer.
//
// What a user agent decides by what it can do (501, 405, 420, 415, 483 ...) is
// left to it.
func Validate(m *Message) error {
	if err := m.validate(); err != nil {
		return m.verdict(err)
	}
	return nil
}

func (m *Message) validate() *ParseError {
	if err := m.mandatory(); err != nil {
		return err
	}
	if m.IsRequest() {
		return m.validateRequest()
	}
	return m.validateResponse()
}

// mandatory checks the headers every message has (RFC 3261 8.1.1). Max-Forwards
// is forgiven, as RFC 2543 did not know it.
func (m *Message) mandatory() *ParseError {
	switch {
	case !m.Has(HeaderVia):
		return errNoVia
	case !m.Has(HeaderFrom):
		return errNoFrom
	case !m.Has(HeaderTo):
		return errNoTo
	case !m.Has(HeaderCallID):
		return errNoCallID
	case !m.Has(HeaderCSeq):
		return errNoCSeq
	}
	for _, id := range [...]HeaderID{HeaderFrom, HeaderTo, HeaderCallID, HeaderCSeq} {
		if m.first[id] != m.last[id] {
			return errRepeated
		}
	}
	for _, id := range [...]HeaderID{HeaderMaxForwards, HeaderContentType, HeaderExpires, HeaderEvent, HeaderReferTo, HeaderReplaces, HeaderSessionExpires} {
		if m.first[id] != m.last[id] && !m.sameLines(id) {
			return errRepeated
		}
	}
	if !isCallID(m.CallID()) {
		return errCallID
	}
	seq, method, ok := parseCSeq(m.Header(HeaderCSeq))
	if !ok {
		return errCSeq
	}
	m.cseq, m.seqm, m.read = seq, method, m.read|readCSeq
	return m.dialogAddresses()
}

// sameLines reports whether all lines of a header say the same.
func (m *Message) sameLines(id HeaderID) bool {
	for v := range m.Lines(id) {
		if string(v) != string(m.Header(id)) {
			return false
		}
	}
	return true
}

// isCallID accepts word [ "@" word ] loosely: anything but blanks and controls.
func isCallID(s []byte) bool {
	for _, c := range s {
		if c <= ' ' || c == 0x7f {
			return false
		}
	}
	return len(s) > 0
}

// dialogAddresses reads From and To, which every later step asks for.
func (m *Message) dialogAddresses() *ParseError {
	var err error
	if m.from, err = ParseAddress(m.Header(HeaderFrom)); err != nil {
		return errFrom
	}
	if m.to, err = ParseAddress(m.Header(HeaderTo)); err != nil {
		return errTo
	}
	m.read |= readFrom | readTo
	return nil
}

func (m *Message) validateRequest() *ParseError {
	uri, err := ParseURI(m.text(m.uri))
	switch {
	case err != nil:
		return errURI
	case len(uri.Headers) > 0: // RFC 3261 19.1.1, table 1
		return errURIHeaders
	case m.seqm != m.method: // RFC 3261 8.1.1.5
		return errCSeqMethod
	}
	if _, err := m.validateVias(); err != nil {
		return err
	}
	if v := m.Header(HeaderMaxForwards); v != nil && m.MaxForwards() < 0 {
		return errMaxForwards
	}
	if v := m.Header(HeaderExpires); v != nil && !isExpires(v) {
		return errExpires
	}
	// RFC 4028 4 and 5. An empty one counts as none.
	if len(m.Header(HeaderSessionExpires)) > 0 && m.Seconds(HeaderSessionExpires) < 0 {
		return errSessionTime
	}
	if len(m.Header(HeaderMinSE)) > 0 && m.Seconds(HeaderMinSE) < 0 {
		return errMinSE
	}
	if err := m.validateContacts(); err != nil {
		return err
	}
	if !m.validAddresses(HeaderRoute) {
		return errRoute
	}
	if !m.validAddresses(HeaderRecordRoute) {
		return errRecordRoute
	}
	if v := m.Header(HeaderContentType); v != nil && m.ContentType().Type == nil {
		return errContentType
	}
	if !uri.IsSIP() && !uri.IsTel() {
		return errScheme
	}
	return nil
}

// isExpires accepts a number of any size, and the date that RFC 2543 allowed.
func isExpires(v []byte) bool {
	return all(v, classDigit) && len(v) > 0 || len(v) > 4 && isAlpha(v[0]) && v[3] == ','
}

// validateVias reads every Via and keeps the top one.
func (m *Message) validateVias() (n int, e *ParseError) {
	for line := range m.Lines(HeaderVia) {
		for more := true; more; {
			var value []byte
			value, line, more = cutList(line)
			via, err := ParseVia(value)
			if err != nil {
				return n, errVia
			}
			if n == 0 {
				m.via, m.read = via, m.read|readVia
			}
			if n++; n > MaxVias {
				return n, errManyVias
			}
		}
	}
	return n, nil
}

// validateContacts reads every Contact. "*" stands alone in a REGISTER
// (RFC 3261 10.2.2).
func (m *Message) validateContacts() *ParseError {
	n, star := 0, false
	for line := range m.Lines(HeaderContact) {
		for more := true; more; {
			var value []byte
			value, line, more = cutList(line)
			if len(value) == 1 && value[0] == '*' {
				star = true
			} else if _, err := ParseAddress(value); err != nil {
				return errContact
			}
			if n++; n > MaxValues {
				return errManyValues
			}
		}
	}
	if star && (n > 1 || m.method != REGISTER) {
		return errContact
	}
	return nil
}

// validAddresses reports whether every value of a list of addresses can be read.
func (m *Message) validAddresses(id HeaderID) bool {
	n := 0
	for line := range m.Lines(id) {
		for more := true; more; {
			var value []byte
			value, line, more = cutList(line)
			if _, err := ParseAddress(value); err != nil {
				return false
			}
			if n++; n > MaxValues {
				return false
			}
		}
	}
	return true
}

// validateResponse drops responses with other than one Via: they were sent to
// the wrong place (RFC 3261 8.1.3.3).
func (m *Message) validateResponse() *ParseError {
	n, err := m.validateVias()
	switch {
	case err != nil:
		return err
	case n != 1:
		return errVias
	}
	return nil
}
