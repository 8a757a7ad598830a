package sip

import (
	"net/netip"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/presence"
	"pbx/channels/sip/toll"
)

// Settings is the [general] section of sip.conf, resolved. It is part of an
// immutable Config: the loop replaces it as a whole at a reload.
//
// Fields with a conf tag are filled by config.Decode under those names; the
// others come through the option table in options.go because their form is
// richer than a word.
type Settings struct {
	// Compat is compat=asterisk: the ancestor's defaults instead of the safe
	// ones.
	Compat bool

	// Who may come in.
	AllowGuest        bool   `conf:"allowguest"`
	AlwaysAuthReject  bool   `conf:"alwaysauthreject"`
	AuthOptions       bool   `conf:"auth_options_requests"`
	AuthMessages      bool   `conf:"auth_message_requests"`
	AuthFailureEvents bool   `conf:"authfailureevents"`
	MatchAuthUsername bool   `conf:"match_auth_username"`
	Realm             string `conf:"realm"`
	DomainsAsRealm    bool   `conf:"domainsasrealm"`
	ExcludeStatic     bool   `conf:"dynamic_exclude_static,dynamic_excludes_static"`
	AllowExternal     bool   `conf:"allowexternaldomains"`
	AutoDomain        bool   `conf:"autodomain"`
	hostName          string // of this machine, with autodomain
	AcceptMessages    bool   `conf:"accept_outofcall_message"`
	LegacyUserOptions bool   `conf:"legacy_useroption_parsing"`
	ShrinkCallerID    bool   `conf:"shrinkcallerid"`
	Pedantic          bool   `conf:"pedantic"`
	IgnoreRegExpire   bool   `conf:"ignoreregexpire"`
	RegContext        string `conf:"regcontext"`
	RegExtenOnQualify bool   `conf:"regextenonqualify"`
	SubscribeNetEvent bool   `conf:"subscribe_network_change_event"`

	// Domains are the domain= lines.
	Domains []Domain
	// Contacts is the access list of REGISTER's Contact addresses.
	ContactACL ACL

	// Who is held off: see package guard.
	Ban         bool          `conf:"ban"`
	BanRetry    int           // ban_maxretry
	BanFindTime time.Duration // within which
	BanTime     time.Duration // the first ban
	BanMaxTime  time.Duration // the longest
	BanIgnore   []netip.Prefix

	// Limits on new calls, 0 for none, and the percentage of one that is warned of.
	TotalCallsPerMinute int
	CallAlarm           int
	Toll                toll.Rules // calls to numbers that cost

	// Listening.
	UDPBind      netip.AddrPort // the first of UDPBinds
	UDPBinds     []netip.AddrPort
	TCPBinds     []netip.AddrPort
	TLSBinds     []netip.AddrPort
	bindPort     uint16 // bindport=
	UserAgent    string `conf:"useragent"`
	CompactHdrs  bool   `conf:"compactheaders"`
	SRVLookup    bool   `conf:"srvlookup"`
	TOSSignal    int    // IP TOS byte of signalling
	TOSAudio     int
	COSSignal    int // 802.1p, 0 for none
	COSAudio     int
	COSVideo     int        `conf:"cos_video"`
	COSText      int        `conf:"cos_text"`
	SDPSession   string     `conf:"sdpsession"`
	SDPOwner     string     `conf:"sdpowner"`
	Debug        bool       `conf:"sipdebug"`
	RTPBind      netip.Addr // zero: the engine's
	MediaAddress netip.Addr // written in SDP whatever the route; zero: none

	// External address behind NAT.
	Extern           netip.AddrPort // zero address: none; port 0: ours
	ExternHost       string         // resolved again every ExternRefresh
	ExternPort       uint16
	ExternTCPPort    uint16 // 0: that of externaddr, or ours
	ExternTLSPort    uint16 // 0: ours
	ExternRefresh    time.Duration
	NameRefresh      time.Duration // of dnsmgr.conf; 0 leaves it to the TTL
	LocalNet         []netip.Prefix
	STUN             stunServer // of res_stun_monitor.conf, or of rtp.conf
	MatchExternLocal bool       `conf:"matchexternaddrlocally,matchexterniplocally"`

	// Registration and qualify.
	MinExpiry, MaxExpiry, DefaultExpiry time.Duration
	SubMinExpiry, SubMaxExpiry          time.Duration
	QualifyGap                          time.Duration
	QualifyPeers                        int `conf:"qualifypeers"`

	// Outbound registration and presence, kept for `sip show settings`.
	RegisterTimeout  int  `conf:"registertimeout"`
	RegisterAttempts int  `conf:"registerattempts"`
	RegisterRetry403 bool `conf:"register_retry_403"`
	Ringing          presence.Ringing
	NotifyHold       bool `conf:"notifyhold"`
	NotifyCID        NotifyCID
	NotifyMIMEType   string `conf:"notifymimetype"`
	MWIExpiry        time.Duration
	MWI              []MailboxSource
	Registrations    []Registration
	DirectRTPSetup   bool `conf:"directrtpsetup"`
	RelaxDTMF        bool `conf:"relaxdtmf"`
	SendDiversion    bool `conf:"send_diversion"`
	SendHistoryInfo  bool `conf:"send_history_info"`
	ReferAddHeaders  bool `conf:"refer_addheaders"`
	StoreSIPCause    bool `conf:"storesipcause"`
	PrematureMedia   bool `conf:"prematuremedia"`
	RecordHistory    bool `conf:"recordhistory"`
	DumpHistory      bool `conf:"dumphistory"`
	JitterBuffer     bool `conf:"jbenable"`
	RealtimeUpdate   bool `conf:"rtupdate"`

	// Connections.
	TCPEnable         bool          `conf:"tcpenable"`
	TCPAuthLimit      int           // connections without proof at a time
	TCPAuthTimeout    time.Duration // how long proof may take
	TCPMaxConnections int           // 0: the transport's default, as the next
	TCPMaxPerAddress  int           // without proof, from one address
	TLSEnable         bool          `conf:"tlsenable,sslenable"`
	TLSCertFile       string        `conf:"tlscertfile,tlscert,sslcert"`
	TLSPrivateKey     string        `conf:"tlsprivatekey,sslprivatekey"`
	TLSCAFile         string        `conf:"tlscafile"`
	TLSCAPath         string        `conf:"tlscapath,tlscadir"`
	TLSVerifyClient   bool          `conf:"tlsverifyclient"`
	TLSDontVerify     bool          `conf:"tlsdontverifyserver"`
	TLSDisableV1      bool          `conf:"tlsdisablev1"`
	TLSDisableV11     bool          `conf:"tlsdisablev11"`
	TLSDisableV12     bool          `conf:"tlsdisablev12"`
	tlsCiphers        []uint16
	tlsClientMax      uint16
	WebSocketEnabled  bool     `conf:"websocket_enabled"`
	WebSocketOrigins  []string // web sites whose pages may connect

	// CallerID is the name of a caller who has none.
	CallerID string

	// T1Min is the lower bound of a measured T1.
	T1Min time.Duration

	// Auth are the credentials of [authentication], for any peer.
	Auth []digest.Credential

	// Defaults is what every device section begins with: the options that
	// [general] may set for all.
	Defaults PeerSettings
}

// Domain is one domain= line.
type Domain struct {
	Name    string
	Context string // "" keeps the peer's
}
