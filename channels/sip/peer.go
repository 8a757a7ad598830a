package sip

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/digest"
	"pbx/channels/sip/message"
	"pbx/channels/sip/resolve"
	"pbx/channels/sip/transaction"
	"pbx/channels/sip/transport"
	"pbx/config"
	"pbx/sched"
)

// Type is the role of a device section.
type Type uint8

// The roles: a user is matched by name, a peer by address and may be called, a
// friend is both.
const (
	TypePeer Type = iota
	TypeUser
	TypeFriend
)

func (t Type) String() string { return [...]string{"peer", "user", "friend"}[t] }

// IsUser reports whether the name in From matches the section.
func (t Type) IsUser() bool { return t != TypePeer }

// IsPeer reports whether the section can be called and matched by address.
func (t Type) IsPeer() bool { return t != TypeUser }

// DTMFMode says how digits travel.
type DTMFMode uint8

// The modes of dtmfmode=.
const (
	DTMFRFC2833 DTMFMode = iota
	DTMFInfo
	DTMFShortInfo
	DTMFInband
	DTMFAuto
)

func (m DTMFMode) String() string {
	return [...]string{"rfc2833", "info", "shortinfo", "inband", "auto"}[m]
}

// NAT holds the forms of nat=. The auto forms decide per request, by comparing
// the top Via with the address it came from.
type NAT struct {
	ForceRPort, AutoForceRPort bool
	Comedia, AutoComedia       bool
}

// Identify says which identity header is sent (sendrpid=).
type Identify uint8

// The forms of sendrpid=.
const (
	IdentifyNone Identify = iota
	IdentifyRPID
	IdentifyPAI
)

func (i Identify) String() string { return [...]string{"No", "RPID", "PAI"}[i] }

// TrustOutbound is trust_id_outbound=.
type TrustOutbound uint8

// Legacy sends a private identity as anonymous.
const (
	TrustLegacy TrustOutbound = iota
	TrustNo
	TrustYes
)

// Overlap is allowoverlap=.
type Overlap uint8

// The forms of allowoverlap=; with OverlapDTMF an incomplete number is taken as
// it is and the rest comes as digits.
const (
	OverlapYes Overlap = iota
	OverlapNo
	OverlapDTMF
)

func (o Overlap) String() string { return [...]string{"Yes", "No", "DTMF"}[o] }

// SessionTimers is session-timers=.
type SessionTimers uint8

// The modes of RFC 4028 here.
const (
	TimersAccept SessionTimers = iota
	TimersOriginate
	TimersRefuse
)

func (t SessionTimers) String() string { return [...]string{"Accept", "Originate", "Refuse"}[t] }

// Progress is progressinband=.
type Progress uint8

// The forms of progressinband=.
const (
	ProgressNo Progress = iota
	ProgressNever
	ProgressYes
)

// DirectMedia is directmedia=.
type DirectMedia uint8

// The forms of directmedia=.
const (
	DirectNo DirectMedia = 1 << iota
	DirectYes
	DirectNonat
	DirectUpdate
	DirectOutgoing
)

// Codec is one entry of the allow= list.
type Codec struct {
	Name  string        // ulaw, alaw …
	Ptime time.Duration // 0: the codec's own
}

