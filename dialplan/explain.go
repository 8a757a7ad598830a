package dialplan

import (
	"fmt"
	"io"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// usage is a call with its arguments, those that may be left out in brackets.
func usage(name string, args []decl.Arg) string {
	var b strings.Builder
	b.WriteString(name)
	b.WriteByte('(')
	open := 0
	for i, a := range args {
		if a.Optional {
			b.WriteByte('[')
			open++
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.Name)
		if a.Separator != "" {
			b.WriteString("[" + a.Separator + "...]")
		}
		if a.Repeat {
			b.WriteString("[,...]")
		}
	}
	b.WriteString(strings.Repeat("]", open))
	b.WriteByte(')')
	return b.String()
}

// Explain writes what the console shows of an application, or of a function; false
// is that there is none.
func (c *Catalog) Explain(w io.Writer, name string, function bool) bool {
	if function {
		f, ok := c.Function(name)
		if ok {
			explainFunction(w, f)
		}
		return ok
	}
	a, ok := c.Application(name)
	if ok {
		explainApplication(w, a)
	}
	return ok
}

func explainApplication(w io.Writer, a *channel.Application) {
	explain(w, "Application", a.Name, a.Synopsis, a.Help, a.Args, a.Options, a.Variables, a.SeeAlso)
}

func explainFunction(w io.Writer, f *channel.Function) {
	explain(w, "Function", f.Name, f.Synopsis, f.Help, f.Args, nil, nil, f.SeeAlso)
}

// explain writes what core show application and core show function show.
func explain(w io.Writer, kind, name, synopsis, help string, args []decl.Arg, options []decl.Option, variables []decl.Variable, seeAlso []string) {
	fmt.Fprintf(w, "\n  -= Info about %s '%s' =- \n\n", kind, name)
	fmt.Fprintf(w, "[Synopsis]\n%s. \n\n", synopsis)
	fmt.Fprint(w, "[Provided By]\nbuiltin\n\n")
	fmt.Fprintf(w, "[Description]\n%s\n\n", orNone(decl.Wrap(help, "")))
	fmt.Fprintf(w, "[Syntax]\n%s\n\n", usage(name, args))
	fmt.Fprint(w, "[Arguments]\n")
	if len(args) == 0 {
		fmt.Fprint(w, "Not available\n")
	}
	for _, a := range args {
		fmt.Fprintf(w, "\n%s\n%s\n", a.Name, decl.Wrap(a.Help, "    "))
		if a.Options {
			for _, o := range options {
				fmt.Fprintf(w, "    %c%s: %s\n", o.Letter, parenthesized(o.Args), strings.TrimLeft(decl.Wrap(o.Help+absent(o), "        "), " "))
			}
		}
	}
	if len(variables) > 0 {
		fmt.Fprint(w, "\n[Variables]\n")
		for _, v := range variables {
			fmt.Fprintf(w, "\n%s\n%s\n", v.Name, decl.Wrap(v.Help, "    "))
			for _, word := range v.Values {
				fmt.Fprintf(w, "    %s\n", word)
			}
		}
	}
	fmt.Fprint(w, "\n[See Also]\n")
	if len(seeAlso) == 0 {
		fmt.Fprint(w, "Not available\n\n")
		return
	}
	for i, s := range seeAlso {
		if i > 0 {
			fmt.Fprint(w, ", ")
		}
		fmt.Fprintf(w, "%s()", s)
	}
	fmt.Fprint(w, "\n\n")
}

func orNone(s string) string {
	if s == "" {
		return "Not available"
	}
	return s
}

func parenthesized(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return "(" + strings.Join(args, ":") + ")"
}

func absent(o decl.Option) string {
	if o.Absent == "" {
		return ""
	}
	return " Not acted on yet: " + o.Absent + "."
}
