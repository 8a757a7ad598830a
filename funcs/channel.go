package funcs

import (
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
	"pbx/dialplan"
)

func channelFunctions(d Deps) []channel.Function {
	return []channel.Function{
		{
			Name: "CHANNEL", Synopsis: "A setting or fact of the channel",
			Help: "hangup_handler_push, a place as for Gosub with its arguments, has a subroutine run when the channel is hung up, before those pushed earlier; hangup_handler_pop takes the last one away (and pushes another, if one is given), hangup_handler_wipe all of them. Read and written: language, tonezone, musicclass, accountcode, amaflags, callgroup, pickupgroup, namedcallgroup, namedpickupgroup, userfield, parkinglot, transfercapability, max_forwards, how many Dials within each other may still follow, after_bridge_goto, the place (`context,exten,priority` as for Goto, or with ^) where the channel goes on after its next conversation if it did not hang up, and secure_bridge_signaling and secure_bridge_media, whether the legs that are called on the channel's behalf, and on theirs, must have encrypted signalling (TLS or secure WebSockets) and audio (SRTP, which there is not yet: nobody is called); one that cannot be had so is not called, and DIALSTATUS is CHANUNAVAIL if there is no other; nor does a phone in the clear come into the call by a pickup, a transfer or Replaces. Read: name, uniqueid, linkedid, state, channeltype, context, exten, priority, peername, audionativeformat, checkhangup, and what the driver knows: peerip, recvip, recvport, from, uri, ruri, useragent, t38passthrough, secure_signaling and secure_media (1 or empty), rtpdest and rtpsource (where the audio goes, and where from here), and rtpqos with the type audio and a statistic: all, rtt, local_ or remote_ with ssrc, count, lostpackets, jitter, and minjitter, maxjitter, normdevjitter, stdevjitter.",
			Args: []decl.Arg{arg("item", "the setting"), optional("type", "of an item that has several"), optional("statistic", "of rtpqos")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				v, err := readChannel(t, a)
				if items, _ := t.Channel().Data(callersKey{}).(callersItems); items != nil {
					if w, ok := items[strings.ToLower(a.Arg(0))]; ok {
						a.Saw(w.S, w.Taint)
						a.MarkPieces(v)
					}
				}
				return v, err
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				item := strings.ToLower(a.Arg(0))
				if item == "tonezone" && (d.ToneZones == nil || !slices.Contains(d.ToneZones(), strings.ToLower(v))) {
					return fmt.Errorf("indications.conf has no country '%s'", v)
				}
				if item == "after_bridge_goto" {
					return writeAfterBridge(t, v)
				}
				err := writeChannel(t.Channel(), item, v)
				if items, _ := t.Channel().Data(callersKey{}).(callersItems); err == nil && (items != nil || len(a.Taint) > 0) {
					t.Channel().SetData(callersKey{}, items.with(item, channel.Value{S: v, Taint: a.Taint}))
				}
				return err
			},
		},
		{
			Name: "MUTEAUDIO", Synopsis: "Mute the channel's phone, or let it through again", Help: "Puts silence in the place of what the phone says (in), of what it hears (out), or of both (all): `Set(MUTEAUDIO(in)=on)`.",
			Args: []decl.Arg{arg("direction", "in, out or all")},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				on, ok := config.Bool(v)
				direction := strings.ToLower(a.Arg(0))
				switch {
				case !ok:
					return fmt.Errorf("'%s' is not on or off", v)
				case direction != "in" && direction != "out" && direction != "all":
					return fmt.Errorf("'%s' is not in, out or all", a.Arg(0))
				case !t.Channel().Mute(direction != "out", direction != "in", on):
					return errors.New("the channel has no audio")
				}
				return nil
			},
		},
		{
			Name: "HOLD_INTERCEPT", Synopsis: "Keep a hold of the channel's phone from the other party",
			Help: "`Set(HOLD_INTERCEPT(set)=)`: when the phone puts the call on hold, or takes it back, whom it talks to is not told; programs see the events Hold and Unhold. remove ends it.",
			Args: []decl.Arg{arg("action", "set or remove")},
			Write: func(t channel.Thread, a *decl.Args, _ string) error {
				action := strings.ToLower(a.Arg(0))
				if action != "set" && action != "remove" {
					return fmt.Errorf("'%s' is not set or remove", a.Arg(0))
				}
				t.Channel().SetSettings(func(s *channel.Settings) { s.HoldIntercept = action == "set" })
				return nil
			},
		},
		{
			Name: "LOG_GROUP", Synopsis: "Mark the channel's lines in the log",
			Help: "`Set(LOG_GROUP()=sales)`: what the channel logs from now on, the steps of the dialplan among it, ends with `group=sales`. Nothing ends it. The legs that the channel calls are not in the group.",
			Write: func(t channel.Thread, _ *decl.Args, v string) error {
				t.Channel().SetLogGroup(strings.TrimSpace(v))
				return nil
			},
		},
		{
			Name: "CHANNELS", Synopsis: "The names of the channels", Help: "Those that match the regular expression, all without one; a blank between two.",
			Args: []decl.Arg{optional("regular_expression", "a POSIX extended regular expression")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				re, err := d.Engine.Regexps().CompileFold(a.Arg(0))
				if err != nil {
					return "", err
				}
				var names []string
				for _, c := range d.Engine.Channels().Channels() {
					if re.MatchString(c.Name()) {
						names = append(names, c.Name())
					}
				}
				return strings.Join(names, " "), nil
			},
		},
		{
			Name: "CHANNEL_EXISTS", Synopsis: "1 when there is a channel of that name", Raw: true, Args: []decl.Arg{arg("channel", "the name, or the unique number")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				_, ok := d.Engine.Channels().Lookup(a.Raw)
				return flag(ok), nil
			},
		},
	}
}

