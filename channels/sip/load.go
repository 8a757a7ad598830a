package sip

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"pbx/channels/sip/digest"
	"pbx/channels/sip/transaction"
	"pbx/channels/sip/transport"
	"pbx/config"
	"pbx/config/acl"
)

// configLoader reads sip.conf into a Config and collects what is to be told
// about it.
type configLoader struct {
	cfg      *Config
	dir      string // of the configuration
	now      func() time.Time
	findings []config.Finding
	acls     map[string]ACL
	keywords map[string]keyword
	names    map[string]*PeerConfig
	lines    map[*PeerConfig]map[string]config.Pos // where an option of a device was last set
	// general and device are the names that config.Decode fills, known all there
	// are.
	general, device, known []string
	kinds                  map[string]reflect.Kind // of general and device
	inUsers                bool                    // users.conf is being read
}

// LoadConfig reads sip.conf, users.conf, acl.conf and hep.conf. An error means that
// sip.conf cannot be used at all; what can be forgiven comes as findings. A
// missing sip.conf is an error that wraps fs.ErrNotExist.
func LoadConfig(l *config.Loader) (*Config, []config.Finding, error) {
	c := newConfigLoader()
	c.dir = l.Dir
	file, findings, err := l.Load("sip.conf")
	if err != nil {
		return nil, findings, err
	}
	c.findings = findings
	optional := func(name string) (*config.File, error) {
		f, findings, err := l.Optional(name)
		c.findings = append(c.findings, findings...)
		if f == nil && err == nil {
			f = &config.File{Name: name}
		}
		return f, err
	}
	acls, err := optional("acl.conf")
	if err != nil {
		return nil, c.findings, err
	}
	users, err := optional("users.conf")
	if err != nil {
		return nil, c.findings, err
	}
	dnsmgr, err := optional("dnsmgr.conf")
	if err != nil {
		return nil, c.findings, err
	}
	capture, err := optional("hep.conf")
	if err != nil {
		return nil, c.findings, err
	}
	monitor, err := optional("res_stun_monitor.conf")
	if err != nil {
		return nil, c.findings, err
	}
	rtp, _, err := l.Load("rtp.conf") // the engine's: it tells what is wrong with it
	if err != nil {
		rtp = nil
	}
	c.readHEP(capture)
	resolver, err := optional("resolver_unbound.conf")
	if err != nil {
		return nil, c.findings, err
	}
	notify, err := optional("sip_notify.conf")
	if err != nil {
		return nil, c.findings, err
	}
	c.readACLs(acls)
	c.readNotifyTypes(notify)
	c.read(file, users)
	c.readResolver(resolver)
	c.readDNSManager(dnsmgr)
	c.readSTUN(monitor, rtp)
	return c.cfg, c.findings, nil
}

func newConfigLoader() *configLoader {
	c := &configLoader{
		cfg: &Config{}, now: time.Now, keywords: keywords(), names: make(map[string]*PeerConfig),
		lines: make(map[*PeerConfig]map[string]config.Pos),
	}
	both := tags[PeerSettings]()
	c.lines[nil] = make(map[string]config.Pos) // of [general]
	c.general = append(tags[Settings](), both...)
	c.device = append(tags[PeerConfig](), both...)
	c.kinds = make(map[string]reflect.Kind)
	for _, t := range []reflect.Type{reflect.TypeFor[Settings](), reflect.TypeFor[PeerSettings](), reflect.TypeFor[PeerConfig]()} {
		for f := range confFields(t) {
			for name := range strings.SplitSeq(f.Tag.Get("conf"), ",") {
				c.kinds[name] = f.Type.Kind()
			}
		}
	}
	known := make(map[string]bool)
	for _, list := range [][]string{c.general, c.device, slices.Collect(maps.Keys(c.keywords)), slices.Collect(maps.Keys(absent))} {
		for _, name := range list {
			known[name] = true
		}
	}
	c.known = keys(known)
	return c
}

// find records a finding.
func (c *configLoader) find(pos config.Pos, s config.Severity, rule, message, hint string) {
	c.findings = append(c.findings, config.Finding{Pos: pos, Severity: s, Rule: rule, Message: message, Hint: hint})
}

