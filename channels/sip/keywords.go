package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip/digest"
	"pbx/channels/sip/guard"
	"pbx/channels/sip/message"
	"pbx/channels/sip/toll"
	"pbx/config"
)

// keyword reads an option whose value is richer than a word, a number or a
// boolean. An error says what is wrong with the value; the option then keeps the
// one it had.
type keyword struct {
	scope scope
	set   func(r *reader, v config.Variable) error
}

type scope uint8

const (
	inGeneral scope = 1 << iota
	inPeer
	inUsers // an entry of users.conf
	inBoth  = inGeneral | inPeer
)

// reader is the section being read: g is set in [general], p in a device
// section, s always.
type reader struct {
	l *configLoader
	g *Settings
	s *PeerSettings
	p *PeerConfig
}

// keywords are the options with a form of their own, by their lower-case names.
func keywords() map[string]keyword {
	m := map[string]keyword{
		"type": {inPeer, func(*reader, config.Variable) error { return nil }}, // read first
		"compat": {inGeneral, func(_ *reader, v config.Variable) error {
			if !strings.EqualFold(v.Value, "asterisk") {
				return expected(v.Value, "asterisk")
			}
			return nil
		}},

		"host": {inPeer, setHost}, "port": {inPeer, setPort}, "defaultip": {inPeer, setDefaultIP},
		"auth": {inPeer, setAuth}, "insecure": {inBoth, setInsecure},
		"permit": {inPeer, setACL(true, peerACL)}, "deny": {inPeer, setACL(false, peerACL)},
		"acl":           {inPeer, setNamedACL(peerACL)},
		"contactpermit": {inBoth, setACL(true, contactACL)}, "contactdeny": {inBoth, setACL(false, contactACL)},
		"contactacl": {inBoth, setNamedACL(contactACL)},
		"mailbox":    {inPeer, setMailbox}, "hasvoicemail": {inPeer, setHasVoicemail},
		"setvar": {inPeer, setVar}, "header": {inPeer, setHeader},
		"fullname": {inPeer, setFullName}, "cid_number": {inPeer, setCIDNumber}, "cid_tag": {inPeer, setCIDTag},
		"trunkname":   {inPeer, func(r *reader, _ config.Variable) error { r.s.CallerID.Name = ""; return nil }},
		"callingpres": {inPeer, setCallingPres},
		"callgroup":   {inPeer, setGroup(func(p *PeerConfig) *uint64 { return &p.CallGroup })},
		"pickupgroup": {inPeer, setGroup(func(p *PeerConfig) *uint64 { return &p.PickupGroup })},
		"namedcallgroup": {inPeer, func(r *reader, v config.Variable) error {
			r.p.NamedCall = splitList(v.Value)
			return nil
		}},
		"namedpickupgroup": {inPeer, func(r *reader, v config.Variable) error {
			r.p.NamedPickup = splitList(v.Value)
			return nil
		}},

		"callerid":          {inBoth, setCallerID},
		"fromdomain":        {inBoth, setFromDomain},
		"allow":             {inBoth, func(r *reader, v config.Variable) error { return r.s.allow(v.Value, true) }},
		"disallow":          {inBoth, func(r *reader, v config.Variable) error { return r.s.allow(v.Value, false) }},
		"nat":               {inBoth, setNAT},
		"dtmfmode":          {inBoth, setDTMFMode},
		"progressinband":    {inBoth, setProgress},
		"directmedia":       {inBoth, setDirectMedia},
		"sendrpid":          {inBoth, setIdentify},
		"trust_id_outbound": {inBoth, setTrustOutbound},
		"allowoverlap":      {inBoth, setOverlap},
		"directmediapermit": {inPeer, setACL(true, directACL)}, "directmediadeny": {inPeer, setACL(false, directACL)},
		"directmediaacl": {inPeer, setNamedACL(directACL)},
		"t38pt_udptl": {inBoth, func(r *reader, v config.Variable) error {
			r.s.T38 = t38Enabled(v.Value)
			return nil
		}},
		"100rel": {inBoth, chooseBool(func(r *reader) *Reliable { return &r.s.Reliable }, ReliableYes, ReliableNo,
			map[string]Reliable{"peer_supported": ReliableSupported, "required": ReliableRequired})},
		"session-timers": {inBoth, choose(func(r *reader) *SessionTimers { return &r.s.SessionTimers }, map[string]SessionTimers{
			"accept": TimersAccept, "originate": TimersOriginate, "refuse": TimersRefuse,
		})},
		"session-refresher": {inBoth, func(r *reader, v config.Variable) error {
			w := strings.ToLower(v.Value)
			if w != "uac" && w != "uas" {
				return expected(v.Value, "uac", "uas")
			}
			r.s.SessionRefresher = w
			return nil
		}},
		"session-expires":    {inBoth, seconds(90, func(r *reader) *time.Duration { return &r.s.SessionExpires })},
		"session-minse":      {inBoth, seconds(90, func(r *reader) *time.Duration { return &r.s.SessionMinSE })},
		"rtptimeout":         {inBoth, seconds(0, func(r *reader) *time.Duration { return &r.s.RTPTimeout })},
		"rtpholdtimeout":     {inBoth, seconds(0, func(r *reader) *time.Duration { return &r.s.RTPHoldTimeout })},
		"rtpkeepalive":       {inBoth, seconds(0, func(r *reader) *time.Duration { return &r.s.RTPKeepalive })},
		"keepalive":          {inBoth, onOff(time.Second, keepaliveYes, func(r *reader) *time.Duration { return &r.s.Keepalive })},
		"qualify":            {inBoth, setQualify},
		"qualifyfreq":        {inBoth, seconds(1, func(r *reader) *time.Duration { return &r.s.QualifyFreq })},
		"reply_timeout":      {inBoth, seconds(0, func(r *reader) *time.Duration { return &r.s.ReplyTimeout })},
		"answer_timeout":     {inBoth, seconds(0, func(r *reader) *time.Duration { return &r.s.AnswerTimeout })},
		"timert1":            {inBoth, millis(1, func(r *reader) *time.Duration { return &r.s.T1 })},
		"timerb":             {inBoth, millis(1, func(r *reader) *time.Duration { return &r.s.TimerB })},
		"outboundproxy":      {inBoth, setProxy},
		"disallowed_methods": {inBoth, setDisallowed},
		"digest":             {inBoth, setDigest},
		"max_contacts":       {inBoth, setMaxContacts}, "contact_timeout": {inBoth, seconds(1, func(r *reader) *time.Duration { return &r.s.ContactTimeout })},
		"transport": {inBoth, setTransport},

		"udpbindaddr": {inGeneral, setBinds(func(g *Settings) *[]netip.AddrPort { return &g.UDPBinds })}, "bindport": {inGeneral, setBindPort},
		"tcpbindaddr":         {inGeneral, setBinds(func(g *Settings) *[]netip.AddrPort { return &g.TCPBinds })},
		"tlsbindaddr":         {inGeneral, setBinds(func(g *Settings) *[]netip.AddrPort { return &g.TLSBinds })},
		"externtcpport":       {inGeneral, setExternPort(func(g *Settings) *uint16 { return &g.ExternTCPPort })},
		"externtlsport":       {inGeneral, setExternPort(func(g *Settings) *uint16 { return &g.ExternTLSPort })},
		"tcpauthlimit":        {inGeneral, setCount(func(g *Settings) *int { return &g.TCPAuthLimit })},
		"tcpauthtimeout":      {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.TCPAuthTimeout })},
		"tcp_max_connections": {inGeneral, setCount(func(g *Settings) *int { return &g.TCPMaxConnections })},
		"tcp_max_per_address": {inGeneral, setCount(func(g *Settings) *int { return &g.TCPMaxPerAddress })},
		"tlscipher":           {inGeneral, setCipher},
		"tlsclientmethod":     {inGeneral, setClientMethod},
		"websocket_origins": {inGeneral, func(r *reader, v config.Variable) error {
			r.g.WebSocketOrigins = splitList(v.Value)
			return nil
		}},
		"tos_sip":       {inGeneral, setTOS(func(g *Settings) *int { return &g.TOSSignal })},
		"tos_audio":     {inGeneral, setTOS(func(g *Settings) *int { return &g.TOSAudio })},
		"cos_sip":       {inGeneral, number(0, 7, func(r *reader) *int { return &r.g.COSSignal })},
		"cos_audio":     {inGeneral, number(0, 7, func(r *reader) *int { return &r.g.COSAudio })},
		"tos_video":     {inGeneral, setTOS(func(g *Settings) *int { return new(int) })},
		"tos_text":      {inGeneral, setTOS(func(g *Settings) *int { return new(int) })},
		"domain":        {inGeneral, setDomain},
		"externaddr":    {inGeneral, setExtern},
		"externhost":    {inGeneral, setExternHost},
		"externrefresh": {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.ExternRefresh })},
		"localnet":      {inGeneral, setLocalNet},
		"media_address": {inGeneral, setAddr(func(g *Settings) *netip.Addr { return &g.MediaAddress })},
		"rtpbindaddr":   {inGeneral, setAddr(func(g *Settings) *netip.Addr { return &g.RTPBind })},
		"minexpiry":     {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.MinExpiry })},
		"maxexpiry":     {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.MaxExpiry })},
		"defaultexpiry": {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.DefaultExpiry })},
		"subminexpiry":  {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.SubMinExpiry })},
		"submaxexpiry":  {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.SubMaxExpiry })},
		"notifyringing": {inGeneral, setRinging},
		"notifycid":     {inGeneral, setNotifyCID},
		"mwi":           {inGeneral, setMWI},
		"mwiexpiry":     {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.MWIExpiry })},
		"qualifygap":    {inGeneral, millis(0, func(r *reader) *time.Duration { return &r.g.QualifyGap })},
		"ban_maxretry":  {inGeneral, number(1, guard.MaxFailures, func(r *reader) *int { return &r.g.BanRetry })},
		"ban_findtime":  {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.BanFindTime })},
		"ban_time":      {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.BanTime })},
		"ban_maxtime":   {inGeneral, seconds(1, func(r *reader) *time.Duration { return &r.g.BanMaxTime })},
		"ban_ignoreip":  {inGeneral, setBanIgnore},

		"max_calls_per_minute":   {inBoth, number(0, guard.MaxRate, func(r *reader) *int { return &r.s.MaxCallsPerMinute })},
		"total_calls_per_minute": {inGeneral, number(0, guard.MaxRate, func(r *reader) *int { return &r.g.TotalCallsPerMinute })},
		"call_alarm":             {inGeneral, number(0, 100, func(r *reader) *int { return &r.g.CallAlarm })},

		"toll_prefixes": {inGeneral, func(r *reader, v config.Variable) (err error) {
			prefixes, free, err := toll.ParsePrefixes(v.Value)
			if err == nil {
				r.g.Toll.Prefixes, r.g.Toll.Free = prefixes, free
			}
			return err
		}},
		"toll_hours": {inGeneral, func(r *reader, v config.Variable) error {
			hours, err := toll.ParseHours(v.Value)
			if err == nil {
				r.g.Toll.Hours = hours
			}
			return err
		}},
		"toll_minutes_per_day":       {inBoth, duration(time.Minute, 0, func(r *reader) *time.Duration { return &r.s.TollMinutes })},
		"total_toll_minutes_per_day": {inGeneral, duration(time.Minute, 0, func(r *reader) *time.Duration { return &r.g.Toll.Total })},

		"t1min":    {inGeneral, millis(1, func(r *reader) *time.Duration { return &r.g.T1Min })},
		"register": {inGeneral, setRegister},
	}
	for alias, name := range olderNames {
		m[alias] = m[name]
	}
	for _, name := range [...]string{"hassip", "registersip", "contact", "authuser", "hasexten", "alternateexts"} { // readUsers, and the plan
		m[name] = keyword{inUsers, func(*reader, config.Variable) error { return nil }}
	}
	return m
}

