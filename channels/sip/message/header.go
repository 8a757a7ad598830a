package message

// HeaderID names a header the exchange knows. HeaderOther stands for all others.
type HeaderID uint8

// The known headers.
const (
	HeaderOther HeaderID = iota
	HeaderVia
	HeaderFrom
	HeaderTo
	HeaderCallID
	HeaderCSeq
	HeaderContact
	HeaderMaxForwards
	HeaderContentLength
	HeaderContentType
	HeaderRoute
	HeaderRecordRoute
	HeaderAccept
	HeaderAcceptContact
	HeaderAcceptEncoding
	HeaderAcceptLanguage
	HeaderAlertInfo
	HeaderAllow
	HeaderAllowEvents
	HeaderAuthenticationInfo
	HeaderAuthorization
	HeaderCallInfo
	HeaderContentDisposition
	HeaderContentEncoding
	HeaderContentLanguage
	HeaderDate
	HeaderDiversion
	HeaderErrorInfo
	HeaderEvent
	HeaderExpires
	HeaderHistoryInfo
	HeaderIdentity
	HeaderIdentityInfo
	HeaderInReplyTo
	HeaderJoin
	HeaderMIMEVersion
	HeaderMinExpires
	HeaderMinSE
	HeaderOrganization
	HeaderPAssertedIdentity
	HeaderPPreferredIdentity
	HeaderPath
	HeaderPriority
	HeaderPrivacy
	HeaderProxyAuthenticate
	HeaderProxyAuthorization
	HeaderProxyRequire
	HeaderRAck
	HeaderReason
	HeaderReferTo
	HeaderReferredBy
	HeaderRejectContact
	HeaderRemotePartyID
	HeaderReplaces
	HeaderReplyTo
	HeaderRequestDisposition
	HeaderRequire
	HeaderRetryAfter
	HeaderRSeq
	HeaderServer
	HeaderServiceRoute
	HeaderSessionExpires
	HeaderSIPETag
	HeaderSIPIfMatch
	HeaderSubject
	HeaderSubscriptionState
	HeaderSupported
	HeaderTargetDialog
	HeaderTimestamp
	HeaderUnsupported
	HeaderUserAgent
	HeaderUserToUser
	HeaderWarning
	HeaderWWWAuthenticate

	numHeaders
)

// headerInfo is what the index needs to know about a header.
type headerInfo struct {
	name    string
	compact byte // RFC 3261 7.3.3 and the IANA registry; 0 if there is none
	list    bool // lines may be joined with commas (RFC 3261 7.3.1)
}

