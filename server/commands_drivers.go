package server

import (
	"context"
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// driverCommands are the commands about the kinds of channel. Programs ask which there
// are before they write dial strings.
func (s *Server) driverCommands() []decl.Command {
	return []decl.Command{
		{Words: "core show channeltypes", Synopsis: "Show the kinds of channel", Run: s.showDrivers},
		{
			Words: "core show channeltype", Synopsis: "Show what is known of a kind of channel",
			Args: []decl.Arg{{Name: "type", Help: "what stands before the slash in a dial string"}}, Run: s.showDriver,
			Complete: func(args []string, _ string) (names []string) {
				if len(args) == 0 {
					for _, t := range s.registry.Technologies() {
						names = append(names, t.Name())
					}
				}
				return names
			},
		},
	}
}

func (s *Server) showDrivers(_ context.Context, r *decl.Request) error {
	const format = "%-15.15s  %-40.40s %-12.12s %-12.12s %-12.12s %-12.12s\n"
	const rule = "-----------"
	fmt.Fprintf(r.Out, format, "Type", "Description", "Devicestate", "Presencestate", "Indications", "Transfer")
	fmt.Fprintf(r.Out, format, rule, rule, rule, rule, rule, rule)
	list := s.registry.Technologies()
	for _, t := range list {
		f := driverFacts(t)
		fmt.Fprintf(r.Out, format, t.Name(), t.Description(), f.devices, f.presence, f.indications, f.transfer)
	}
	fmt.Fprintf(r.Out, "----------\n%d channel drivers registered.\n", len(list))
	return nil
}

func (s *Server) showDriver(_ context.Context, r *decl.Request) error {
	for _, t := range s.registry.Technologies() {
		if strings.EqualFold(t.Name(), r.Arg(0)) {
			f := driverFacts(t)
			fmt.Fprintf(r.Out, "-- Info about channel driver: %s --\n  Description: %s\n  Device State: %s\n  Presence State: %s\n    Indication: %s\n     Transfer : %s\n",
				t.Name(), t.Description(), f.devices, f.presence, f.indications, f.transfer)
			return nil
		}
	}
	return fmt.Errorf("%s is not a registered channel driver.", r.Arg(0))
}

// facts are what can be asked of the channels of a driver.
type facts struct{ devices, presence, indications, transfer string }

// driverFacts are those of a driver. Every one tells the state of its devices and takes
// indications, as the interface wants it; what people say of themselves no driver knows.
func driverFacts(t channel.Technology) facts {
	f := facts{devices: "yes", presence: "no", indications: "yes", transfer: "no"}
	if _, ok := t.(channel.Referrer); ok {
		f.transfer = "yes"
	}
	return f
}
