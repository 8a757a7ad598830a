package server

import (
	"bytes"
	"fmt"
	"strings"

	"pbx/api"
	"pbx/channel"
	"pbx/channels/sip"
	"pbx/console"
	"pbx/decl"
	"pbx/feed"
)

// generated heads every page that is made.
const generated = "<!-- Made from the declarations in the code by `make docs`; edit those. -->\n\n"

// reference makes the pages of docs/reference from the declarations of this
// exchange, by file name. They are the same on every machine.
func (s *Server) reference() map[string][]byte {
	return map[string][]byte{
		"applications.md": applicationPage(s.engine.Catalog().Applications()),
		"functions.md":    functionPage(s.engine.Catalog().Functions()),
		"commands.md":     commandPage(s.Commands().All()),
		"sip.conf.md":     optionPage(sip.Options()),
		"check.md":        rulePage(),
		"ami.md":          actionPage(s.manager.Actions()),
		"openapi.json":    api.OpenAPI(),
		"events.md":       feed.Reference(generated),
	}
}

// usageText is a call as it is written: Name(needed[,optional]).
func usageText(name string, args []decl.Arg) string {
	var b strings.Builder
	b.WriteString(name + "(")
	for i, a := range args {
		text := a.Name
		if i > 0 {
			text = "," + text
		}
		if a.Repeat {
			text += "[,…]"
		}
		if a.Optional {
			text = "[" + text + "]"
		}
		b.WriteString(text)
	}
	return b.String() + ")"
}

func writeArguments(b *bytes.Buffer, args []decl.Arg) {
	any := false
	for _, a := range args {
		if a.Help == "" {
			continue
		}
		any = true
		fmt.Fprintf(b, "- `%s`", a.Name)
		if a.Optional {
			b.WriteString(" (optional)")
		}
		fmt.Fprintf(b, ": %s\n", a.Help)
	}
	if any {
		b.WriteString("\n")
	}
}

func writeHelp(b *bytes.Buffer, help string) {
	if help = strings.TrimSpace(help); help != "" {
		b.WriteString(help + "\n\n")
	}
}

func writeSeeAlso(b *bytes.Buffer, names []string) {
	if len(names) > 0 {
		fmt.Fprintf(b, "See also: %s.\n\n", strings.Join(names, ", "))
	}
}

// cell is text as it may stand in a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// code is text between backquotes in a table, nothing where there is none.
func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + cell(text) + "`"
}

// page ends a page with one newline.
func page(b *bytes.Buffer) []byte { return append(bytes.TrimRight(b.Bytes(), "\n"), '\n') }

func actionPage(actions []decl.Action) []byte {
	b := bytes.NewBufferString("# AMI actions\n\n" + generated)
	for _, a := range actions {
		fmt.Fprintf(b, "## %s\n\n%s.", a.Name, strings.TrimSuffix(a.Synopsis, "."))
		if len(a.Classes) > 0 {
			fmt.Fprintf(b, " One of the write classes %s.", strings.Join(a.Classes, ", "))
		}
		b.WriteString("\n\n")
		writeHelp(b, a.Help)
		if len(a.Args) > 0 {
			b.WriteString("| header | |\n|---|---|\n")
			for _, x := range a.Args {
				help := x.Help
				if x.Optional {
					help = strings.TrimSpace("optional; " + help)
					help = strings.TrimSuffix(help, ";")
				}
				fmt.Fprintf(b, "| `%s` | %s |\n", x.Name, cell(help))
			}
			b.WriteString("\n")
		}
	}
	return page(b)
}

