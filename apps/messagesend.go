package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func messageSend() channel.Application {
	return channel.Application{
		Name:     "MessageSend",
		Synopsis: "Send a text message",
		Help: `Sends the channel's message, which MESSAGE() and MESSAGE_DATA() read and write, outside of any call. It waits a few seconds for the far end's answer.

A message that came from a phone can be sent on as often as its Max-Forwards says, so that two exchanges do not send it to each other for ever.`,
		Args: []decl.Arg{
			{Name: "destination", Help: "Where it goes, with the technology in front: sip:101, a section of sip.conf, sip:user@peer, or sip:user@host."},
			{Name: "from", Help: "Who it is from, as a name, an address or both; that of MESSAGE(from) if not given.", Optional: true},
			{Name: "to", Help: "What the header To shows, the destination if not given.", Optional: true},
		},
		Variables: []decl.Variable{
			{Name: "MESSAGE_SEND_STATUS", Help: "How it went.", Values: []string{"SUCCESS", "FAILURE", "INVALID_PROTOCOL", "INVALID_URI"}},
		},
		SeeAlso: []string{"SendText"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			status := sendMessage(t, args.Arg(0), args.Arg(1), args.Arg(2))
			t.Channel().SetVar("MESSAGE_SEND_STATUS", channel.Clean(status))
			return nil
		},
	}
}

func sendMessage(t channel.Thread, to, from, header string) string {
	if to == "" {
		warn(t, "A 'to' URI is required for MessageSend()")
		return "INVALID_URI"
	}
	scheme, _, ok := strings.Cut(to, ":")
	if i := strings.LastIndexByte(scheme, '<'); i >= 0 { // "Name" <sip:…>
		scheme = scheme[i+1:]
	}
	carrier := t.Channel().Registry().Messenger(scheme)
	if !ok || carrier == nil {
		warn(t, "No message technology '%s' found", scheme)
		return "INVALID_PROTOCOL"
	}
	m := t.Channel().Message()
	if from == "" {
		from = m.From
	}
	if err := carrier.SendMessage(to, from, header, m); err != nil {
		warn(t, "MessageSend to %s: %v", to, err)
		return "FAILURE"
	}
	return "SUCCESS"
}