var headers = [numHeaders]headerInfo{
	HeaderVia:                {"Via", 'v', true},
	HeaderFrom:               {"From", 'f', false},
	HeaderTo:                 {"To", 't', false},
	HeaderCallID:             {"Call-ID", 'i', false},
	HeaderCSeq:               {"CSeq", 0, false},
	HeaderContact:            {"Contact", 'm', true},
	HeaderMaxForwards:        {"Max-Forwards", 0, false},
	HeaderContentLength:      {"Content-Length", 'l', false},
	HeaderContentType:        {"Content-Type", 'c', false},
	HeaderRoute:              {"Route", 0, true},
	HeaderRecordRoute:        {"Record-Route", 0, true},
	HeaderAccept:             {"Accept", 0, true},
	HeaderAcceptContact:      {"Accept-Contact", 'a', true},
	HeaderAcceptEncoding:     {"Accept-Encoding", 0, true},
	HeaderAcceptLanguage:     {"Accept-Language", 0, true},
	HeaderAlertInfo:          {"Alert-Info", 0, true},
	HeaderAllow:              {"Allow", 0, true},
	HeaderAllowEvents:        {"Allow-Events", 'u', true},
	HeaderAuthenticationInfo: {"Authentication-Info", 0, false},
	HeaderAuthorization:      {"Authorization", 0, false},
	HeaderCallInfo:           {"Call-Info", 0, true},
	HeaderContentDisposition: {"Content-Disposition", 0, false},
	HeaderContentEncoding:    {"Content-Encoding", 'e', true},
	HeaderContentLanguage:    {"Content-Language", 0, true},
	HeaderDate:               {"Date", 0, false},
	HeaderDiversion:          {"Diversion", 0, true},
	HeaderErrorInfo:          {"Error-Info", 0, true},
	HeaderEvent:              {"Event", 'o', false},
	HeaderExpires:            {"Expires", 0, false},
	HeaderHistoryInfo:        {"History-Info", 0, true},
	HeaderIdentity:           {"Identity", 'y', false},
	HeaderIdentityInfo:       {"Identity-Info", 'n', false},
	HeaderInReplyTo:          {"In-Reply-To", 0, true},
	HeaderJoin:               {"Join", 0, false},
	HeaderMIMEVersion:        {"MIME-Version", 0, false},
	HeaderMinExpires:         {"Min-Expires", 0, false},
	HeaderMinSE:              {"Min-SE", 0, false},
	HeaderOrganization:       {"Organization", 0, false},
	HeaderPAssertedIdentity:  {"P-Asserted-Identity", 0, true},
	HeaderPPreferredIdentity: {"P-Preferred-Identity", 0, true},
	HeaderPath:               {"Path", 0, true},
	HeaderPriority:           {"Priority", 0, false},
	HeaderPrivacy:            {"Privacy", 0, false},
	HeaderProxyAuthenticate:  {"Proxy-Authenticate", 0, false},
	HeaderProxyAuthorization: {"Proxy-Authorization", 0, false},
	HeaderProxyRequire:       {"Proxy-Require", 0, true},
	HeaderRAck:               {"RAck", 0, false},
	HeaderReason:             {"Reason", 0, true},
	HeaderReferTo:            {"Refer-To", 'r', false},
	HeaderReferredBy:         {"Referred-By", 'b', false},
	HeaderRejectContact:      {"Reject-Contact", 'j', true},
	HeaderRemotePartyID:      {"Remote-Party-ID", 0, true},
	HeaderReplaces:           {"Replaces", 0, false},
	HeaderReplyTo:            {"Reply-To", 0, false},
	HeaderRequestDisposition: {"Request-Disposition", 'd', true},
	HeaderRequire:            {"Require", 0, true},
	HeaderRetryAfter:         {"Retry-After", 0, false},
	HeaderRSeq:               {"RSeq", 0, false},
	HeaderServer:             {"Server", 0, false},
	HeaderServiceRoute:       {"Service-Route", 0, true},
	HeaderSessionExpires:     {"Session-Expires", 'x', false},
	HeaderSIPETag:            {"SIP-ETag", 0, false},
	HeaderSIPIfMatch:         {"SIP-If-Match", 0, false},
	HeaderSubject:            {"Subject", 's', false},
	HeaderSubscriptionState:  {"Subscription-State", 0, false},
	HeaderSupported:          {"Supported", 'k', true},
	HeaderTargetDialog:       {"Target-Dialog", 0, false},
	HeaderTimestamp:          {"Timestamp", 0, false},
	HeaderUnsupported:        {"Unsupported", 0, true},
	HeaderUserAgent:          {"User-Agent", 0, false},
	HeaderUserToUser:         {"User-to-User", 0, true},
	HeaderWarning:            {"Warning", 0, true},
	HeaderWWWAuthenticate:    {"WWW-Authenticate", 0, false},
}

// String returns the header's full name as it is sent.
func (id HeaderID) String() string {
	if id < numHeaders {
		return headers[id].name
	}
	return ""
}

// List reports whether several values of the header may stand in one line,
// divided by commas.
func (id HeaderID) List() bool { return id < numHeaders && headers[id].list }

// HeaderIDOf returns the identity of a header name in any case, full or
// compact, or HeaderOther.
func HeaderIDOf[T ~string | ~[]byte](name T) HeaderID {
	if len(name) == 1 {
		return compactIDs[name[0]]
	}
	if len(name) > maxHeaderName || len(name) < 2 {
		return HeaderOther
	}
	for id := headerBuckets[bucket(len(name), name[0], name[len(name)-1])]; id != HeaderOther; id = headerChain[id] {
		if full := headers[id].name; string(name) == full || equalFold(name, full) {
			return id
		}
	}
	return HeaderOther
}

// The lookup tables, made from the table above: a bucket for the length and the
// outer letters of a name, and a chain for those that share one.
const (
	maxHeaderName = 24
	numBuckets    = 256
)

var compactIDs, headerBuckets, headerChain = buildHeaderTables()

func buildHeaderTables() (compact [256]HeaderID, buckets [numBuckets]HeaderID, chain [numHeaders]HeaderID) {
	for id := HeaderOther + 1; id < numHeaders; id++ {
		h := headers[id]
		if h.compact != 0 {
			compact[h.compact] = id
			compact[h.compact-'a'+'A'] = id
		}
		b := bucket(len(h.name), h.name[0], h.name[len(h.name)-1])
		chain[id] = buckets[b]
		buckets[b] = id
	}
	return compact, buckets, chain
}

func bucket(n int, first, last byte) uint8 {
	return uint8(n)*5 ^ (first|0x20)*7 ^ (last|0x20)<<4
}