func applicationPage(apps []*channel.Application) []byte {
	b := bytes.NewBufferString("# Dialplan applications\n\n" + generated)
	for _, a := range apps {
		fmt.Fprintf(b, "## %s\n\n`%s`\n\n%s.\n\n", a.Name, usageText(a.Name, a.Args), strings.TrimSuffix(a.Synopsis, "."))
		writeHelp(b, a.Help)
		writeArguments(b, a.Args)
		if len(a.Options) > 0 {
			b.WriteString("| option | what it does |\n|---|---|\n")
			for _, o := range a.Options {
				letter := string(o.Letter)
				if len(o.Args) > 0 {
					letter += "(" + strings.Join(o.Args, ":") + ")"
				}
				help := o.Help
				if o.Absent != "" {
					help += " *Accepted, not acted on yet: " + o.Absent + ".*"
				}
				fmt.Fprintf(b, "| `%s` | %s |\n", letter, cell(help))
			}
			b.WriteString("\n")
		}
		if len(a.Variables) > 0 {
			b.WriteString("| variable | what it holds |\n|---|---|\n")
			for _, v := range a.Variables {
				help := v.Help
				if len(v.Values) > 0 {
					help += " One of " + strings.Join(v.Values, ", ") + "."
				}
				fmt.Fprintf(b, "| `%s` | %s |\n", v.Name, cell(help))
			}
			b.WriteString("\n")
		}
		writeSeeAlso(b, a.SeeAlso)
	}
	return page(b)
}

func functionPage(funcs []*channel.Function) []byte {
	b := bytes.NewBufferString("# Dialplan functions\n\n" + generated)
	for _, f := range funcs {
		how := "read"
		switch {
		case f.Read != nil && f.Write != nil:
			how = "read and write"
		case f.Write != nil:
			how = "write"
		}
		fmt.Fprintf(b, "## %s\n\n`%s` (%s)\n\n%s.\n\n", f.Name, usageText(f.Name, f.Args), how, strings.TrimSuffix(f.Synopsis, "."))
		writeHelp(b, f.Help)
		writeArguments(b, f.Args)
		writeSeeAlso(b, f.SeeAlso)
	}
	return page(b)
}

func commandPage(commands []decl.Command) []byte {
	b := bytes.NewBufferString("# Console commands\n\n" + generated)
	for _, c := range commands {
		fmt.Fprintf(b, "## %s\n\n`%s`\n\n%s.\n\n", c.Words, console.Usage(c), strings.TrimSuffix(c.Synopsis, "."))
		writeHelp(b, c.Help)
		writeArguments(b, c.Args)
	}
	return page(b)
}