// PeerSettings are the options that [general] can set for every device and a
// device section for itself. See Settings for the conf tags.
type PeerSettings struct {
	Context          string `conf:"context"`
	SubscribeContext string `conf:"subscribecontext"`
	MessageContext   string `conf:"outofcall_message_context"`
	Language         string `conf:"language"`
	ToneZone         string `conf:"tonezone"`
	MOHInterpret     string `conf:"mohinterpret,musicclass,musiconhold"`
	MOHSuggest       string `conf:"mohsuggest"`
	ParkingLot       string `conf:"parkinglot"`
	FromDomain       string // without the port
	FromDomainPort   uint16
	VMExten          string `conf:"vmexten"`
	MWIFrom          string `conf:"mwi_from"`
	CallerID         channel.Party
	HasCallerID      bool // callerid= was given: it is forced

	Codecs             []Codec
	PreferredCodecOnly bool `conf:"preferred_codec_only"`
	AutoFraming        bool `conf:"autoframing"`
	InsecurePort       bool // insecure=port
	InsecureInvite     bool // insecure=invite
	DTMFMode           DTMFMode
	NAT                NAT
	Progress           Progress
	DirectMedia        DirectMedia
	Identify           Identify // sendrpid
	TrustOutbound      TrustOutbound
	TrustRPID          bool `conf:"trustrpid"`
	RPIDUpdate         bool `conf:"rpid_update"`
	RPIDImmediate      bool `conf:"rpid_immediate"`
	UserEqPhone        bool `conf:"usereqphone"`
	Q850Reason         bool `conf:"use_q850_reason"`
	Overlap            Overlap
	AllowTransfer      bool   `conf:"allowtransfer"`
	PromiscRedirect    bool   `conf:"promiscredir"`
	AllowSubscribe     bool   `conf:"allowsubscribe"`
	CallCounter        bool   `conf:"callcounter"`
	BuggyMWI           bool   `conf:"buggymwi"`
	UseClientCode      bool   `conf:"useclientcode"`
	IgnoreSDPVersion   bool   `conf:"ignoresdpversion"`
	DiscardUnhold      bool   `conf:"discard_remote_hold_retrieval"`
	SupportPath        bool   `conf:"supportpath"`
	VideoSupport       string `conf:"videosupport"`
	TextSupport        bool   `conf:"textsupport"`
	Encryption         string `conf:"encryption"`
	MaxCallBitrate     int    `conf:"maxcallbitrate"`
	RecordOn           string `conf:"recordonfeature"`
	RecordOff          string `conf:"recordofffeature"`
	RFC2833Compensate  bool   `conf:"rfc2833compensate"`
	OutboundProxy      Proxy
	Transports         []transaction.Protocol // allowed; the first is for requests to the device
	TransportsGiven    bool                   // transport= was there
	Disallowed         []message.Method       // that we must not send

	MaxForwards int `conf:"maxforwards"`
	// MaxCallsPerMinute bounds new calls from and to a device, 0 does not.
	MaxCallsPerMinute int
	TollMinutes       time.Duration // a day to numbers of toll_prefixes, 0 without end
	MaxContacts       int           // bindings that a device may have at once
	ContactTimeout    time.Duration
	T1, TimerB        time.Duration
	ReplyTimeout      time.Duration // of one server, 0 = timer B
	AnswerTimeout     time.Duration // of a call, 0 = none
	RTPTimeout        time.Duration
	RTPHoldTimeout    time.Duration
	RTPKeepalive      time.Duration
	Keepalive         time.Duration
	Qualify           time.Duration // the round trip that is still OK; 0 = off
	QualifyFreq       time.Duration
	SessionTimers     SessionTimers
	Reliable          Reliable // 100rel
	T38               bool     // t38pt_udptl: fax over IP passes through
	T38Source         bool     `conf:"t38pt_usertpsource"` // it is sent to where the audio came from
	SessionExpires    time.Duration
	SessionMinSE      time.Duration
	SessionRefresher  string // uac, uas
	Digest            []digest.Algorithm
}

// Proxy is outboundproxy=.
type Proxy struct {
	Host  string
	Port  uint16
	Force bool
	// Route says that requests name it in a Route header (RFC 3261 8.1.2).
	Route bool
	// Protocol is that of proto:// where Fixed is set, else it is the device's.
	Protocol transaction.Protocol
	Fixed    bool
}

// disallowable are the methods that disallowed_methods keeps us from sending; the
// others have no request that could be left out.
var disallowable = []message.Method{message.INFO, message.MESSAGE, message.NOTIFY, message.REFER, message.UPDATE}

// disallows reports whether a method is not to be sent (disallowed_methods=).
func (s *PeerSettings) disallows(m message.Method) bool { return slices.Contains(s.Disallowed, m) }