// olderNames are other spellings of keywords.
var olderNames = map[string]string{
	"bindaddr": "udpbindaddr", "sslbindaddr": "tlsbindaddr", "sslcipher": "tlscipher", "sslclientmethod": "tlsclientmethod",
	"externip": "externaddr", "canreinvite": "directmedia",
	"maxexpirey": "maxexpiry", "minexpirey": "minexpiry", "defaultexpirey": "defaultexpiry",
	"submaxexpirey": "submaxexpiry", "mwiexpirey": "mwiexpiry", "subminexpirey": "subminexpiry",
}

func setDisallowed(r *reader, v config.Variable) error {
	r.s.Disallowed = nil
	var err error
	for _, w := range splitList(strings.ToUpper(v.Value)) {
		m := message.Method(w)
		switch {
		case slices.Contains(disallowable, m):
			r.s.Disallowed = append(r.s.Disallowed, m)
		case m.Known():
			err = fmt.Errorf("%s cannot be left out; INFO, MESSAGE, NOTIFY, REFER and UPDATE can", w)
		default:
			err = fmt.Errorf("%q is not a method of SIP", w)
		}
	}
	return err
}

func setDigest(r *reader, v config.Variable) error {
	var algs []digest.Algorithm
	for _, w := range splitList(v.Value) {
		a, ok := digest.ParseAlgorithm([]byte(w))
		if !ok {
			return expected(w, "md5", "sha-256", "sha-512-256")
		}
		algs = append(algs, a)
	}
	if len(algs) == 0 {
		return errors.New("no algorithm")
	}
	r.s.Digest = algs
	return nil
}

