package sip

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Option tells of one option of sip.conf, for the reference in docs/.
type Option struct {
	Name    string
	Aliases []string
	// General and Device say in which sections it may stand.
	General, Device bool
	// Users says that it stands in users.conf alone.
	Users bool
	// Form is what a value looks like.
	Form string
	// Default is the value of a file that does not say, "" for none; Compat that
	// of a file with compat=asterisk, where it is another one.
	Default, Compat string
	Help            string
	// Absent says why the option does not act, or what of it does not.
	Absent string
}

// Options are the options of sip.conf in the order of their names, as the loader
// knows them.
func Options() []Option {
	options := make(map[string]*Option)
	get := func(name string) *Option {
		o := options[name]
		if o == nil {
			o = &Option{Name: name}
			options[name] = o
		}
		return o
	}
	safe, compat := defaults(false), defaults(true)
	for _, f := range taggedFields(&safe, &compat) {
		get(f.Name).General = true
		*get(f.Name) = f
	}
	for _, f := range taggedFields(&safe.Defaults, &compat.Defaults) {
		f.General, f.Device = true, true
		*get(f.Name) = f
	}
	for _, f := range taggedFields(&PeerConfig{}, &PeerConfig{}) {
		f.Device = true
		*get(f.Name) = f
	}
	for name, k := range keywords() {
		if real, ok := olderNames[name]; ok {
			o := get(real)
			o.Aliases = append(o.Aliases, name)
			continue
		}
		o := get(name)
		o.General, o.Device, o.Users = k.scope&inGeneral != 0, k.scope&inPeer != 0, k.scope&inUsers != 0
	}
	for name := range absent {
		o := get(name)
		o.General, o.Device = true, true
	}
	list := make([]Option, 0, len(options))
	for _, name := range slices.Sorted(maps.Keys(options)) {
		o := options[name]
		t := optionTexts[name]
		o.Help = t.help
		if t.form != "" {
			o.Form = t.form
		}
		if t.def != "" {
			o.Default, o.Compat = t.def, t.compat
		}
		o.Absent = absent[name] + ineffective[name] + cannotBeOff[name]
		slices.Sort(o.Aliases)
		list = append(list, *o)
	}
	return list
}

// taggedFields are the options that config.Decode fills, with their values in two
// settings as defaults.
func taggedFields[T any](safe, compat *T) []Option {
	var list []Option
	a, b := reflect.ValueOf(safe).Elem(), reflect.ValueOf(compat).Elem()
	for i := range a.NumField() {
		names := strings.Split(a.Type().Field(i).Tag.Get("conf"), ",")
		if names[0] == "" {
			continue
		}
		o := Option{Name: names[0], Aliases: names[1:], Default: asWritten(a.Field(i))}
		if other := asWritten(b.Field(i)); other != o.Default {
			o.Compat = other
		}
		switch a.Field(i).Kind() {
		case reflect.Bool:
			o.Form = "yes or no"
		case reflect.Int:
			o.Form = "number"
		default:
			o.Form = "text"
		}
		if reflect.TypeFor[T]() == reflect.TypeFor[Settings]() {
			o.General = true
		}
		list = append(list, o)
	}
	return list
}

// asWritten is a default as the file would say it.
func asWritten(v reflect.Value) string {
	if v.Kind() == reflect.Bool {
		if v.Bool() {
			return "yes"
		}
		return "no"
	}
	return fmt.Sprint(v.Interface())
}

// optionText is what the tables do not tell of an option. TestOptions holds that
// def is the default: a line with it changes nothing.
type optionText struct{ form, def, help, compat string }