// optionPage tells first of the options that act, then of those that do not.
func optionPage(options []sip.Option) []byte {
	b := bytes.NewBufferString("# Options of sip.conf\n\n" + generated)
	b.WriteString("`G` options stand in `[general]`, `D` options in the section of a device; where it is both, `[general]` gives what\n" +
		"a device section that does not say gets. `U` options stand in users.conf, whose entries may have `D` options, too. A default in parentheses is that of `compat=asterisk`.\n\n" +
		"## Options that act\n\n| option | where | value | default | what it does |\n|---|---|---|---|---|\n")
	for _, o := range options {
		if o.Help == "" || o.Absent != "" {
			continue
		}
		def := code(o.Default)
		if o.Compat != "" {
			def += " (" + code(o.Compat) + ")"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", optionName(o), optionPlace(o), cell(o.Form), def, cell(o.Help))
	}
	b.WriteString("\n## Options that are understood and do not act\n\n" +
		"`pbx check` names each where it is set to more than off.\n\n| option | where | why |\n|---|---|---|\n")
	for _, o := range options {
		if o.Absent == "" {
			continue
		}
		why := o.Absent
		if o.Help != "" {
			why += ". " + o.Help
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", optionName(o), optionPlace(o), cell(why))
	}
	return page(b)
}

func optionName(o sip.Option) string {
	names := code(o.Name)
	for _, a := range o.Aliases {
		names += ", " + code(a)
	}
	return names
}

func optionPlace(o sip.Option) string {
	switch {
	case o.General && o.Device:
		return "G D"
	case o.General:
		return "G"
	case o.Users:
		return "U"
	}
	return "D"
}

// rule is a kind of finding of `pbx check`.
type rule struct{ name, help string }

// rules are all of them; TestRules holds that no finding has another.
var rules = []rule{
	{"absent-application", "An application of Asterisk's that this exchange does not do yet."},
	{"absent-function", "A function of Asterisk's that this exchange does not do yet."},
	{"absent-option", "An option letter that is understood and does not act yet."},
	{"argument-count", "Too few arguments, or some where none belong."},
	{"bad-device", "What Dial is given is not Technology/device."},
	{"bad-hash", "A hash of a password that has not the length of one. Nobody can log in with it."},
	{"bad-priority", "A priority that is no number, no `n`, no `hint` and no label."},
	{"bad-time", "Times, of an include or of GotoIfTime, cannot be read: they never come. A blank before a value is part of it."},
	{"bad-value", "A value of the wrong kind, such as a word where a number belongs. The option keeps its default."},
	{"comment", "A block comment that is not closed, or closed twice."},
	{"directive", "A line with `#` that is none of #include, #tryinclude and #exec."},
	{"duplicate-section", "Two sections of one name where each is a thing of its own; the second is left out."},
	{"duplicate-include", "The same context, switch or pattern of ignored digits twice; the first is kept."},
	{"duplicate-label", "Two priorities of an extension have one label; the first keeps it."},
	{"duplicate-priority", "Two lines have the same priority; the first is kept."},
	{"escape", "A backslash at the end of a name; the file is refused."},
	{"exec", "#exec is not allowed, or its program failed."},
	{"expression", "A mistake in `$[…]` of a line that is computed when the file is read."},
	{"hep", "A line of hep.conf that cannot be used: no messages go to the capture server, or without that value."},
	{"registered-twice", "Two registrations of one account at one provider; the second is left out."},
	{"rtptimeout", "The file does not say when a call without audio ends; the ancestor's answer was never."},
	{"guests", "Unknown callers are let in, or the file does not say whether they are."},
	{"ignored-option", "An option of [general] in extensions.conf without effect here."},
	{"include", "A file that #include names is not there or cannot be read."},
	{"include-depth", "Files within files, too deep."},
	{"include-loop", "A file includes itself."},
	{"ael-syntax", "extensions.ael cannot be read from there on: extensions.conf runs without it, and what an extensions.ael gave the plan before stays until it can be read."},
	{"include-missing", "A context includes one that is not there."},
	{"load-function", "A function in a line that is computed when the file is read."},
	{"loopback", "The manager interface answers programs on this machine only, as manager.conf does not say where it listens."},
	{"long-line", "A line that is too long; it is skipped."},
	{"missing-sound", "A sound file that is neither in the sounds directory nor built in."},
	{"n-after-hint", "`n` after a hint, which no extension can count from: these lines are skipped until one has a number."},
	{"n-without-start", "`n` where nothing is before it; the line is skipped."},
	{"name-guessing", "alwaysauthreject=no, or a device that is answered otherwise than a name that does not exist: who asks learns which names exist."},
	{"no-application", "An extension line without an application."},
	{"no-codec", "A device allows neither ulaw nor alaw, the codecs of prompts, tones and translation."},
	{"no-effect", "An option that is understood and does nothing here."},
	{"no-equal-sign", "A line without `=`; it is skipped."},
	{"no-extension", "An exten line without an extension; it is skipped."},
	{"no-host", "A peer that can neither register nor be called."},
	{"no-localnet", "externaddr without localnet: it is never used."},
	{"no-name", "A line with nothing before `=`; it is skipped."},
	{"no-proof", "A device that may come in without a password."},
	{"no-registrar", "A callbackextension in a section without a host to register at."},
	{"not-read", "A file of Asterisk's that this exchange does not read yet."},
	{"no-trunk", "A provider that is registered with and that no section has as its host: its calls are those of a guest."},
	{"no-secret", "A section for programs that has no secret: nobody can log in with it."},
	{"no-section", "A line before the first section; the file is refused."},
	{"nul-byte", "A NUL byte: the line ends there."},
	{"old-arguments", "Arguments after a comma instead of in parentheses, or divided by bars."},
	{"open-manager", "A user of manager.conf that may log in from everywhere, in clear text."},
	{"open-acl", "permit without deny: everybody may pass."},
	{"pattern-dot", "`_.` also catches h, i, t and s."},
	{"same-address", "Two peers at one address: calls are taken for the first."},
	{"same-secret", "Two devices with one password."},
	{"same-without-exten", "`same` before any extension; the line is skipped."},
	{"section", "A section's line that cannot be read, which refuses the file, or that has something needless."},
	{"sip-duplicate", "Two sections with one name; the second adds to the first."},
	{"sip-no-type", "A section without type; it is skipped."},
	{"sip-not-acting", "An option that is understood and does not act here."},
	{"sip-place", "An option of [general] in a device section, or the other way round."},
	{"sip-type", "A type that is not peer, user or friend; the section is skipped."},
	{"sip-value", "A value that cannot be read; the option keeps the one it had."},
	{"text-condition", "A comparison outside of `$[ ]`: nothing computes it, and its text is a condition that is nearly always true."},
	{"tls-certificate", "A file of the tls options cannot be read: TLS is not served, or goes on with what it had."},
	{"tls-cipher", "A suite that is not spoken."},
	{"tls-expired", "The certificate has ended: who checks it does not connect."},
	{"tls-old", "A version of TLS that is not spoken; 1.2 is the lowest."},
	{"transport-not-served", "A device may use only transports that nothing listens for."},
	{"template", "A section takes from a template that does not exist; the file is refused."},
	{"tone-list", "A tone of indications.conf that cannot be read."},
	{"tone-name", "A tone that does not exist, in indications.conf."},
	{"tone-zone", "A country that indications.conf does not have."},
	{"trailing-text", "Text after the last parenthesis; it is dropped."},
	{"two-challenges", "More than one digest algorithm: some phones fail on that."},
	{"direct-comedia", "`directmedia` with `nat=comedia`: nobody else can know where the audio of such a device comes from, so it does not act."},
	{"unbalanced", "A brace or bracket that is not closed."},
	{"unknown-acl", "A section that acl.conf does not have: nobody passes."},
	{"unknown-application", "An application that does not exist."},
	{"unknown-class", "A class of events or actions that AMI does not have."},
	{"unknown-context", "A context that extensions.conf does not have."},
	{"unknown-device", "A device that sip.conf does not have."},
	{"unknown-directive", "A line of extensions.conf that begins with an unknown word; it is skipped."},
	{"unknown-family", "A family that extconfig.conf does not have, or whose database is not there."},
	{"unknown-function", "A function that does not exist."},
	{"unknown-option", "An option that does not exist; the nearest one is named."},
	{"unknown-rule", "A comment silences a rule that does not exist."},
	{"unknown-place", "Goto or its kin lead to a place that is not there."},
	{"unknown-section", "A section that the file does not have; it is skipped."},
	{"unknown-switch", "A switch that is not supported."},
	{"unknown-technology", "Dial names a channel driver that is not there."},
	{"unreadable", "A file that is not there or cannot be read."},
	{"unsafe", "A setting that lets strangers do harm, such as strictrtp=no."},
	{"unused-context", "A context that nothing leads to."},
	{"endless-loop", "Steps that a call goes round in without end: nothing waits, and nothing leads out or changes the condition. The exchange ends such a call."},
	{"guest-trunk", "Somebody who proves nothing can call the world at the office's cost; the finding tells the way."},
	{"interleaved", "`n` counts on from the line before, which is another extension's, and gives a number that leaves a gap."},
	{"missing-mailbox", "A mailbox that voicemail.conf does not have."},
	{"missing-music", "A class of music that musiconhold.conf does not have."},
	{"missing-queue", "A queue that queues.conf does not have."},
	{"never-due", "A timer of timers.conf whose times have all passed, or are on no calendar."},
	{"never-set", "A variable that is read and that nothing sets."},
	{"pattern-letters", "In a pattern the letters n, x and z stand for digits, in either case: in a word they do not match themselves."},
	{"priority-gap", "A number is missing among the priorities of an extension, so that the call ends before the gap."},
	{"shadowed", "An extension that no call reaches, because others come first for every number that it matches."},
	{"tainted-code", "What a caller sends becomes a part of the dialplan."},
	{"tainted-dial", "What a caller sends becomes a part of what is called. Separators in it do not act here; a number of any form does."},
	{"tainted-file", "What a caller sends becomes a part of the name of a file."},
	{"tainted-shell", "What a caller sends becomes a part of a command line. The exchange runs none with characters that mean something to the shell."},
	{"unbalanced-quotes", "A double quote that is not closed: the commas behind it do not divide arguments."},
	{"unquoted", "A variable that stands by itself in an expression: where it is empty there is a hole, and the result is nothing."},
	{"unreachable", "A step that nothing leads to."},
	{"unused-label", "A label that nothing jumps to."},
	{"weak-pin", "A mailbox that anybody opens."},
	{"wrong-direction", "A function that can only be read is written, or the other way round."},
	{"weak-secret", "A password that is guessed first."},
}
