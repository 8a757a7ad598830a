package message

// Method is the name of a request. Methods are case-sensitive (RFC 3261 7.1).
type Method string

// The methods of RFC 3261 and of the extensions in common use.
const (
	INVITE    Method = "INVITE"
	ACK       Method = "ACK"
	BYE       Method = "BYE"
	CANCEL    Method = "CANCEL"
	REGISTER  Method = "REGISTER"
	OPTIONS   Method = "OPTIONS"
	PRACK     Method = "PRACK"     // RFC 3262
	SUBSCRIBE Method = "SUBSCRIBE" // RFC 6665
	NOTIFY    Method = "NOTIFY"    // RFC 6665
	PUBLISH   Method = "PUBLISH"   // RFC 3903
	INFO      Method = "INFO"      // RFC 6086
	REFER     Method = "REFER"     // RFC 3515
	MESSAGE   Method = "MESSAGE"   // RFC 3428
	UPDATE    Method = "UPDATE"    // RFC 3311
)

// Known reports whether the method is one of the constants of this package.
// Other methods are answered 501 (RFC 3261 8.2.1).
func (m Method) Known() bool {
	switch m {
	case INVITE, ACK, BYE, CANCEL, REGISTER, OPTIONS, PRACK, SUBSCRIBE, NOTIFY,
		PUBLISH, INFO, REFER, MESSAGE, UPDATE:
		return true
	}
	return false
}

// methodOf returns b as a Method; only an unknown one costs an allocation.
func methodOf(b []byte) Method {
	switch string(b) {
	case "INVITE":
		return INVITE
	case "ACK":
		return ACK
	case "BYE":
		return BYE
	case "CANCEL":
		return CANCEL
	case "REGISTER":
		return REGISTER
	case "OPTIONS":
		return OPTIONS
	case "PRACK":
		return PRACK
	case "SUBSCRIBE":
		return SUBSCRIBE
	case "NOTIFY":
		return NOTIFY
	case "PUBLISH":
		return PUBLISH
	case "INFO":
		return INFO
	case "REFER":
		return REFER
	case "MESSAGE":
		return MESSAGE
	case "UPDATE":
		return UPDATE
	}
	return Method(b)
}
