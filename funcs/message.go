package funcs

import (
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func messageFunctions() []channel.Function {
	return []channel.Function{
		{
			Name: "MESSAGE", Synopsis: "Read or write the text message of the channel",
			Help:    "A message that came outside of a call runs the dialplan in the channel Message/ast_msg_queue. to and from are as the message has them; writing to, from or body changes what MessageSend sends. custom_data can be written only: mark_all_outbound has every fact of MESSAGE_DATA sent along, clear_all_outbound none.",
			Args:    []decl.Arg{arg("field", "to, from, body or custom_data")},
			SeeAlso: []string{"MESSAGE_DATA"},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				m := t.Channel().Message()
				a.Tainted = m.Tainted
				switch strings.ToLower(a.Arg(0)) {
				case "to":
					return m.To, nil
				case "from":
					return m.From, nil
				case "body":
					return m.Body, nil
				}
				return "", fmt.Errorf("%q is not to, from or body", a.Arg(0))
			},
			Write: func(t channel.Thread, a *decl.Args, value string) error {
				m := t.Channel().Message()
				m.Tainted = m.Tainted || a.Tainted
				switch strings.ToLower(a.Arg(0)) {
				case "to":
					m.To = value
				case "from":
					m.From = value
				case "body":
					m.Body = value
				case "custom_data":
					if value != "mark_all_outbound" && value != "clear_all_outbound" {
						return fmt.Errorf("custom_data is mark_all_outbound or clear_all_outbound, not %q", value)
					}
					for i := range m.Data {
						m.Data[i].Outbound = value == "mark_all_outbound"
					}
				default:
					return fmt.Errorf("%q is not to, from, body or custom_data", a.Arg(0))
				}
				return nil
			},
		},
		{
			Name: "MESSAGE_DATA", Synopsis: "Read or write a header of the text message of the channel",
			Help:    "Reads a header of the message that came, or SIP_PEERNAME (who sent it) and SIP_RECVADDR (from where). What is written is sent along by MessageSend; an empty value removes it.",
			Args:    []decl.Arg{arg("name", "of the header")},
			SeeAlso: []string{"MESSAGE"},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				d, _ := t.Channel().Message().Lookup(a.Arg(0))
				a.Tainted = d.Tainted
				return d.Value, nil
			},
			Write: func(t channel.Thread, a *decl.Args, value string) error {
				if a.Arg(0) == "" {
					return fmt.Errorf("the name is missing")
				}
				t.Channel().Message().Set(channel.MessageData{Name: a.Arg(0), Value: value, Tainted: a.Tainted, Outbound: true})
				return nil
			},
		},
	}
}
