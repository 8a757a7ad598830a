package devstate

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// Functions are the dialplan functions that read any device or presence, and
// write custom ones.
func (t *Table) Functions(r *channel.Registry) []channel.Function {
	return []channel.Function{
		{
			Name: "DEVICE_STATE", Synopsis: "What a device is doing; sets that of Custom: devices",
			Help:    "UNKNOWN, NOT_INUSE, INUSE, BUSY, INVALID, UNAVAILABLE, RINGING, RINGINUSE or ONHOLD. A state that was set is kept over a restart.",
			Args:    []decl.Arg{{Name: "device", Help: "such as SIP/100, Custom:lamp or MWI:box@context", Target: decl.Device}},
			SeeAlso: []string{"EXTENSION_STATE", "HINT"},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				return r.DeviceState(a.Arg(0)).String(), nil
			},
			Write: func(_ channel.Thread, a *decl.Args, v string) error {
				name, ok := cutPrefix(a.Arg(0), Custom)
				if !ok {
					return errors.New("only the state of a Custom: device can be set")
				}
				state, ok := channel.ParseDeviceState(strings.TrimSpace(v))
				if !ok {
					return fmt.Errorf("%q is not one of %s", v, strings.Join(deviceStates(), ", "))
				}
				t.SetDevice(name, state)
				return nil
			},
		},
		{
			Name: "PRESENCE_STATE", Synopsis: "What a person says of himself; sets that of CustomPresence: providers",
			Help: "It is written as state[,subtype[,message[,e]]], where e says that subtype and message are in base64. The states are not_set, unavailable, available, away, xa, chat and dnd.",
			Args: []decl.Arg{
				{Name: "provider", Help: "such as CustomPresence:anna, or SIP:peer for what a phone published"},
				{Name: "field", Help: "value, subtype or message", Optional: true},
				{Name: "options", Help: "e: in base64", Optional: true},
			},
			SeeAlso: []string{"DEVICE_STATE"},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				p, ok := r.Presence(a.Arg(0))
				if !ok {
					return "", fmt.Errorf("there is no presence provider %q", a.Arg(0))
				}
				text := p.State.String()
				switch strings.ToLower(a.Arg(1)) {
				case "", "value":
				case "subtype":
					text = p.Subtype
				case "message":
					text = p.Message
				default:
					return "", fmt.Errorf("%q is not value, subtype or message", a.Arg(1))
				}
				if a.Arg(1) != "" && !strings.EqualFold(a.Arg(1), "value") {
					a.Tainted = true // a phone may have said it
				}
				if strings.Contains(a.Arg(2), "e") {
					text = base64.StdEncoding.EncodeToString([]byte(text))
				}
				return text, nil
			},
			Write: func(_ channel.Thread, a *decl.Args, v string) error {
				name, ok := cutPrefix(a.Arg(0), CustomPresence)
				if !ok {
					return errors.New("only the presence of a CustomPresence: provider can be set")
				}
				p, err := parseWritten(v)
				if err != nil {
					return err
				}
				t.SetPresence(name, p)
				return nil
			},
		},
	}
}

// parseWritten reads state[,subtype[,message[,e]]].
func parseWritten(v string) (channel.Presence, error) {
	parts := strings.SplitN(v, ",", 4)
	encoded := len(parts) == 4 && strings.TrimSpace(parts[3]) == "e"
	if len(parts) == 4 && !encoded { // a message with a comma
		parts = strings.SplitN(v, ",", 3)
	}
	p, err := ParsePresence(strings.Join(parts[:min(len(parts), 3)], ","))
	if err != nil || !encoded {
		return p, err
	}
	for _, s := range [...]*string{&p.Subtype, &p.Message} {
		b, err := base64.StdEncoding.DecodeString(*s)
		if err != nil {
			return p, fmt.Errorf("%q is not base64", *s)
		}
		*s = string(b)
	}
	return p, nil
}
