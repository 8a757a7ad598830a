package sip

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/presence"
	"pbx/config"
)

// The options whose values are words or numbers. What is none of an option's words
// is reported, and taken as the ancestor takes it: offices that wrote trustrpid=never
// or nat=off years ago have long had what that came to.

// expected is the error for a word that is none of a few.
func expected(found string, words ...string) error {
	return fmt.Errorf("%q is not one of %s", found, strings.Join(words, ", "))
}

func choose[T any](field func(*reader) *T, words map[string]T) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		t, ok := words[strings.ToLower(v.Value)]
		if !ok {
			return expected(v.Value, keys(words)...)
		}
		*field(r) = t
		return nil
	}
}

func chooseBool[T any](field func(*reader) *T, yes, no T, words map[string]T) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		if t, ok := words[strings.ToLower(v.Value)]; ok {
			*field(r) = t
			return nil
		}
		switch b, ok := config.Bool(v.Value); {
		case !ok:
			return expected(v.Value, append([]string{"yes", "no"}, keys(words)...)...)
		case b:
			*field(r) = yes
		default:
			*field(r) = no
		}
		return nil
	}
}

// otherwise reads as set does, and takes a value that set refuses as the one that is
// called name.
func otherwise[T any](field func(*reader) *T, t T, name string, set func(*reader, config.Variable) error) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		err := set(r, v)
		if err != nil {
			*field(r) = t
			err = fmt.Errorf("%w; it is taken as %s", err, name)
		}
		return err
	}
}

func setDTMFMode(r *reader, v config.Variable) error {
	field := func(r *reader) *DTMFMode { return &r.s.DTMFMode }
	return otherwise(field, DTMFRFC2833, "rfc2833", choose(field, map[string]DTMFMode{
		"rfc2833": DTMFRFC2833, "rfc4733": DTMFRFC2833, "info": DTMFInfo, "shortinfo": DTMFShortInfo, "inband": DTMFInband, "auto": DTMFAuto,
	}))(r, v)
}

func setProgress(r *reader, v config.Variable) error {
	field := func(r *reader) *Progress { return &r.s.Progress }
	return otherwise(field, ProgressNo, "no", chooseBool(field, ProgressYes, ProgressNo, map[string]Progress{"never": ProgressNever}))(r, v)
}

func setIdentify(r *reader, v config.Variable) error {
	field := func(r *reader) *Identify { return &r.s.Identify }
	return otherwise(field, IdentifyNone, "no", chooseBool(field, IdentifyRPID, IdentifyNone,
		map[string]Identify{"rpid": IdentifyRPID, "pai": IdentifyPAI}))(r, v)
}

func setTrustOutbound(r *reader, v config.Variable) error {
	field := func(r *reader) *TrustOutbound { return &r.s.TrustOutbound }
	return otherwise(field, TrustLegacy, "legacy", chooseBool(field, TrustYes, TrustNo, map[string]TrustOutbound{"legacy": TrustLegacy}))(r, v)
}

func setOverlap(r *reader, v config.Variable) error {
	field := func(r *reader) *Overlap { return &r.s.Overlap }
	return otherwise(field, OverlapNo, "no", chooseBool(field, OverlapYes, OverlapNo, map[string]Overlap{"dtmf": OverlapDTMF}))(r, v)
}

func setRinging(r *reader, v config.Variable) error {
	field := func(r *reader) *presence.Ringing { return &r.g.Ringing }
	return otherwise(field, presence.RingingNo, "no", chooseBool(field, presence.RingingYes, presence.RingingNo,
		map[string]presence.Ringing{"notinuse": presence.RingingNotInUse}))(r, v)
}

func setNotifyCID(r *reader, v config.Variable) error {
	field := func(r *reader) *NotifyCID { return &r.g.NotifyCID }
	return otherwise(field, CIDNo, "no", chooseBool(field, CIDYes, CIDNo, map[string]NotifyCID{"ignore-context": CIDAnyContext}))(r, v)
}

// setNAT reads nat=. A yes or a no decides alone, an auto form has the better of its
// plain one, and what is none of the words stands for nothing.
func setNAT(r *reader, v config.Variable) (err error) {
	var n NAT
words:
	for _, w := range splitList(strings.ToLower(v.Value)) {
		switch w {
		case "never":
			n = NAT{}
			break words
		case "route", "force_rport":
			n.ForceRPort = true
		case "comedia":
			n.Comedia = true
		case "auto_force_rport":
			n.AutoForceRPort = true
		case "auto_comedia":
			n.AutoComedia = true
		default:
			if b, ok := config.Bool(w); ok {
				n = NAT{ForceRPort: b, Comedia: b}
				break words
			}
			err = expected(w, "no", "force_rport", "comedia", "auto_force_rport", "auto_comedia")
		}
	}
	n.ForceRPort = n.ForceRPort && !n.AutoForceRPort
	n.Comedia = n.Comedia && !n.AutoComedia
	r.s.NAT = n
	return err
}