func setMaxContacts(r *reader, v config.Variable) error {
	n, err := strconv.Atoi(strings.TrimSpace(v.Value))
	if err != nil || n < 1 || n > 64 {
		return fmt.Errorf("%q is not a number from 1 to 64", v.Value)
	}
	r.s.MaxContacts = n
	return nil
}

func setCallerID(r *reader, v config.Variable) error {
	if r.p == nil { // only what is shown where a caller has no name
		r.g.CallerID = v.Value
		return nil
	}
	name, number := splitCallerID(v.Value)
	r.s.CallerID.Name, r.s.CallerID.Number, r.s.CallerID.HasNumber = name, number, number != ""
	r.s.HasCallerID = true
	return nil
}

// splitCallerID reads `"Name" <number>`, a number alone or a name alone.
func splitCallerID(s string) (name, number string) {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexByte(s, '<'); i >= 0 {
		if j := strings.IndexByte(s[i:], '>'); j > 0 {
			name = strings.TrimSpace(s[:i])
			if len(name) >= 2 && name[0] == '"' && name[len(name)-1] == '"' {
				name = name[1 : len(name)-1]
			}
			return name, strings.TrimSpace(s[i+1 : i+j])
		}
	}
	if s != "" && strings.Trim(s, "0123456789*#+-.() ") == "" {
		return "", s
	}
	return strings.Trim(s, `"`), ""
}

