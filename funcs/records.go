package funcs

import (
	"strings"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
)

// officeColumns are those columns of a record whose text is the office's own; the
// others hold what a phone sent.
var officeColumns = map[string]bool{
	"start": true, "answer": true, "end": true, "duration": true, "billsec": true, "disposition": true, "amaflags": true, "uniqueid": true,
	"linkedid": true, "sequence": true, "channel": true, "dstchannel": true, "lastapp": true, "dcontext": true,
}

func recordFunctions(d Deps) []channel.Function {
	return []channel.Function{
		{
			Name: "CDR", Synopsis: "A column of the call record",
			Help: "Columns: accountcode, src, dst, dcontext, clid, channel, dstchannel, lastapp, lastdata, start, answer, end, duration, billsec, disposition, amaflags, uniqueid, userfield, linkedid, peeraccount, sequence, and those that the dialplan adds by setting them. Written: accountcode, amaflags, userfield and one's own. Options: u leaves times as seconds, and disposition and amaflags as numbers; f gives duration and billsec fractions; r is accepted.",
			Args: []decl.Arg{arg("name", "the column"), optional("options", "letters: u, f, r")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				name := strings.ToLower(a.Arg(0))
				v, _ := d.Records.Field(t.Channel().Uniqueid(), name, a.Arg(1))
				a.Tainted = a.Tainted || !officeColumns[name] && v != ""
				return v, nil
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				c := t.Channel()
				switch name := strings.ToLower(a.Arg(0)); name {
				case "accountcode":
					c.SetSettings(func(s *channel.Settings) { s.Account = v })
				case "amaflags":
					c.SetSettings(func(s *channel.Settings) { s.AMAFlags = amaFlag(v) })
				default:
					return d.Records.SetField(c.Uniqueid(), name, v)
				}
				return nil
			},
		},
		{
			Name: "CDR_PROP", Synopsis: "Properties of the channel's call records",
			Help: "Set(CDR_PROP(disable)=1) takes the records of the channel out, 0 brings them back; Set(CDR_PROP(party_a)=1) makes the channel the first party of its records.",
			Args: []decl.Arg{arg("name", "disable or party_a")},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				on, _ := config.Bool(v)
				switch strings.ToLower(a.Arg(0)) {
				case "disable":
					return d.Records.Disable(t.Channel().Uniqueid(), on)
				case "party_a":
					return d.Records.PreferA(t.Channel().Uniqueid(), on)
				}
				t.Log().Warn("CDR_PROP: no such property", "name", a.Arg(0))
				return nil
			},
		},
	}
}