func (c *configLoader) read(file, users *config.File) {
	generals := file.All("general")
	compat := false
	for _, s := range generals {
		if v, ok := s.Get("compat"); ok {
			compat = strings.EqualFold(v, "asterisk")
		}
	}
	c.cfg.General = defaults(compat)
	g := &c.cfg.General
	for _, s := range generals {
		c.section(s, &reader{l: c, g: g, s: &g.Defaults})
	}
	for _, s := range file.All("authentication") {
		c.authentication(s)
	}
	c.readUsers(users)
	for _, s := range file.Sections {
		if s.Template || strings.EqualFold(s.Name, "general") || strings.EqualFold(s.Name, "authentication") {
			continue
		}
		c.readDevice(s)
	}
	c.finish()
	c.registrations()
	c.check(generals)
}

// readDevice reads a device section. Like the ancestor it skips one that does
// not say its type, and adds one whose name was there before to the first.
func (c *configLoader) readDevice(s *config.Section) {
	lines := s.All("type")
	if len(lines) == 0 {
		hint := "add type=friend, peer or user"
		for _, v := range s.Vars {
			if config.Nearest(v.Name, []string{"type"}) != "" {
				hint = fmt.Sprintf("did you mean type for %s in %s:%d?", v.Name, v.Pos.File, v.Pos.Line)
			}
		}
		c.find(s.Pos, config.Warning, "sip-no-type", fmt.Sprintf("section [%s] lacks type and is skipped", s.Name), hint)
		return
	}
	typ, ok := c.deviceType(s, lines)
	if !ok {
		return
	}
	p := c.names[strings.ToLower(s.Name)]
	if p != nil {
		c.find(s.Pos, config.Warning, "sip-duplicate", fmt.Sprintf("section [%s] was there before, at %s; this one adds to it", s.Name, p.Pos), "")
	} else {
		p = c.newPeer(s)
	}
	p.Type = typ
	c.device1(s, p)
}

// deviceType is the role that the type lines of a section give it. They add up, as in
// the ancestor: a peer that is made of a template for users is a friend.
func (c *configLoader) deviceType(s *config.Section, lines []config.Variable) (typ Type, ok bool) {
	var user, peer bool
	for _, v := range lines {
		switch w := strings.ToLower(v.Value); w {
		case "peer":
			peer = true
		case "user":
			user = true
		case "friend":
			user, peer = true, true
		default:
			hint := ""
			if near := config.Nearest(w, []string{"peer", "user", "friend"}); near != "" {
				hint = "did you mean " + near + "?"
			}
			c.find(v.Pos, config.Warning, "sip-type", fmt.Sprintf("type %q of [%s] is not peer, user or friend; the section is skipped", v.Value, s.Name), hint)
			return typ, false
		}
	}
	switch {
	case user && peer:
		typ = TypeFriend
	case user:
		typ = TypeUser
	default:
		typ = TypePeer
	}
	if last := lines[len(lines)-1]; !strings.EqualFold(last.Value, typ.String()) {
		c.find(last.Pos, config.Note, "sip-type", fmt.Sprintf("[%s] is a friend: type=%s is added to the type before it", s.Name, strings.ToLower(last.Value)), "one type, or a template without one")
	}
	return typ, true
}

func (c *configLoader) newPeer(s *config.Section) *PeerConfig {
	p := &PeerConfig{PeerSettings: c.cfg.General.Defaults, Name: s.Name, Pos: s.Pos}
	c.names[strings.ToLower(s.Name)] = p
	c.lines[p] = make(map[string]config.Pos)
	c.cfg.Peers = append(c.cfg.Peers, p)
	return p
}

func (c *configLoader) device1(s *config.Section, p *PeerConfig) {
	c.section(s, &reader{l: c, s: &p.PeerSettings, p: p})
}

