package server

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pbx/decl"
	"pbx/media"
	"pbx/media/sound"
)

// codecCommands are the commands about codecs, sound files and tones.
func (s *Server) codecCommands() []decl.Command {
	country := func(args []string, _ string) []string {
		return slices.DeleteFunc(s.configuration().tones.Countries(), func(c string) bool { return slices.Contains(args, c) })
	}
	return []decl.Command{
		{
			Words: "core show codecs", Synopsis: "Show the codecs that allow= may name",
			Args: []decl.Arg{{Name: "audio|video|image|text", Optional: true}}, Run: showCodecs, Complete: words("audio", "video", "image", "text"),
		},
		{
			Words: "core show codec", Synopsis: "Show one of the codecs", Args: []decl.Arg{{Name: "number", Help: "its ID in `core show codecs`, or its name"}}, Run: showCodec,
			Complete: func(args []string, _ string) []string {
				if len(args) > 0 {
					return nil
				}
				return codecNames(func(media.Format) bool { return true })
			},
		},
		{Words: "core show file formats", Synopsis: "Show the kinds of sound file", Run: showFileFormats},
		{
			Words: "core show translation", Synopsis: "Show between which codecs sounds are converted", Run: showTranslation,
			Args: []decl.Arg{{Name: "recalc|paths", Optional: true}, {Name: "codec", Optional: true}},
			Help: "Calls are relayed in a codec that both legs have; what is played to one leg is converted. " +
				"The number says how many steps that takes. Nothing is measured, so recalc changes nothing. With paths: to what one codec is converted.",
			Complete: func(args []string, _ string) []string {
				switch {
				case len(args) == 0:
					return []string{"recalc", "paths"}
				case len(args) == 1 && args[0] == "paths":
					return codecNames(converted)
				}
				return nil
			},
		},
		{
			Words: "indication show", Synopsis: "Show the countries of indications.conf, or the tones of some",
			Args: []decl.Arg{{Name: "country", Optional: true, Repeat: true}}, Run: s.showIndications, Complete: country,
		},
	}
}

func codecNames(which func(media.Format) bool) (names []string) {
	for _, f := range media.Formats() {
		if which(f) {
			names = append(names, f.Name)
		}
	}
	return names
}

// codecDescription is a codec by its name in SDP.
func codecDescription(f media.Format) string { return fmt.Sprintf("%s, %d Hz", f.Encoding, f.Clock) }

func showCodecs(_ context.Context, r *decl.Request) error {
	const format = "%8v %-5s %-12s %-16s %s\n"
	// Two lines of head, the titles and a rule: programs leave out four.
	fmt.Fprintf(r.Out, "These are the codecs that can be named.\n\tWhich of them phones are offered stands in sip.conf.\n")
	fmt.Fprintf(r.Out, format, "ID", "TYPE", "NAME", "FORMAT", "DESCRIPTION")
	fmt.Fprintln(r.Out, strings.Repeat("-", 96))
	for i, f := range media.Formats() {
		kind := "audio"
		if f.Video {
			kind = "video"
		}
		if want := r.Arg(0); want != "" && !strings.EqualFold(want, kind) {
			continue
		}
		fmt.Fprintf(r.Out, format, i+1, kind, f.Name, f.Name, "("+codecDescription(f)+")")
	}
	return nil
}

func showCodec(_ context.Context, r *decl.Request) error {
	for i, f := range media.Formats() {
		if r.Arg(0) == strconv.Itoa(i+1) || strings.EqualFold(r.Arg(0), f.Name) {
			fmt.Fprintf(r.Out, "%11d %s (%s)\n", i+1, f.Name, codecDescription(f))
			return nil
		}
	}
	fmt.Fprintf(r.Out, "Codec %s not found\n", esc(r.Arg(0)))
	return nil
}

func showFileFormats(_ context.Context, r *decl.Request) error {
	const format = "%-10s %-10s %-20s\n"
	fmt.Fprintf(r.Out, format, "Format", "Name", "Extensions")
	for _, f := range sound.FileTypes() {
		fmt.Fprintf(r.Out, format, f.Codec, f.Extension, f.Extension)
	}
	fmt.Fprintf(r.Out, "%d file formats registered.\n", len(sound.FileTypes()))
	return nil
}

// converted reports whether a codec is converted to any other.
func converted(f media.Format) bool {
	return !f.Video && slices.ContainsFunc(media.Formats(), func(to media.Format) bool {
		return to.Name != f.Name && sound.Converts(f.Name, to.Name)
	})
}

func showTranslation(_ context.Context, r *decl.Request) error {
	names := codecNames(converted)
	switch strings.ToLower(r.Arg(0)) {
	case "", "recalc":
		showConversions(r, names)
		return nil
	case "paths":
		if r.Arg(1) != "" {
			return showPaths(r, names)
		}
	}
	return decl.ErrUsage
}

// showConversions is the table of all; codecs that nothing converts are left out.
func showConversions(r *decl.Request, names []string) {
	fmt.Fprintf(r.Out, "         Steps of a conversion, - where there is none\n          Source Format (Rows) Destination Format (Columns)\n\n%9s", "")
	for _, to := range names {
		fmt.Fprintf(r.Out, " %6s", to)
	}
	fmt.Fprintln(r.Out)
	for _, from := range names {
		fmt.Fprintf(r.Out, "%9s", from)
		for _, to := range names {
			steps := "-"
			if from != to && sound.Converts(from, to) {
				steps = "1"
			}
			fmt.Fprintf(r.Out, " %6s", steps)
		}
		fmt.Fprintln(r.Out)
	}
}

func showPaths(r *decl.Request, names []string) error {
	all := media.Formats()
	i := slices.IndexFunc(all, func(f media.Format) bool { return strings.EqualFold(f.Name, r.Arg(1)) })
	if i < 0 {
		return fmt.Errorf("there is no codec %q; `core show codecs` lists them", r.Arg(1))
	}
	from := all[i].Name
	fmt.Fprintf(r.Out, "--- Translation paths SRC Codec \"%s\" ---\n", from)
	for _, to := range names {
		if to == from {
			continue
		}
		path := "No Translation Path"
		if sound.Converts(from, to) {
			path = fmt.Sprintf("(%s)->(%s)", from, to)
		}
		fmt.Fprintf(r.Out, "\t%s To %s : %s\n", from, to, path)
	}
	return nil
}

func (s *Server) showIndications(_ context.Context, r *decl.Request) error {
	zones := s.configuration().tones
	if len(r.Args) == 0 {
		fmt.Fprint(r.Out, "Country   Description\n===========================\n")
		for _, name := range slices.Sorted(slices.Values(zones.Countries())) {
			zone, _ := zones.Zone(name)
			fmt.Fprintf(r.Out, "%-7.7s  %s\n", esc(name), esc(zone.Description))
		}
		return nil
	}
	found := false
	for _, name := range r.Args {
		zone, ok := zones.Zone(name)
		if !ok {
			continue
		}
		if !found {
			found = true
			fmt.Fprint(r.Out, "Country Indication      PlayList\n=====================================\n")
		}
		line := func(tone, list string) {
			fmt.Fprintf(r.Out, "%-7.7s %-15.15s %s\n", esc(strings.ToLower(name)), esc(tone), esc(list))
		}
		line("<ringcadence>", zone.Cadence)
		for _, p := range zone.Playlists {
			line(p.Name, p.List)
		}
	}
	if !found {
		fmt.Fprintln(r.Out, "No countries matched your criteria.")
	}
	return nil
}
