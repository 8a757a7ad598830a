package server

import (
	"cmp"
	"errors"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"pbx/config"
)

// Report is what `pbx check` found.
type Report struct {
	Findings []config.Finding
	// Failed says that a file cannot be used, or holds an error (with
	// Options.Strict a warning is enough).
	Failed bool
}

// Findings are what Check finds in a directory.
func Findings(dir string) []config.Finding { return Check(Options{ConfigDir: dir}).Findings }

// Check reads the configuration as one program, as New would, and looks at what
// the files say about each other: devices that are dialled and not there, places
// that are gone to and not there, sounds that are missing. Nothing is bound,
// written or run.
func Check(o Options) Report {
	s, c, err := readAll(o)
	r := Report{Findings: c.findings}
	r.add(refusals(err)...)
	r.add(c.unread()...)
	if c.plan != nil {
		r.add(newPlanCheck(c, s.engine.Catalog(), newLibrary(c.dirs)).run()...)
	}
	if c.sip != nil && c.plan != nil {
		r.add(c.checkPeers()...)
	}
	absent(r.Findings)
	src := newSources(c)
	src.readAll(c)
	for i := range r.Findings {
		src.place(&r.Findings[i])
	}
	r.Findings = slices.DeleteFunc(r.Findings, func(f config.Finding) bool {
		return strictRules[f.Rule] && !o.Strict || src.silenced(f)
	})
	r.add(src.misspelled()...)
	r.Findings = condense(sortFindings(r.Findings))
	for _, f := range r.Findings {
		r.Failed = r.Failed || f.Severity == config.Error || o.Strict && f.Severity == config.Warning
	}
	return r
}

func (r *Report) add(f ...config.Finding) { r.Findings = append(r.Findings, f...) }

// refusals are the errors that make a file unusable, as findings.
func refusals(err error) []config.Finding {
	if err == nil {
		return nil
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var out []config.Finding
		for _, e := range all.Unwrap() {
			out = append(out, refusals(e)...)
		}
		return out
	}
	var refused *config.Refusal
	if errors.As(err, &refused) {
		return []config.Finding{refused.Finding}
	}
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return []config.Finding{{
			Pos: config.Pos{File: filepath.Base(path.Path)}, Severity: config.Error, Rule: "unreadable", Message: "the file cannot be read: " + path.Err.Error(),
		}}
	}
	file, _, _ := strings.Cut(err.Error(), ":")
	return []config.Finding{{Pos: config.Pos{File: file}, Severity: config.Error, Rule: "unreadable", Message: err.Error()}}
}

// futureFiles are files of an office that nothing reads yet.
var futureFiles = []string{
	"voicemail.conf", "queues.conf", "queuerules.conf", "res_parking.conf", "musiconhold.conf", "confbridge.conf", "meetme.conf",
	"agents.conf", "followme.conf", "ari.conf",
	"extensions.lua", "udptl.conf", "phoneprov.conf",
	"iax.conf", "chan_dahdi.conf", "pjsip.conf", "say.conf", "enum.conf", "amd.conf", "res_config_mysql.conf", "res_ldap.conf", "res_config_curl.conf",
}

// unread names the files that are there and have no effect yet.
func (c *configuration) unread() []config.Finding {
	var out []config.Finding
	for _, name := range futureFiles {
		matches, err := filepath.Glob(filepath.Join(c.dirs.Config, name))
		if err == nil && len(matches) > 0 {
			out = append(out, config.Finding{
				Pos: config.Pos{File: name}, Severity: config.Note, Rule: "not-read",
				Message: "this file is not read yet",
			})
		}
	}
	return out
}

// contextComes reports whether the exchange itself makes a context beside the file.
func (c *configuration) contextComes(name string) bool {
	return c.sip != nil && slices.Contains(c.sip.General.RegContexts(), name)
}

// sortFindings puts them in the order of the files, each said once.
func sortFindings(findings []config.Finding) []config.Finding {
	slices.SortStableFunc(findings, func(a, b config.Finding) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(findings, func(a, b config.Finding) bool {
		return a.Pos.File == b.Pos.File && a.Pos.Line == b.Pos.Line && a.Rule == b.Rule && a.Message == b.Message
	})
}

// checkPeers looks up in the plan what sip.conf names: contexts.
func (c *configuration) checkPeers() []config.Finding {
	file, _, err := c.loader().Load("sip.conf")
	if err != nil {
		return nil // said already
	}
	var names []string
	for _, x := range c.plan.Contexts() {
		names = append(names, x.Name)
	}
	var out []config.Finding
	for _, sec := range file.Sections {
		if sec.Template {
			continue
		}
		for _, key := range []string{"context", "subscribecontext"} {
			v, ok := sec.Lookup(key)
			if !ok || v.Value == "" {
				continue
			}
			if _, there := c.plan.Context(v.Value); there {
				continue
			}
			f := config.Finding{
				Pos: v.Pos, Severity: config.Error, Rule: "unknown-context",
				Message: "[" + sec.Name + "] has " + key + " = " + v.Value + ", which extensions.conf does not have",
			}
			if strings.EqualFold(sec.Name, "general") && !c.sip.General.AllowGuest {
				// Only who names no context of his own would be there: often meant so.
				f.Severity = config.Note
			}
			f.Token = v.Value
			if near := config.Nearest(v.Value, names); near != "" {
				f.Hint = "did you mean " + near + "?"
			}
			out = append(out, f)
		}
	}
	return out
}

// sectionName is the first name of a section in a message.
var sectionName = regexp.MustCompile(`\[[^\]]*\]`)

// condense makes one finding of those that a template's line causes in one section
// after another.
func condense(findings []config.Finding) []config.Finding {
	var out []config.Finding
	for i := 0; i < len(findings); {
		f := findings[i]
		bare := sectionName.ReplaceAllString(f.Message, "[]")
		j, others := i+1, 0
		for ; j < len(findings); j++ {
			g := findings[j]
			if g.Pos != f.Pos || g.Rule != f.Rule || g.Hint != f.Hint || sectionName.ReplaceAllString(g.Message, "[]") != bare {
				break
			}
			others++
		}
		if others > 0 && bare != f.Message {
			f.Message += ", and so for " + plural(others, "other section")
		} else {
			j = i + 1
		}
		out = append(out, f)
		i = j
	}
	return out
}
