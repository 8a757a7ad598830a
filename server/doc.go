package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"pbx/channel"
	"pbx/channels/sip"
	"pbx/config"
	"pbx/console"
	"pbx/event"
)

// Doc explains what a name means: an application, a function, an option of
// sip.conf, a rule of pbx check, a console command; all of them where it is several.
// The text comes from the declarations that `core show application` and docs/
// show.
func Doc(w io.Writer, name string) error {
	s := &Server{now: time.Now, bus: &event.Bus{}, log: slog.New(slog.DiscardHandler), sip: &sip.Driver{}, logger: console.NewLogger()}
	defer s.logger.Close()
	s.registry = channel.NewRegistry(s.bus, s.log, s.now, "")
	s.buildDialplan(&configuration{})
	s.engine.AddApplications(s.sip.Applications())
	s.engine.AddFunctions(s.sip.Functions())
	s.buildCommands()

	name = strings.Join(strings.Fields(name), " ")
	plain, _, _ := strings.Cut(name, "(") // Dial(), CUT()
	found := false
	var known []string
	tell := func(command string) error {
		found = true
		return s.commands.Run(context.Background(), command, w)
	}
	for _, a := range s.engine.Applications() {
		if known = append(known, a.Name); strings.EqualFold(a.Name, plain) {
			if err := tell("core show application " + a.Name); err != nil {
				return err
			}
		}
	}
	for _, f := range s.engine.Functions() {
		if known = append(known, f.Name); strings.EqualFold(f.Name, plain) {
			if err := tell("core show function " + f.Name); err != nil {
				return err
			}
		}
	}
	for _, o := range sip.Options() {
		known = append(append(known, o.Name), o.Aliases...)
		if contains(append([]string{o.Name}, o.Aliases...), name) {
			found = true
			docOption(w, &o)
		}
	}
	for _, r := range Rules() {
		if known = append(known, r.Name); strings.EqualFold(r.Name, name) {
			found = true
			docRule(w, &r)
		}
	}
	for _, c := range s.commands.All() {
		if known = append(known, c.Words); strings.EqualFold(c.Words, name) {
			if err := tell("core show help " + c.Words); err != nil {
				return err
			}
		}
	}
	if found {
		return nil
	}
	text := fmt.Sprintf("nothing is called %q", name)
	if near := config.Nearest(plain, known); near != "" {
		text += "; did you mean " + near + "?"
	}
	return fmt.Errorf("%s", text)
}

func docOption(w io.Writer, o *sip.Option) {
	fmt.Fprintf(w, "\n  -= Info about the option '%s' of sip.conf =- \n\n", o.Name)
	if len(o.Aliases) > 0 {
		fmt.Fprintf(w, "[Also]\n%s\n\n", strings.Join(o.Aliases, ", "))
	}
	where := "the section of a device"
	switch {
	case o.General && o.Device:
		where = "[general], for all devices, and the section of a device"
	case o.General:
		where = "[general]"
	}
	fmt.Fprintf(w, "[Where]\n%s\n\n[Value]\n%s\n\n", where, orNone(o.Form, "Not available"))
	def := orNone(o.Default, "none")
	if o.Compat != "" {
		def += "; with compat=asterisk " + o.Compat
	}
	fmt.Fprintf(w, "[Default]\n%s\n\n[Description]\n%s\n\n", def, orNone(o.Help, "Not available"))
	if o.Absent != "" {
		fmt.Fprintf(w, "[Not acted on]\n%s\n\n", o.Absent)
	}
}

func docRule(w io.Writer, r *Rule) {
	fmt.Fprintf(w, "\n  -= Info about the rule '%s' of pbx check =- \n\n[Description]\n%s\n\n", r.Name, r.Help)
	if r.Strict {
		fmt.Fprint(w, "[Looked for]\nwith --strict only\n\n")
	}
	if r.Bad != "" {
		fmt.Fprintf(w, "[Found in %s]\n%s\n", r.File, r.Bad)
	}
	if r.Good != "" {
		fmt.Fprintf(w, "[Better]\n%s\n", r.Good)
	}
}
