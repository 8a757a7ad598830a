package media

// Session is one RTP session: an even RTP port and the RTCP port above it.
type Session struct{}