// callersItems are the items of CHANNEL that were set since one was to a text of a
// caller's, by name, with what came from him. The map is replaced, never changed.
type callersItems map[string]channel.Value

type callersKey struct{}

// OfPhone implements channel.OfPhone, as the items are.
func (callersKey) OfPhone() {}

func (c callersItems) with(item string, v channel.Value) callersItems {
	m := make(callersItems, len(c)+1)
	maps.Copy(m, c)
	m[item] = v
	return m
}

func readChannel(t channel.Thread, a *decl.Args) (string, error) {
	c, item := t.Channel(), strings.ToLower(a.Arg(0))
	s := c.Settings()
	switch item {
	case "name", "channame":
		return c.Name(), nil
	case "transfercapability":
		return extraOr(c, "channel-"+item, "SPEECH"), nil
	case "uniqueid":
		return c.Uniqueid(), nil
	case "linkedid":
		return c.Linkedid(), nil
	case "state":
		return c.State().String(), nil
	case "channeltype":
		return c.Tech().Name(), nil
	case "context":
		return t.Location().Context, nil
	case "exten":
		a.Tainted = true
		return t.Location().Exten, nil
	case "priority":
		return strconv.Itoa(t.Location().Priority), nil
	case "language":
		return s.Language, nil
	case "musicclass":
		return s.MusicClass, nil
	case "tonezone":
		return s.ToneZone, nil
	case "accountcode":
		return s.Account, nil
	case "amaflags":
		return strconv.Itoa(amaNumber(s.AMAFlags)), nil
	case "callgroup":
		return groupNumbers(s.CallGroup), nil
	case "pickupgroup":
		return groupNumbers(s.PickupGroup), nil
	case "namedcallgroup":
		return strings.Join(s.NamedCallGroups, ", "), nil
	case "namedpickupgroup":
		return strings.Join(s.NamedPickupGroups, ", "), nil
	case "max_forwards":
		return strconv.Itoa(channel.MaxDials - s.Dials), nil
	case "secure_bridge_signaling":
		return one(s.SecureSignaling), nil
	case "secure_bridge_media":
		return one(s.SecureMedia), nil
	case "after_bridge_goto":
		if l := c.AfterBridge(); l != nil {
			return fmt.Sprintf("%s,%s,%d", l.Context, l.Exten, l.Priority), nil
		}
		return "", nil
	case "peername":
		return c.Peer(), nil
	case "audionativeformat", "audioreadformat", "audiowriteformat":
		if item == "audionativeformat" {
			return "(" + strings.Join(s.Formats, "|") + ")", nil
		}
		if len(s.Formats) > 0 {
			return s.Formats[0], nil
		}
		return "", nil
	case "checkhangup":
		return flag(c.HungUp()), nil
	case "userfield", "parkinglot", "peeraccount", "hangupsource", "dtmf_features":
		return extra(c, "channel-"+item), nil
	}
	name := item
	if len(a.Pos) > 1 {
		name += "," + strings.Join(a.Pos[1:], ",")
	}
	if v, ok := c.Leg().Item(name); ok {
		a.Tainted = true
		return v, nil
	}
	return "", fmt.Errorf("unknown item '%s'", item)
}

