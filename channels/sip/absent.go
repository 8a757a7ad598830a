package sip

import (
	"strings"

	"pbx/config"
)

// absent are the options that are known to the field and that this version does
// not act on, with what is missing. They are accepted, and `pbx check` names
// those that were set to more than off.
var absent = absentOptions()

func absentOptions() map[string]string {
	m := make(map[string]string)
	add := func(why, names string) {
		for _, n := range strings.Fields(names) {
			m[n] = why
		}
	}
	add("the safest suite that both sides speak is always taken", "tlsservercipherorder")
	add("what a WebSocket does not read waits beside the others, for 10 seconds", "websocket_write_timeout")
	add("SRTP and DTLS are not served by this version: audio is not encrypted", `
		encryption_taglen avpf force_avp rtcp_mux dtlsenable dtlsverify dtlsrekey dtlsautogeneratecert
		dtlscertfile dtlsprivatekey dtlscipher dtlscafile dtlscapath dtlscadir dtlssetup dtlsfingerprint`)
	add("ICE is not served by this version", "icesupport")
	add("faxes are passed on, not received, by this version", "faxdetect")
	add("received audio is relayed without a jitter buffer", `
		jbforce jbmaxsize jbresyncthreshold jbimpl jbtargetextra jblog jbsyncvideo`)
	add("media always passes through this exchange", "rtp_engine")
	add("peers in a database are not served by this version", `
		rtcachefriends rtsavesysname rtsavepath rtautoclear regseconds ipaddr fullcontact lastms name regserver`)
	add("it would let anybody register", "autocreatepeer")
	add("call completion is not served by this version", `
		cc_agent_policy cc_agent_dialstring cc_monitor_policy cc_offer_timer ccnr_available_timer ccbs_available_timer cc_recall_timer
		cc_max_agents cc_max_monitors cc_callback_macro cc_callback_sub`)
	add("it is for a device that is out of use", "snom_aoc_enabled g726nonstandard")
	add("it has no meaning in this exchange", `
		hasiax hasmanager hash323 callwaiting threewaycalling transfer canpark vmsecret
		hasdirectory email secretauth dahdichan signalling group call-waiting`)
	return m
}

// ineffective are options with a value of their own that do not act when it is
// on; the value is kept for `sip show settings`.
var ineffective = map[string]string{
	"encryption": "SRTP is not served by this version: audio is not encrypted", "videosupport": videoAbsent,
	"textsupport": textAbsent, "jbenable": "received audio is relayed without a jitter buffer",
	"storesipcause":     "read HANGUPCAUSE instead",
	"rfc2833compensate": "digits are relayed as they come",

	"mohsuggest": "music on hold is not served by this version", "parkinglot": "parking is not served by this version",
	"t1min": "T1 is not measured, it is timert1", "cos_video": videoAbsent, "cos_text": textAbsent, "tos_video": videoAbsent, "tos_text": textAbsent,
	"ignoresdpversion": "every description is taken as new",
	"rtupdate":         "peers in a database are not served by this version",
}

const (
	videoAbsent = "video is not served by this version"
	textAbsent  = "text streams are not served by this version"
)

// cannotBeOff are options that act as if they were on.
var cannotBeOff = map[string]string{
	"pedantic": "messages are always read strictly",
}

// harmless values of an option that does not act need no words.
func harmless(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "no", "off", "false", "0", "n", "f":
		return true
	}
	return false
}

// reportAbsent takes a line whose option does not act, and says so when it was
// meant to.
func reportAbsent(c *configLoader, v config.Variable, name string) bool {
	why, ok := absent[name]
	if ok && !harmless(v.Value) {
		c.find(v.Pos, severityAbsent(name), "sip-not-acting", v.Name+" does not act: "+why, "")
	}
	return ok
}

// severityAbsent is Warning where somebody could believe to be safer, or reachable
// in a way that is not there.
func severityAbsent(name string) config.Severity {
	switch name {
	case "tcpenable", "tlsenable", "sslenable", "encryption", "dtlsenable", "icesupport", "avpf":
		return config.Warning
	}
	return config.Note
}

// reportIneffective does the same for options that are filled like others.
func reportIneffective(c *configLoader, v config.Variable, name string) {
	why, ok := ineffective[name]
	off := harmless(v.Value)
	if !ok || off {
		if why, ok = cannotBeOff[name]; !ok || !off {
			return
		}
	}
	c.find(v.Pos, severityAbsent(name), "sip-not-acting", v.Name+" does not act: "+why, "")
}