// PeerConfig is one device section of sip.conf, resolved; immutable.
type PeerConfig struct {
	PeerSettings
	Name string
	Type Type
	Pos  config.Pos

	// Where it is.
	Dynamic     bool // host=dynamic
	Host        string
	Addr        netip.AddrPort // of host=IP; zero until a host name is resolved
	Port        uint16         // port=; 0 = 5060
	DefaultIP   netip.AddrPort
	DefaultUser string `conf:"defaultuser,username"`

	// Proof.
	Secret       string `conf:"secret"`
	MD5Secret    string `conf:"md5secret"`
	SHA256Secret string `conf:"sha256secret"`
	RemoteSecret string `conf:"remotesecret"`
	Auth         []digest.Credential
	ACL          ACL
	ContactACL   ACL
	DirectACL    ACL // where the device's audio may go by directmedia

	// The device's own words.
	Description   string `conf:"description"`
	AccountCode   string `conf:"accountcode"`
	AMAFlags      string `conf:"amaflags"`
	FromUser      string `conf:"fromuser"`
	Mailboxes     []string
	Variables     []channel.Variable
	Headers       []string // "Name: value", on every INVITE to the device
	CallingPres   channel.Presentation
	CallGroup     uint64
	PickupGroup   uint64
	NamedCall     []string
	NamedPickup   []string
	BusyLevel     int    `conf:"busylevel"`
	CallLimit     int    `conf:"call-limit,incominglimit"`
	RegExten      string `conf:"regexten"`
	CallbackExten string `conf:"callbackextension"`
	// Called are the extensions that the section was registered for, by
	// callbackextension or by register lines that name it.
	Called       []string
	IgnorePref   bool `conf:"ignore_requested_pref"`
	SubscribeMWI bool `conf:"subscribemwi"`
	// UnsolicitedMailbox keeps what a provider says that nobody asked.
	UnsolicitedMailbox string `conf:"unsolicited_mailbox"`

	ownContext bool // context= stands in the section
	withoutTCP bool // it may use TCP alone, which is not served: see leaveTCP

	// keys are the HA1 values for Realm, computed at load .
	keys digest.Keys
}

// Peer is a device at run time. The monitor loop owns it; it outlives reloads
// as long as its section does.
type Peer struct {
	*PeerConfig

	// contacts are the bindings of a dynamic peer: the newest registration first,
	// what the operator added last.
	contacts []*Contact
	broken   []*Contact // those that ended with their connection
	// found are the servers that host= leads to, in the order of the last lookup.
	found []resolve.Target
	// located are the addresses that the table knows the peer by.
	located []netip.AddrPort
	// proxies are those of them where the peer is not itself, but its outboundproxy.
	proxies []netip.AddrPort
	flows   []transaction.Flow // by which it registered
	order   int                // of the section in the configuration

	qualify   qualifyState  // of the address of the section
	reached   qualifyStatus // what was said last of the peer as a whole
	keepalive sched.ID      // the timer of keepalive=, 0 for none
	forking   bool          // counted in Driver.forking
	placed    []extenAt     // its extensions in the dialplan, by regcontext

	// Calls in progress through the peer, kept by the dialogs.
	inUse, onHold int
	ringing       []*pvt              // the calls that ring there, oldest first
	rate          callRate            // of new calls
	told          channel.DeviceState // what the bus heard last

	published publications // what the device said of itself
	mwi       mwiState
}

// Config is sip.conf as a whole. It is immutable: a reload makes a new one.
type Config struct {
	General Settings
	HEP     HEP
	// Resolver says whom the DNS client asks.
	Resolver transport.ResolverOptions
	// Peers are the device sections in the order of the file, users.conf's
	// after them.
	Peers []*PeerConfig
	// NotifyTypes are the sections of sip_notify.conf.
	NotifyTypes []NotifyType

	tls *transport.TLS // nil where its files cannot be read
	// bindPos are the lines that say where each protocol is served.
	bindPos map[transaction.Protocol]config.Pos
}

// picksUp reports whether the peer may take calls that ring at other: its pickup
// groups and the call groups of other have one in common.
func (p *PeerConfig) picksUp(other *Peer) bool {
	return p.PickupGroup&other.CallGroup != 0 || shareName(p.NamedPickup, other.NamedCall)
}

// shareName reports whether two lists have a name in common, in any case.
func shareName(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return strings.EqualFold(x, y) })
	})
}