func writeChannel(c *channel.Channel, item, v string) error {
	switch item {
	case "hangup_handler_wipe", "hangup_handler_pop", "hangup_handler_push":
		switch item {
		case "hangup_handler_wipe":
			dialplan.WipeHangupHandlers(c)
		case "hangup_handler_pop":
			dialplan.PopHangupHandler(c)
		}
		if v != "" {
			dialplan.PushHangupHandler(c, v)
		}
	case "language":
		c.SetSettings(func(s *channel.Settings) { s.Language = v })
	case "musicclass":
		c.SetSettings(func(s *channel.Settings) { s.MusicClass = v })
	case "accountcode":
		c.SetSettings(func(s *channel.Settings) { s.Account = v })
	case "tonezone":
		c.SetSettings(func(s *channel.Settings) { s.ToneZone = strings.ToLower(v) })
	case "amaflags":
		c.SetSettings(func(s *channel.Settings) { s.AMAFlags = amaFlag(v) })
	case "callgroup":
		c.SetSettings(func(s *channel.Settings) { s.CallGroup = groupMask(v) })
	case "pickupgroup":
		c.SetSettings(func(s *channel.Settings) { s.PickupGroup = groupMask(v) })
	case "namedcallgroup":
		c.SetSettings(func(s *channel.Settings) { s.NamedCallGroups = names(v) })
	case "namedpickupgroup":
		c.SetSettings(func(s *channel.Settings) { s.NamedPickupGroups = names(v) })
	case "max_forwards":
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return fmt.Errorf("'%s' is not a number of forwards", v)
		}
		c.SetSettings(func(s *channel.Settings) { s.Dials = channel.MaxDials - min(n, channel.MaxDials) })
	case "secure_bridge_signaling", "secure_bridge_media":
		on, ok := config.Bool(v)
		if !ok && v != "" {
			return fmt.Errorf("'%s' is not 1 or 0", v)
		}
		c.SetSettings(func(s *channel.Settings) {
			if item == "secure_bridge_media" {
				s.SecureMedia = on
			} else {
				s.SecureSignaling = on
			}
		})
	case "transfercapability":
		if v = strings.ToUpper(v); slices.Contains(capabilities, v) {
			setExtra(c, "channel-"+item, v)
		}
	case "userfield", "parkinglot", "peeraccount", "hangupsource", "dtmf_features":
		setExtra(c, "channel-"+item, v)
	default:
		return fmt.Errorf("item '%s' cannot be set", item)
	}
	return nil
}

// writeAfterBridge takes a place as Goto() does, its parts after commas or carets; nothing
// takes it back.
func writeAfterBridge(t channel.Thread, v string) error {
	if v == "" {
		t.Channel().SetAfterBridge(nil)
		return nil
	}
	l, err := t.Resolve(strings.ReplaceAll(v, "^", ","))
	if err != nil {
		return err
	}
	t.Channel().SetAfterBridge(&l)
	return nil
}

// amaFlags are the words for the numbers of CHANNEL(amaflags).
var amaFlags = []string{"DEFAULT", "OMIT", "BILLING", "DOCUMENTATION"}

// amaNumber is the number of a flag; none is that of documentation.
func amaNumber(s string) int {
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	if i := slices.Index(amaFlags, strings.ToUpper(s)); i > 0 {
		return i
	}
	return len(amaFlags) - 1
}

// amaFlag is a flag as it is given, a word or what begins with a number. An unknown
// word is none of them, which is 0.
func amaFlag(v string) string {
	if n, err := number(v); err == nil {
		return strconv.Itoa(n)
	}
	if !slices.Contains(amaFlags, strings.ToUpper(v)) {
		return "0"
	}
	return v
}

// capabilities are the bearer capabilities of ISDN that a plan may name; nothing here
// looks at them.
var capabilities = []string{"SPEECH", "DIGITAL", "RESTRICTED_DIGITAL", "3K1AUDIO", "DIGITAL_W_TONES", "VIDEO"}

// one is 1 for yes and nothing for no.
func one(yes bool) string {
	if yes {
		return "1"
	}
	return ""
}

// groupNumbers writes a mask of groups 0-63 as "1, 3".
func groupNumbers(mask uint64) string {
	var b strings.Builder
	for ; mask != 0; mask &= mask - 1 {
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(bits.TrailingZeros64(mask)))
	}
	return b.String()
}

// names reads a list of names.
func names(s string) (list []string) {
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name != "" {
			list = append(list, name)
		}
	}
	return list
}

// groupMask reads a list of groups and ranges such as "1,3-5".
func groupMask(s string) (mask uint64) {
	for part := range strings.SplitSeq(s, ",") {
		from, rest, ok := scanInteger(part)
		if !ok {
			continue
		}
		to := from
		if last, ranged := strings.CutPrefix(rest, "-"); ranged {
			if n, _, ok := scanInteger(last); ok {
				to = n
			}
		}
		for g := max(0, from); g <= min(63, to); g++ {
			mask |= 1 << g
		}
	}
	return mask
}
