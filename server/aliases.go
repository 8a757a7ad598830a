package server

import (
	"context"
	"fmt"
	"strings"

	"pbx/config"
	"pbx/console"
	"pbx/decl"
)

// readAliases reads cli_aliases.conf, which may be absent: [general] names the sections
// whose lines are aliases of console commands.
func readAliases(l *config.Loader) (list []console.Alias, findings []config.Finding, err error) {
	file, findings, err := l.Optional("cli_aliases.conf")
	if err != nil || file == nil {
		return nil, findings, err
	}
	general := file.Section("general")
	if general == nil {
		return nil, findings, nil
	}
	for _, v := range general.Vars {
		if !strings.EqualFold(v.Name, "template") {
			findings = append(findings, unknownKey(v, "cli_aliases.conf [general]", []string{"template"}))
			continue
		}
		sections := file.All(v.Value)
		if len(sections) == 0 {
			findings = append(findings, config.Finding{
				Pos: v.Pos, Severity: config.Warning, Rule: "bad-value", Token: v.Value, Message: "cli_aliases.conf has no section [" + v.Value + "]",
			})
		}
		for _, s := range sections {
			for _, a := range s.Vars {
				list = append(list, console.Alias{Words: strings.Join(strings.Fields(a.Name), " "), Target: strings.Join(strings.Fields(a.Value), " ")})
			}
		}
	}
	return list, findings, nil
}

// aliasCommands are the commands about aliases.
func (s *Server) aliasCommands() []decl.Command {
	return []decl.Command{{
		Words: "cli show aliases", Synopsis: "Show the aliases of cli_aliases.conf",
		Run: func(_ context.Context, r *decl.Request) error {
			const format = "%-50.50s %-50.50s\n"
			fmt.Fprintf(r.Out, format, "Alias Command", "Real Command")
			for _, a := range s.commands.Aliases() {
				fmt.Fprintf(r.Out, format, esc(a.Words), esc(a.Target))
			}
			return nil
		},
	}}
}