var optionTexts = map[string]optionText{
	"subscribe_network_change_event": {help: "Whether registrations are renewed and calls told by a re-INVITE when our external address is another one: of externhost, or as a STUN server sees it (stunaddr of res_stun_monitor.conf or rtp.conf)."},

	"discard_remote_hold_retrieval": {help: "Whether a device that takes a held call back is not told on: whoever waits stays on hold for the other end and for programs."},

	"100rel":                     {form: "yes, no, peer_supported or required", def: "yes", compat: "no", help: "Whether provisional responses are acknowledged with PRACK (RFC 3262). yes: where the far end insists, and where an offer of ours travels in one. peer_supported: wherever the far end knows it. required: we insist, and refuse callers who do not know it with 421. no: callers who insist are refused with 420. Not an option of the ancestor, which knows only no."},
	"accept_outofcall_message":   {help: "Whether a MESSAGE outside of a call is taken, and run through the dialplan; 405 otherwise."},
	"accountcode":                {help: "The account of calls from the device: `${CHANNEL(accountcode)}`."},
	"acl":                        {form: "names", help: "Sections of acl.conf whose rules are added to deny and permit."},
	"allow":                      {form: "codecs", def: "ulaw,alaw,gsm", help: "Codecs that are added to the list, best first. `!name` takes one out, `all` means every one, `name:30` asks for a packet time in ms."},
	"allowexternaldomains":       {help: "With `domain` lines: whether calls for another domain are taken. 403 otherwise."},
	"allowguest":                 {help: "Whether a caller whom no section matches may call, into the context of [general]."},
	"allowoverlap":               {form: "yes, no or dtmf", def: "yes", help: "What happens to a number that could still grow: yes answers 484, no 404, dtmf takes the rest as digits."},
	"allowtransfer":              {help: "Whether the device may transfer its calls by REFER, and whether Replaces may name them; 603 otherwise. A guest may not in any case. Numbers are looked up in the device's context, or the one that the variable TRANSFER_CONTEXT of its channel names."},
	"allowsubscribe":             {help: "Whether the device may subscribe to anything; 403 otherwise."},
	"buggymwi":                   {help: "Whether NOTIFYs about messages leave the counts of urgent ones out, which some phones trip over."},
	"hasvoicemail":               {form: "yes or no", def: "no", help: "yes gives the device the mailbox of its own name."},
	"mailbox":                    {form: "box[@context],…", help: "The mailboxes whose messages the device is told of; the context is default where none is given. May be repeated."},
	"mwi":                        {form: "user[:secret[:authuser]]@host[:port]/box", help: "Subscribes to a mailbox at a provider; what waits there is in `box@SIP_Remote`, which a device may have as `mailbox`. May be repeated."},
	"mwi_from":                   {help: "The user that NOTIFYs about messages come from; without it, asterisk."},
	"mwiexpiry":                  {form: "seconds", def: "3600", help: "How long a subscription to a provider's mailbox is asked for."},
	"notifycid":                  {form: "yes, no or ignore-context", def: "no", help: "Whether the watcher of a ringing extension hears who calls, and may pick the call up with Replaces. With yes, who calls is told of calls that were dialled to that extension in the watcher's context; with ignore-context, of all."},
	"notifyhold":                 {help: "Whether a call on hold shows as such; it is in use otherwise."},
	"notifymimetype":             {help: "The media type of NOTIFYs about messages."},
	"notifyringing":              {form: "yes, no or notinuse", def: "yes", help: "Whether watchers hear that an extension rings; notinuse: only where it is not in a call already."},
	"submaxexpiry":               {form: "seconds", help: "The longest subscription and publication; maxexpiry without it."},
	"subminexpiry":               {form: "seconds", help: "The shortest one: less is refused with 423; minexpiry without it."},
	"subscribecontext":           {help: "Where the hints are that the device subscribes to; the device's context without it."},
	"subscribemwi":               {help: "Whether the device hears of messages only when it subscribes. Otherwise it is told unasked, until it does."},
	"unsolicited_mailbox":        {form: "box", help: "Where messages are kept that a provider tells of unasked: `box@SIP_Remote`."},
	"vmexten":                    {help: "The extension that plays messages, as phones are told it (Message-Account)."},
	"alwaysauthreject":           {help: "Whether a name that does not exist is asked for a password like one that does."},
	"amaflags":                   {help: "The billing flag of the device's channels. There are no call records yet."},
	"answer_timeout":             {form: "seconds", def: "0", help: "How long a call to the device may go unanswered, however it rings, before it is given up; 0 leaves that to Dial. The channel variable SIP_ANSWER_TIMEOUT sets it for one call. Not an option of the ancestor."},
	"auth":                       {form: "user:secret@realm", help: "Credentials for the challenges of a far end. `user#md5@realm` gives the hash. May be repeated; the section [authentication] holds some for all."},
	"auth_message_requests":      {help: "Whether a MESSAGE outside of a call must prove who it is from."},
	"auth_options_requests":      {help: "Whether OPTIONS outside of a call must prove who it is from."},
	"authfailureevents":          {help: "Whether refused devices are told to the event bus as PeerStatus. No program can read it yet."},
	"autodomain":                 {help: "With `domain` lines: whether our own addresses count as domains in REGISTER."},
	"autoframing":                {help: "Whether audio is sent in packets of the time that the far end asks for (ptime)."},
	"ban":                        {help: "Whether addresses are held off that fail to prove themselves: see the page on security. Not an option of the ancestor."},
	"ban_findtime":               {form: "seconds", def: "60", help: "The time in which ban_maxretry wrong answers to our challenges ban. Not an option of the ancestor."},
	"ban_ignoreip":               {form: "networks", help: "Addresses that are never banned. May be repeated. Not an option of the ancestor."},
	"ban_maxretry":               {form: "1 to 100", def: "10", help: "How many wrong answers to our challenges from an address ban it; three times as many challenges without an answer mute it. Not an option of the ancestor."},
	"ban_maxtime":                {form: "seconds", def: "86400", help: "How long a ban is at most. Not an option of the ancestor."},
	"ban_time":                   {form: "seconds", def: "600", help: "How long the first ban of an address is; each after it is twice as long. Not an option of the ancestor."},
	"bindport":                   {form: "port", def: "5060", help: "The UDP port, where udpbindaddr does not say."},
	"busylevel":                  {help: "From how many calls on the device is shown as busy. Calls are not refused."},
	"call-limit":                 {help: "How many calls the device may have. One more from it is refused with 480, one more to it gives DIALSTATUS=CHANUNAVAIL."},
	"call_alarm":                 {form: "percent", def: "50", help: "The share of max_calls_per_minute or total_calls_per_minute at which the log warns, once a minute; 0 never does. Not an option of the ancestor."},
	"callbackextension":          {help: "Registers the section at its host, under its defaultuser with remotesecret or secret, for calls to this number; a call from there to this number is taken for this section."},
	"callcounter":                {help: "Whether calls are counted, so that hints show ringing, in use and on hold."},
	"callerid":                   {form: `"Name" <number>`, def: "", help: "Who calls from the device, whatever it says of itself. In [general]: what `sip show settings` shows."},
	"callgroup":                  {form: "groups 0-63", help: "The pickup groups that calls to the device belong to."},
	"callingpres":                {form: "presentation", help: "Whether the device's number may be shown, such as `prohib` or `allowed_not_screened`."},
	"cid_number":                 {form: "number", help: "The number of callerid."},
	"cid_tag":                    {form: "text", help: "A tag of the caller ID."},
	"compat":                     {form: "asterisk", help: "Brings the ancestor's defaults back; see the column and the page on compatibility."},
	"contact_timeout":            {form: "seconds", def: "15", help: "How long the contacts of one q ring before those of the next lower q ring too. Not an option of the ancestor."},
	"compactheaders":             {help: "Whether we write the names of headers with one letter where there is one (RFC 3261 7.3.3), to keep messages short. They are always read."},
	"contactacl":                 {form: "names", help: "Sections of acl.conf whose rules are added to contactdeny and contactpermit."},
	"contactdeny":                {form: "networks", help: "Addresses that may not be registered."},
	"contactpermit":              {form: "networks", help: "Addresses that may be registered, out of those that contactdeny refuses."},
	"context":                    {help: "Where in extensions.conf calls from the device begin."},
	"cos_audio":                  {form: "0 to 7", def: "5", help: "The priority of audio packets in Ethernet frames (802.1p), by the egress map of a VLAN device; 0 leaves it to tos_audio."},
	"cos_sip":                    {form: "0 to 7", def: "4", help: "The same for signalling."},
	"defaultexpiry":              {form: "seconds", def: "120", help: "How long a registration holds that does not say."},
	"defaultip":                  {form: "address", help: "Where a device with host=dynamic is while it is not registered."},
	"defaultuser":                {help: "The user name in requests to the device, and in answers to its challenges."},
	"deny":                       {form: "networks", help: "Addresses that requests of the device may not come from. Rules are tried in order, the last that matches decides. One that cannot be read refuses everybody."},
	"description":                {help: "A text for people."},
	"digest":                     {form: "md5, sha-256, sha-512-256", def: "md5", help: "The algorithms that are offered, best first. Not an option of the ancestor."},
	"directrtpsetup":             {help: "Whether the far ends of a call are told of each other before it is answered, where directmedia lets them speak without this exchange and Dial calls one device without options that listen or say something. What does not fit then is put right after the answer."},
	"disallow":                   {form: "codecs", help: "Codecs that are taken out of the list; `disallow=all` before the first `allow`."},
	"directmedia":                {form: "yes, no, nonat, update or outgoing", def: "no", compat: "yes", help: "Whether the far ends of a bridge may send their audio to each other, told by re-INVITE. It needs the word of both, the same codec and digits, addresses that can reach each other, and nobody here who listens: with a feature code, a time limit or a recording audio stays here, and it comes back for a hold. nonat: only where the address for audio is that of the signalling. update: told by UPDATE where the device takes it. outgoing: not for calls from the device until it sends a re-INVITE itself. The forms may be listed."},
	"directmediaacl":             {form: "names", help: "Sections of acl.conf whose rules are added to directmediadeny and directmediapermit."},
	"directmediadeny":            {form: "networks", help: "Addresses that the device's audio may not be sent to by directmedia."},
	"directmediapermit":          {form: "networks", help: "Addresses that it may be sent to, out of those that directmediadeny refuses."},
	"disallowed_methods":         {form: "methods", help: "Requests that are not sent to the device although it may say that it takes them: INFO, MESSAGE, NOTIFY, REFER, UPDATE."},
	"domain":                     {form: "name[,context]", help: "A domain that is ours; calls to it begin in that context. May be repeated."},
	"domainsasrealm":             {help: "Whether the realm of a challenge is the domain in From or To, where that is one of ours."},
	"dtmfmode":                   {form: "rfc2833, info, shortinfo, inband or auto", def: "rfc2833", help: "How digits travel: in RTP by RFC 4733, in INFO, or in the audio; auto is RTP where the far end can, audio otherwise."},
	"dumphistory":                {help: "Whether the history of a call is written to the log at debug level when it ends."},
	"dynamic_exclude_static":     {help: "Whether a registration is refused from the address of a section with a fixed host."},
	"externaddr":                 {form: "address[:port]", help: "Our address as the world outside of localnet sees it. A name is looked up as externhost is."},
	"externhost":                 {form: "host[:port]", help: "The same as a name, looked up again every externrefresh."},
	"externrefresh":              {form: "seconds", def: "10", help: "How often externhost is looked up."},
	"externtcpport":              {form: "port", help: "Our public TCP port where `externaddr` stands in for our address; the port of externaddr, or ours, by default."},
	"externtlsport":              {form: "port", help: "Our public TLS port where `externaddr` stands in for our address; ours by default."},
	"fromdomain":                 {form: "host[:port]", help: "The domain in From of calls to the device."},
	"fromuser":                   {help: "The user in From of calls to the device, instead of the caller's number."},
	"fullname":                   {form: "text", help: "The name of callerid."},
	"hassip":                     {form: "yes or no", help: "Whether the entry is a SIP device, a friend whatever its type says."},
	"registersip":                {form: "yes or no", help: "Whether we register with the host of the entry, as username, with secret and authuser; calls come in for contact, or s."},
	"contact":                    {form: "extension", help: "With registersip: the extension that calls come in for."},
	"authuser":                   {form: "text", help: "With registersip: the name in the digest where it is not username."},
	"hasexten":                   {form: "yes or no", help: "Whether the entry has an extension and a hint in the context that userscontext of extensions.conf names; it has, unless this is no."},
	"alternateexts":              {form: "extensions", help: "More extensions that lead to that of the entry, divided by commas."},
	"header":                     {form: "Name: value", help: "A header of INVITEs to the device. May be repeated."},
	"host":                       {form: "dynamic, address or name", help: "Where the device is: dynamic when it registers. A name is looked up away from the loop, again and again."},
	"ignore_requested_pref":      {help: "Whether our order of codecs wins over the caller's."},
	"ignoreregexpire":            {help: "Whether registrations stay when their time is over."},
	"insecure":                   {form: "port, invite or no", def: "no", help: "port: the source port does not matter for the match by address. invite: calls need no password."},
	"keepalive":                  {form: "yes, no or seconds", def: "no", help: "How often an empty packet is sent to hold a NAT's door open; yes is 60."},
	"language":                   {help: "The language of prompts."},
	"legacy_useroption_parsing":  {help: "Whether `;…` in the user part of the request URI is cut off the number."},
	"localnet":                   {form: "network", help: "A network that is reached without externaddr. May be repeated."},
	"match_auth_username":        {help: "Whether a section is found by the name in Authorization instead of the one in From."},
	"matchexternaddrlocally":     {help: "Whether externaddr is used only where our own address is inside of localnet."},
	"max_calls_per_minute":       {form: "number", def: "0", help: "How many calls may begin from and to the device within a minute. One more from it is refused with 480, one more to it gives DIALSTATUS=CHANUNAVAIL; 0 is no limit. Not an option of the ancestor."},
	"max_contacts":               {form: "1 to 64", def: "1", help: "How many addresses the device may register at once; with one more, that which it refreshed longest ago goes, and of more in one REGISTER those of the highest q stay. Dial rings all of them. Not an option of the ancestor."},
	"maxcallbitrate":             {help: "Shown by the console. There is no video."},
	"maxexpiry":                  {form: "seconds", def: "3600", help: "How long a registration holds at most."},
	"maxforwards":                {help: "Max-Forwards of calls to the device."},
	"md5secret":                  {help: "The MD5 of name:realm:password, instead of secret."},
	"media_address":              {form: "address", help: "The address for audio that we write in every description."},
	"minexpiry":                  {form: "seconds", def: "60", help: "How long a registration holds at least. A shorter wish is raised without a 423."},
	"mohinterpret":               {help: "The music class of the device's channels. There is no music on hold yet."},
	"namedcallgroup":             {form: "names", help: "Like callgroup, with names of your own."},
	"namedpickupgroup":           {form: "names", help: "Like pickupgroup, with names of your own."},
	"nat":                        {form: "no, force_rport, comedia, auto_force_rport, auto_comedia", def: "auto_force_rport", help: "force_rport: answers and requests go to where the device's requests come from. comedia: audio goes to where its audio comes from. The auto forms do so only when the top Via shows another address."},
	"outofcall_message_context":  {help: "The context in which a MESSAGE outside of a call runs the extension that it is sent to; the device's context if not given."},
	"outboundproxy":              {form: "[proto://]host[:port][,force][,route]", help: "Where requests to the device are sent first. Calls that come from there are those of the section, where it names the proxy itself. force keeps a call on it whatever Record-Route says. route names it in a Route header, as proxies that follow RFC 3261 alone want it; the ancestor never does."},
	"pedantic":                   {help: "Strict reading of messages."},
	"permit":                     {form: "networks", help: "Addresses that requests of the device may come from, out of those that deny refuses."},
	"pickupgroup":                {form: "groups 0-63", help: "The groups whose calls the device may pick up, read by `SIPPEER()`. Call pickup is not served yet."},
	"relaxdtmf":                  {help: "Whether digits in the audio (dtmfmode inband or auto) may be less clean than ITU-T Q.24 wants: for lines on which they are not heard. A voice is taken for a digit more often."},
	"refer_addheaders":           {help: "Whether the X- headers of a REFER are sent with the call that it leads to."},
	"port":                       {form: "port", help: "The port of the device, 5060 without it."},
	"preferred_codec_only":       {help: "Whether only the first common codec is answered."},
	"prematuremedia":             {help: "Whether a caller who was not answered hears nothing before `Progress()` runs, not even what `Playback()` with `noanswer` plays. Without it a sound opens early audio (183)."},
	"progressinband":             {form: "yes, no or never", def: "no", help: "never: 180 goes out even after 183. yes: a caller hears the ringing tone from us besides, for devices that make none."},
	"promiscredir":               {help: "Whether a call that the device redirects (302), or a registration with it, goes to whatever address it names. Without it the call goes to the number in the device's context, or the one that the variable FORWARD_CONTEXT names."},
	"qualify":                    {form: "yes, no or ms", def: "no", help: "Whether the device is asked with OPTIONS if it is there. yes takes 2000 ms for OK; a slower one is LAGGED, a silent one UNREACHABLE and not called."},
	"qualifyfreq":                {form: "seconds", def: "60", help: "How often qualify asks a device that is there; one that is not is asked every 10 s."},
	"qualifygap":                 {form: "ms", def: "100", help: "The time between the first questions of qualify."},
	"qualifypeers":               {help: "How many devices are asked at one time then."},
	"recordhistory":              {help: "Whether the messages of calls are kept in memory for `sip show history`: of those that are up, and of the last 200. The ancestor's default is no."},
	"reply_timeout":              {form: "seconds", def: "0", help: "How long a server may be silent before a call to the device goes to its next one, or fails. 0 is 5 s while there is another server and timerb for the last. The channel variable SIP_REPLY_TIMEOUT sets it for one call. Not an option of the ancestor."},
	"realm":                      {help: "The realm of challenges. Hashes in md5secret hold it."},
	"regcontext":                 {form: "context[&context…]", help: "Contexts that have a NoOp at priority 1 of the extension of each peer that is registered, and of no other. What the file has there goes on at priority 2; a priority 1 of the file stays."},
	"regexten":                   {form: "exten[@context][&…]", help: "The extensions of the device in regcontext, in all of its contexts or in one of them; the section's name without it."},
	"regextenonqualify":          {help: "Whether the extensions in regcontext go while qualify finds the device silent. A device with a fixed host has them then while it answers."},
	"register":                   {form: "[peer?][transport://]user[@domain][:secret[:authuser]]@host[:port][/extension][~expiry]", help: "Registers with a provider. Calls come in for extension, or s; secret answers its challenges. peer is a section whose settings hold: outboundproxy, fromdomain, auth, supportpath. host may be the name of a section. May be repeated."},
	"register_retry_403":         {help: "Whether a 403 from a registrar is tried again, as other refusals are. Without it that is the end, until the next reload."},
	"registerattempts":           {help: "After how many failures in a row a registration is given up, until the next reload. 0 is never."},
	"registertimeout":            {form: "seconds", help: "How long a registrar may take to answer, and the time between tries. After three failures in a row the time doubles, up to 3 minutes; after a refusal it begins at a minute and goes up to 30."},
	"remotesecret":               {help: "The password for challenges of the device, where it is another one than secret."},
	"recordofffeature":           {help: "The feature that an INFO with Record: off asks for. Features are not served yet: programs hear of it, the device gets 403."},
	"recordonfeature":            {help: "The same for Record: on."},
	"rpid_immediate":             {help: "With sendrpid: whether a caller who hears it ring is told at once when it rings at somebody else, by another 180 or 183, or with the next response."},
	"rpid_update":                {help: "With sendrpid: whether a change of the other end is told with UPDATE, where the device takes it, or with a re-INVITE."},
	"rtpbindaddr":                {form: "address", help: "The address for audio, udpbindaddr's without it."},
	"rtpholdtimeout":             {form: "seconds", def: "300", compat: "0", help: "A call on hold ends after so long without audio; 0 never."},
	"rtpkeepalive":               {form: "seconds", def: "0", help: "How often an empty packet goes out while no audio does; 0 never."},
	"rtptimeout":                 {form: "seconds", def: "60", compat: "0", help: "A call ends after so long without audio; 0 never."},
	"sdpowner":                   {help: "The user name in the o= line."},
	"sdpsession":                 {help: "The s= line; the user agent without it."},
	"secret":                     {help: "The password, of the device and to the device."},
	"send_diversion":             {help: "Whether a Diversion header tells of redirected calls."},
	"send_history_info":          {help: "Whether a forwarded call says so in History-Info (RFC 7044) as well. Not an option of the ancestor."},
	"sendrpid":                   {form: "no, yes, rpid or pai", def: "no", help: "Whether who calls is also told in Remote-Party-ID (yes, rpid) or P-Asserted-Identity (pai)."},
	"session-expires":            {form: "seconds", def: "1800", help: "How long a session holds without a refresh (RFC 4028)."},
	"session-minse":              {form: "seconds", def: "90", help: "The shortest such time that is taken; 422 below it."},
	"session-refresher":          {form: "uac or uas", def: "uas", help: "Who refreshes, where we may say."},
	"session-timers":             {form: "accept, originate or refuse", def: "accept", help: "Whether session timers are taken, asked for, or refused."},
	"setvar":                     {form: "NAME=value", help: "A variable of the device's channels; with _ or __ it is inherited. May be repeated."},
	"sha256secret":               {help: "The SHA-256 of name:realm:password. Not an option of the ancestor."},
	"shrinkcallerid":             {help: "Whether ( ) - . and blanks are taken out of a caller's number."},
	"sipdebug":                   {help: "Whether messages are shown from the start, as `sip set debug on` does."},
	"srvlookup":                  {help: "Whether the servers of a name are found by NAPTR and SRV records (RFC 3263): all of them, in their order and by their weights. no asks for its addresses only."},
	"supportpath":                {help: "Whether a registration through proxies that name themselves in Path (RFC 3327) is called by that way, and whether ours may have proxies of that kind before them."},
	"t1min":                      {form: "ms", def: "100", help: "The least T1 by measurement."},
	"t38pt_udptl":                {form: "yes or no[,fec|redundancy|none][,maxdatagram=N]", def: "no", help: "Whether a fax over IP (T.38) passes through to another device that has the option too: one end's re-INVITE becomes one to the other, and the datagrams are relayed. Error correction and sizes are settled between the two."},
	"tcp_max_connections":        {form: "number", help: "How many connections there may be, 2000 by default. One address may have half of them. Not an option of the ancestor."},
	"tcp_max_per_address":        {form: "number", help: "How many connections from one address (of IPv6 a /64) may be without proof of who they are at a time, 50 by default. Not an option of the ancestor."},
	"tcpauthlimit":               {form: "number", def: "100", help: "How many connections may be without proof of who they are at a time."},
	"tcpauthtimeout":             {form: "seconds", def: "30", help: "How long a connection may take to prove who it is: by a registration or a call that is let in, or by being at the address of a peer of this file."},
	"tcpbindaddr":                {form: "address[:port], or a list", help: "Where TCP is listened for; the addresses and ports of udpbindaddr by default."},
	"tcpenable":                  {help: "Whether TCP is listened for."},
	"timerb":                     {form: "ms", help: "How long an INVITE to the device may stay without an answer; 64 times timert1 without it."},
	"timert1":                    {form: "ms", def: "500", help: "T1 of RFC 3261: the first interval of retransmissions."},
	"tlsbindaddr":                {form: "address[:port], or a list", help: "Where TLS is listened for; the addresses of udpbindaddr with port 5061 by default."},
	"tlscafile":                  {form: "file", help: "The authorities whose certificates are trusted; those of the system by default."},
	"tlscapath":                  {form: "folder", help: "A folder with files of such authorities."},
	"tlscertfile":                {form: "file", help: "Our certificate with its chain, asterisk.pem by default. It is read again at each reload; calls go on. Relative names are in the folder of the configuration."},
	"tlscipher":                  {form: "list of suites", help: "The suites of TLS 1.2 that are spoken, by their OpenSSL names. Words such as HIGH leave the choice to us. Those of TLS 1.3 are never off."},
	"tlsclientmethod":            {form: "tlsv1_2 or tlsv1_3", help: "tlsv1_2 keeps us from asking a server for TLS 1.3. Lower versions are not spoken."},
	"tlsdisablev1":               {help: "TLS 1.0 is never spoken."},
	"tlsdisablev11":              {help: "TLS 1.1 is never spoken."},
	"tlsdisablev12":              {help: "Whether TLS 1.3 alone is spoken."},
	"tlsdontverifyserver":        {help: "Whether a server that we connect to is taken for whom it is not. Otherwise its certificate must be of a trusted authority and name the domain that we asked for, wholly (RFC 5922: a wildcard is no name)."},
	"tlsenable":                  {help: "Whether TLS is listened for; TLS 1.2 and 1.3 are spoken."},
	"tlsprivatekey":              {form: "file", help: "The key of tlscertfile, which may hold it itself."},
	"tlsverifyclient":            {help: "Whether who connects to us must show a certificate of a trusted authority. The ancestor did not act on it."},
	"t38pt_usertpsource":         {help: "Whether a fax goes to the address that the audio came from, whatever the device's description says: for devices behind a NAT."},
	"toll_hours":                 {form: "HH:MM-HH:MM [days], …", help: "When numbers of toll_prefixes may be called at all, such as `08:00-18:00 mon-fri`, in local time; always without it. Not an option of the ancestor."},
	"toll_minutes_per_day":       {form: "minutes", def: "0", help: "How long a device may talk to numbers of toll_prefixes in a day, 0 for without end. A call is ended when they are spent, and the log warns before (call_alarm). Programs that call are held to the value of [general]. Not an option of the ancestor."},
	"toll_prefixes":              {form: "list of prefixes", help: "The beginnings of numbers that cost much, as they are dialled to a trunk, such as `00, +, 0900`; one with an exclamation mark does not, as in `!0049`. The longest that fits decides. Not an option of the ancestor."},
	"tonezone":                   {form: "country", help: "The section of indications.conf whose tones the device hears; `CHANNEL(tonezone)` changes it."},
	"tos_audio":                  {form: "ef, cs0 to cs7, af11 to af43 or a number", def: "0", help: "The mark on audio packets."},
	"tos_sip":                    {form: "ef, cs0 to cs7, af11 to af43 or a number", def: "0", help: "The mark on signalling packets."},
	"total_calls_per_minute":     {form: "number", def: "0", help: "How many calls may begin within a minute in all, both legs of a call counted. One more is refused with 503; 0 is no limit. Not an option of the ancestor."},
	"total_toll_minutes_per_day": {form: "minutes", def: "0", help: "The same as toll_minutes_per_day for all devices together. Not an option of the ancestor."},
	"transport":                  {form: "list of udp, tcp, tls, ws, wss", help: "Without it UDP, and for a host name whatever its NAPTR and SRV records say of what is served here. The transports that a device may use. It registers over one of them; a registration over another is refused with 403. Requests to a device that did not register go by the first; with udp and tcp in the list a request of more than 1,300 bytes goes by TCP, and by UDP after all where nobody takes it there."},
	"trunkname":                  {form: "text", help: "In users.conf: clears the name of callerid."},
	"trust_id_outbound":          {form: "yes, no or legacy", def: "legacy", help: "What sendrpid tells of a withheld number: yes the number with a mark, no nothing, legacy that it is anonymous."},
	"trustrpid":                  {help: "Whether P-Asserted-Identity and Remote-Party-ID of the device are believed."},
	"type":                       {form: "peer, user or friend", help: "user: found by the name in From; peer: found by its address, and can be called; friend: both. A section without it is skipped."},
	"udpbindaddr":                {form: "address[:port], or a list", def: "0.0.0.0:5060", help: "Where UDP is listened for: an address, or several divided by commas, IPv4 and IPv6. A later line takes the place of an earlier one."},
	"use_q850_reason":            {help: "Whether the Q.850 cause travels in a Reason header."},
	"useragent":                  {help: "The text of Server and User-Agent."},
	"useclientcode":              {help: "Whether the code that somebody types during a call (a header X-ClientCode in an INFO) becomes the userfield of the call's record; 403 without."},
	"usereqphone":                {help: "Whether `;user=phone` is added to URIs whose user is a number."},
	"websocket_enabled":          {help: "Whether SIP over WebSocket is taken by the HTTP server of http.conf, at /ws."},
	"websocket_origins":          {form: "list of web sites", help: "The web sites whose pages may open a WebSocket, such as https://phone.example.com; * is any. Pages of the host that is connected to always may. Not an option of the ancestor, which takes all."},
}