func setFullName(r *reader, v config.Variable) error {
	r.s.CallerID.Name, r.s.HasCallerID = v.Value, true
	return nil
}

func setCIDNumber(r *reader, v config.Variable) error {
	r.s.CallerID.Number, r.s.CallerID.HasNumber, r.s.HasCallerID = v.Value, v.Value != "", true
	return nil
}

func setCIDTag(r *reader, v config.Variable) error {
	r.s.CallerID.Tag = v.Value
	return nil
}

func setCallingPres(r *reader, v config.Variable) error {
	if n, err := strconv.Atoi(v.Value); err == nil {
		r.p.CallingPres = channel.Presentation(n)
		return nil
	}
	p, ok := channel.ParsePresentation(strings.ToLower(v.Value))
	if !ok {
		return fmt.Errorf("%q is not a presentation", v.Value)
	}
	r.p.CallingPres = p
	return nil
}

func setVar(r *reader, v config.Variable) error {
	name, value, ok := strings.Cut(v.Value, "=")
	if name = strings.TrimSpace(name); !ok || name == "" {
		return fmt.Errorf("%q is not VARIABLE=value", v.Value)
	}
	name, inherit := channel.SplitInherit(name)
	r.p.Variables = append(r.p.Variables, channel.Variable{Name: name, Value: channel.Clean(strings.TrimSpace(value)), Inherit: inherit})
	return nil
}

func setHeader(r *reader, v config.Variable) error {
	name, value, ok := strings.Cut(v.Value, ":")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c) }) {
		return fmt.Errorf("%q is not Name: value", v.Value)
	}
	r.p.Headers = append(r.p.Headers, name+": "+strings.TrimSpace(value))
	return nil
}

// setGroup reads a list of groups 0-63 and ranges of them; what is none is left out.
func setGroup(field func(*PeerConfig) *uint64) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		var mask uint64
		var wrong error
		for _, w := range splitList(v.Value) {
			first, last, ranged := strings.Cut(w, "-")
			a, err := strconv.Atoi(strings.TrimSpace(first))
			b := a
			if err == nil && ranged {
				b, err = strconv.Atoi(strings.TrimSpace(last))
			}
			if err != nil || a < 0 || b > 63 || a > b {
				wrong = fmt.Errorf("%q is not a group from 0 to 63", w)
				continue
			}
			for ; a <= b; a++ {
				mask |= 1 << a
			}
		}
		*field(r.p) = mask
		return wrong
	}
}

func setMailbox(r *reader, v config.Variable) error {
	for _, box := range splitList(v.Value) {
		if !strings.Contains(box, "@") {
			box += "@default"
		}
		r.p.Mailboxes = append(r.p.Mailboxes, box)
	}
	return nil
}

func setHasVoicemail(r *reader, v config.Variable) error {
	if b, _ := config.Bool(v.Value); b && len(r.p.Mailboxes) == 0 {
		r.p.Mailboxes = []string{r.p.Name + "@default"}
	}
	return nil
}

// splitList divides at commas and drops
// blanks and empty words.
func splitList(s string) []string {
	var out []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}
