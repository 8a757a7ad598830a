package sdp

// AppendAnswer appends the answer to an offer (RFC 3264 6): one m-line for each
// of the offer's, in their order. choose is asked for each media that was not
// refused by the offer itself; it returns the stream that answers it, whose
// Kind and Proto are those of the offer whatever it says, and false to refuse.
// d.Media is not read.
func (d *Description) AppendAnswer(dst []byte, offer *Session, choose func(i int, m Media) (Stream, bool)) []byte {
	dst = d.appendSession(dst)
	for i, m := range offer.Media() {
		if m.Port != 0 {
			if s, ok := choose(i, m); ok {
				s.Kind, s.Proto = string(m.Kind), string(m.Proto)
				dst = s.appendTo(dst)
				continue
			}
		}
		dst = appendRefusal(dst, m)
	}
	return dst
}

// appendRefusal appends the m-line of the offer with port 0.
func appendRefusal(dst []byte, m Media) []byte {
	dst = append(dst, "m="...)
	dst = append(dst, m.Kind...)
	dst = append(dst, " 0 "...)
	dst = append(dst, m.Proto...)
	dst = append(dst, ' ')
	dst = append(dst, m.Formats...)
	return append(dst, "\r\n"...)
}