// section applies the lines of s in their order.
func (c *configLoader) section(s *config.Section, r *reader) {
	where, plain, word, file := inGeneral, c.general, "[general]", "sip.conf"
	switch {
	case c.inUsers:
		where, plain, word, file = inPeer|inUsers, c.device, "users.conf", "users.conf"
	case r.p != nil:
		where, plain, word = inPeer, c.device, "a device section"
	}
	for _, v := range s.Vars {
		name := strings.ToLower(v.Name)
		c.lines[r.p][name] = v.Pos
		k, special := c.keywords[name]
		switch {
		case special && k.scope&where == 0:
			c.find(v.Pos, config.Warning, "sip-place", fmt.Sprintf("%s has no meaning in %s", v.Name, word), "")
		case special:
			if err := k.set(r, v); err != nil {
				c.find(v.Pos, config.Warning, "sip-value", v.Name+": "+err.Error(), "")
			}
			reportIneffective(c, v, name)
		case slices.Contains(plain, name):
			reportIneffective(c, v, name)
		case reportAbsent(c, v, name):
		case slices.Contains(c.known, name):
			if _, elsewhere := absent[name]; !elsewhere {
				c.find(v.Pos, config.Warning, "sip-place", fmt.Sprintf("%s has no meaning in %s", v.Name, word), "")
			}
		case c.inUsers && slices.Contains(forOthers, name):
			if !harmless(v.Value) {
				c.find(v.Pos, config.Note, "sip-not-acting", v.Name+" does not act: it is for another part of the ancestor", "")
			}
		default:
			hint := ""
			if near := config.Nearest(name, c.known); near != "" {
				hint = "did you mean " + near + "?"
			}
			c.find(v.Pos, config.Warning, "unknown-option", fmt.Sprintf("%s has no option %s", file, v.Name), hint)
		}
	}
	// The plain options are filled from the section as a whole; its other names
	// were dealt with above.
	s = c.forgive(s)
	names := make([]string, len(s.Vars))
	for i := range s.Vars {
		names[i] = s.Vars[i].Name
	}
	if r.p != nil {
		c.findings = append(c.findings, config.Decode(s, r.p, names...)...)
		c.settleLimit(s, r.p)
		return
	}
	c.findings = append(c.findings, config.Decode(s, r.g, names...)...)
	c.findings = append(c.findings, config.Decode(s, r.s, names...)...)
}

// settleLimit takes call-limit away where callcounter comes after it: the two set one
// counter, as in the ancestor, and the last of them is the one.
func (c *configLoader) settleLimit(s *config.Section, p *PeerConfig) {
	limited := false
	for _, v := range s.Vars {
		switch strings.ToLower(v.Name) {
		case "call-limit", "incominglimit":
			limited = true
		case "callcounter":
			if limited {
				c.find(v.Pos, config.Warning, "sip-value", fmt.Sprintf("callcounter after call-limit of [%s] takes the limit away", p.Name), "callcounter first, or call-limit alone, which counts as well")
				p.CallLimit, limited = 0, false
			}
		}
	}
}

// authentication reads [authentication]: auth = user:secret@realm for any peer.
func (c *configLoader) authentication(s *config.Section) {
	for _, v := range s.Vars {
		if !strings.EqualFold(v.Name, "auth") {
			c.find(v.Pos, config.Warning, "unknown-option", fmt.Sprintf("[authentication] has no option %s", v.Name), "")
			continue
		}
		cred, err := parseCredential(v.Value)
		if err != nil {
			c.find(v.Pos, config.Warning, "sip-value", err.Error(), "")
			continue
		}
		c.cfg.General.Auth = append(c.cfg.General.Auth, cred)
	}
}

func (c *configLoader) readACLs(f *config.File) {
	var found []config.Finding
	c.acls, found = acl.Named(f)
	c.findings = append(c.findings, found...)
}