// setDirectMedia reads directmedia=; what is none of its words asks for nothing.
func setDirectMedia(r *reader, v config.Variable) (err error) {
	dm := DirectNo
	for _, w := range splitList(strings.ToLower(v.Value)) {
		how := DirectYes
		switch w {
		case "update":
			how |= DirectUpdate
		case "nonat":
			how |= DirectNonat
		case "outgoing":
			how |= DirectOutgoing
		default:
			b, ok := config.Bool(w)
			if !ok {
				err = expected(w, "yes", "no", "nonat", "update", "outgoing")
			}
			if !ok || !b {
				continue
			}
		}
		dm = dm&^DirectNo | how
	}
	r.s.DirectMedia = dm
	return err
}

// setInsecure reads insecure=; what is none of its words makes nothing less secure.
func setInsecure(r *reader, v config.Variable) (err error) {
	var port, invite bool
	for _, w := range splitList(strings.ToLower(v.Value)) {
		switch w {
		case "port", "yes":
			port = true
		case "invite":
			invite = true
		case "very":
			port, invite = true, true
		default:
			if b, ok := config.Bool(w); !ok || b {
				err = expected(w, "port", "invite", "no")
			}
		}
	}
	r.s.InsecurePort, r.s.InsecureInvite = port, invite
	return err
}

// keepDefault are switches whose default is the safe side, and those of this exchange:
// a word that is neither yes nor no leaves them as they are.
var keepDefault = []string{
	"alwaysauthreject", "auth_message_requests", "pedantic", "shrinkcallerid", "subscribe_network_change_event", "ban", "recordhistory",
}

// forgive is a section for config.Decode in which the values of switches and numbers
// that it would refuse are what the ancestor takes them for: a switch is off unless it
// says yes, and a number is what the text begins with.
func (c *configLoader) forgive(s *config.Section) *config.Section {
	clean := *s
	clean.Vars = slices.Clone(s.Vars)
	for i := range clean.Vars {
		v := &clean.Vars[i]
		name, was := strings.ToLower(v.Name), v.Value
		switch c.kinds[name] {
		case reflect.Bool:
			if _, ok := config.Bool(was); ok || slices.Contains(keepDefault, name) {
				continue
			}
			if v.Value = "no"; name == "tcpenable" {
				v.Value = "yes"
			}
			c.find(v.Pos, config.Warning, "bad-value", fmt.Sprintf("%s = %q: expected yes or no; it is taken as %s", v.Name, was, v.Value), "")
		case reflect.Int:
			n, extra, ok := leading(was)
			if !ok || !extra {
				continue
			}
			v.Value = strconv.Itoa(n)
			c.find(v.Pos, config.Warning, "bad-value", v.Name+" = "+takenAs(was, n).Error(), "")
		}
	}
	return &clean
}

// leading reads the number that a text begins with, as the ancestor does; extra says
// that something else follows it, such as the ms of 2000ms.
func leading(text string) (n int, extra, ok bool) {
	text = strings.TrimSpace(text)
	end := 0
	for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end == 0 && (text[0] == '-' || text[0] == '+')) {
		end++
	}
	n, err := strconv.Atoi(text[:end])
	return n, end < len(text), err == nil
}

// takenAs is the error for a number with more behind it.
func takenAs(text string, n int) error { return fmt.Errorf("%q is taken as %d", text, n) }

func number(least, most int, field func(*reader) *int) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		n, extra, ok := leading(v.Value)
		if !ok || n < least || n > most {
			return fmt.Errorf("%q is not a number from %d to %d", v.Value, least, most)
		}
		*field(r) = n
		if extra {
			return takenAs(v.Value, n)
		}
		return nil
	}
}

func seconds(least int, field func(*reader) *time.Duration) func(*reader, config.Variable) error {
	return duration(time.Second, least, field)
}

func millis(least int, field func(*reader) *time.Duration) func(*reader, config.Variable) error {
	return duration(time.Millisecond, least, field)
}

func duration(unit time.Duration, least int, field func(*reader) *time.Duration) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		n, extra, ok := leading(v.Value)
		if !ok || n < least || n > 1<<30 {
			return fmt.Errorf("%q is not a number of at least %d", v.Value, least)
		}
		*field(r) = time.Duration(n) * unit
		if extra {
			return takenAs(v.Value, n)
		}
		return nil
	}
}

const (
	qualifyYes   = 2 * time.Second // of qualify=yes
	keepaliveYes = time.Minute     // of keepalive=yes
)

// setQualify reads qualify=. A yes in a device section means the time of [general],
// where that has one.
func setQualify(r *reader, v config.Variable) error {
	yes := qualifyYes
	if d := r.l.cfg.General.Defaults.Qualify; r.p != nil && d > 0 {
		yes = d
	}
	return onOff(time.Millisecond, yes, func(r *reader) *time.Duration { return &r.s.Qualify })(r, v)
}

// onOff reads yes, no or a number of unit.
func onOff(unit, yes time.Duration, field func(*reader) *time.Duration) func(*reader, config.Variable) error {
	return func(r *reader, v config.Variable) error {
		if n, extra, ok := leading(v.Value); ok && n >= 0 && n < 1<<30 {
			*field(r) = time.Duration(n) * unit
			if extra {
				return takenAs(v.Value, n)
			}
			return nil
		}
		b, ok := config.Bool(v.Value)
		if *field(r) = 0; b {
			*field(r) = yes
		}
		if !ok {
			return fmt.Errorf("%q is neither yes, no nor a number; it is taken as no", v.Value)
		}
		return nil
	}
}
