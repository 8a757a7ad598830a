package apps

import (
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
)

func importVar() channel.Application {
	return channel.Application{
		Name:     "ImportVar",
		Synopsis: "Copy a variable of another channel",
		Help:     `Sets a variable of this channel to what the other channel's variable is, or a function there such as CALLERID(num). The function IMPORT does the same.`,
		Args:     []decl.Arg{{Name: "newvar=channel,variable", Help: "The variable to set, the name of the other channel and its variable."}},
		SeeAlso:  []string{"Set"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			name, from, ok := strings.Cut(args.Raw, "=")
			parts := decl.Split(from, 2)
			if !ok || len(parts) < 2 {
				warn(t, "ImportVar requires an argument: ImportVar(newvar=channelname,variable)")
				return nil
			}
			var v channel.Value
			other, found := t.Channel().Registry().Find(parts[0])
			if thread, ok := t.(*dialplan.Thread); ok && found {
				var err error
				if v, err = thread.Engine().Read(other, parts[1], args.Tainted); err != nil {
					warn(t, "ImportVar: %s: %v", parts[1], err)
				}
			}
			return forgive(t, "ImportVar", t.Set(name, v))
		},
	}
}

func clearHash() channel.Application {
	return channel.Application{
		Name:     "ClearHash",
		Synopsis: "Empty a hash",
		Help:     `Removes every key of the hash that HASH() wrote.`,
		Args:     []decl.Arg{{Name: "hashname", Help: "The hash."}},
		SeeAlso:  []string{"Set"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			prefix := "~HASH~" + args.Raw + "~"
			for _, v := range t.Channel().Variables() {
				if strings.HasPrefix(v.Name, prefix) {
					t.Channel().UnsetVar(v.Name)
				}
			}
			return nil
		},
	}
}

func dumpChan() channel.Application {
	return channel.Application{
		Name:     "DumpChan",
		Synopsis: "Log what is known of the channel",
		Help:     `Logs the channel's facts and variables as a verbose message.`,
		Args:     []decl.Arg{{Name: "level", Help: "Only if the verbose level is at least this.", Optional: true}},
		SeeAlso:  []string{"NoOp", "Verbose"},
		Run: func(t channel.Thread, args *decl.Args) error {
			var b strings.Builder
			ch := t.Channel()
			s, id, at := ch.Snapshot(), ch.Identity(), t.Location()
			line := func(name string, v any) { fmt.Fprintf(&b, "%-20s%v\n", name+"=", v) }
			b.WriteString("Dumping Info For Channel: " + ch.Name() + ":\nInfo:\n")
			line("Name", ch.Name())
			line("Type", ch.Tech().Name())
			line("UniqueID", ch.Uniqueid())
			line("LinkedID", ch.Linkedid())
			line("CallerIDNum", orNone(id.Caller.Number))
			line("CallerIDName", orNone(id.Caller.Name))
			line("ConnectedLineIDNum", orNone(id.Connected.Number))
			line("ConnectedLineIDName", orNone(id.Connected.Name))
			line("DNIDDigits", orNone(id.DNID))
			line("Language", ch.Settings().Language)
			line("State", fmt.Sprintf("%s (%d)", ch.State(), int(ch.State())))
			line("NativeFormat", "("+strings.Join(ch.Settings().Formats, "|")+")")
			line("Context", at.Context)
			line("Extension", at.Exten)
			line("Priority", at.Priority)
			line("Application", s.App)
			line("Data", orNone(s.Data))
			b.WriteString("\nVariables:\n")
			for _, v := range ch.Variables() {
				b.WriteString(v.Prefixed() + "=" + v.Value.S + "\n")
			}
			tell(t, max(0, int(wholeNumber(args.Arg(0)))), "%s", b.String())
			return nil
		},
	}
}

func orNone(s string) string {
	if s == "" {
		return "(N/A)"
	}
	return s
}