// defaults are the options of a file that says nothing: safe ones, or with
// compat the ancestor's.
func defaults(compat bool) Settings {
	g := Settings{
		Compat:            compat,
		AllowGuest:        compat,
		AlwaysAuthReject:  true,
		AuthMessages:      true,
		AllowExternal:     true,
		AcceptMessages:    true,
		ShrinkCallerID:    true,
		Pedantic:          true,
		RecordHistory:     !compat,
		SRVLookup:         true,
		Realm:             "asterisk",
		UDPBinds:          []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), defaultPort)},
		bindPort:          defaultPort,
		TCPAuthLimit:      transport.DefaultUnproven,
		TCPAuthTimeout:    transport.DefaultProveIn,
		COSSignal:         4,
		COSAudio:          5,
		COSVideo:          6,
		COSText:           5,
		SDPOwner:          "root",
		ExternRefresh:     10 * time.Second,
		MinExpiry:         60 * time.Second,
		MaxExpiry:         3600 * time.Second,
		DefaultExpiry:     120 * time.Second,
		QualifyGap:        100 * time.Millisecond,
		QualifyPeers:      1,
		RegisterTimeout:   20,
		MWIExpiry:         3600 * time.Second,
		NotifyMIMEType:    "application/simple-message-summary",
		SendDiversion:     true,
		ReferAddHeaders:   true,
		PrematureMedia:    compat,
		RealtimeUpdate:    true,
		WebSocketEnabled:  true,
		SubscribeNetEvent: true,
		Ban:               true,
		BanRetry:          10,
		BanFindTime:       60 * time.Second,
		BanTime:           600 * time.Second,
		BanMaxTime:        24 * time.Hour,
		CallAlarm:         50,
		CallerID:          "asterisk",
		T1Min:             100 * time.Millisecond,
		Defaults: PeerSettings{
			Context:          "default",
			MOHInterpret:     "default",
			VMExten:          "asterisk",
			Codecs:           []Codec{{Name: "ulaw"}, {Name: "alaw"}, {Name: "gsm"}},
			NAT:              NAT{AutoForceRPort: true},
			DirectMedia:      DirectNo,
			AllowTransfer:    true,
			AllowSubscribe:   true,
			MaxCallBitrate:   384,
			RecordOn:         "automon",
			RecordOff:        "automon",
			MaxForwards:      70,
			T1:               500 * time.Millisecond,
			QualifyFreq:      60 * time.Second,
			SessionExpires:   1800 * time.Second,
			SessionMinSE:     90 * time.Second,
			SessionRefresher: "uas",
			Digest:           []digest.Algorithm{digest.MD5},
			MaxContacts:      1,
			Transports:       []transaction.Protocol{transaction.UDP},
			ContactTimeout:   15 * time.Second,
		},
	}
	if compat {
		g.Defaults.DirectMedia, g.Defaults.Reliable = DirectYes, ReliableNo
	} else {
		g.Defaults.RTPTimeout, g.Defaults.RTPHoldTimeout = 60*time.Second, 300*time.Second
	}
	return g
}

// finish settles what depends on several options.
func (c *configLoader) finish() {
	g := &c.cfg.General
	if g.SubMinExpiry == 0 {
		g.SubMinExpiry = g.MinExpiry
	}
	if g.SubMaxExpiry == 0 {
		g.SubMaxExpiry = g.MaxExpiry
	}
	g.finishBinds()
	c.cfg.bindPos = make(map[transaction.Protocol]config.Pos)
	for p, names := range bindOptions {
		c.cfg.bindPos[p] = c.generalLine(names...)
	}
	c.loadTLS()
	if g.AutoDomain {
		g.hostName, _ = os.Hostname() // a machine without a name is known by its addresses
	}
	g.MaxExpiry = max(g.MaxExpiry, g.MinExpiry)
	g.DefaultExpiry = min(max(g.DefaultExpiry, g.MinExpiry), g.MaxExpiry)
	for _, p := range c.cfg.Peers {
		p.leaveTCP(g)
		_, p.ownContext = c.lines[p]["context"]
		if p.T1 > 0 && p.TimerB == 0 {
			p.TimerB = 64 * p.T1
		}
		if addr, err := netip.ParseAddr(p.Host); err == nil {
			p.Addr = netip.AddrPortFrom(addr, cmp.Or(p.Port, p.primaryTransport().DefaultPort()))
		}
		if p.DefaultIP.IsValid() && p.DefaultIP.Port() == 0 {
			p.DefaultIP = netip.AddrPortFrom(p.DefaultIP.Addr(), cmp.Or(p.Port, defaultPort))
		}
		p.keys = digest.NewKeys(p.Name, g.Realm, p.Secret, strings.ToLower(p.MD5Secret), strings.ToLower(p.SHA256Secret))
	}
	if g.Defaults.TimerB == 0 {
		g.Defaults.TimerB = 64 * g.Defaults.T1
	}
}

// tags are the option names of the conf tags of T, aliases included.
func tags[T any]() []string {
	var names []string
	for f := range confFields(reflect.TypeFor[T]()) {
		names = append(names, strings.Split(f.Tag.Get("conf"), ",")...)
	}
	return names
}

// confFields are the fields of a struct that config.Decode fills.
func confFields(t reflect.Type) iter.Seq[reflect.StructField] {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if f := t.Field(i); f.Tag.Get("conf") != "" && !yield(f) {
				return
			}
		}
	}
}

// keys are the keys of m in order.
func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
