package manager

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pbx/config"
	"pbx/config/edit"
	"pbx/decl"
)

func (s *Server) updateConfig(_ context.Context, r *decl.ActionRequest) error {
	from, to := r.Get("SrcFilename"), r.Get("DstFilename")
	if from == "" || to == "" {
		return errNoFilename
	}
	source, err := s.path(from)
	if err != nil {
		return errOutside
	}
	target, err := s.path(to)
	if err != nil {
		return errOutside
	}
	text, err := os.ReadFile(source)
	if err != nil {
		return errOutside // the ancestor's words for a file that is not there
	}
	d := edit.Parse(string(text))
	for i := 0; ; i++ {
		suffix := fmt.Sprintf("-%06d", i)
		action := r.Get("Action" + suffix)
		if action == "" {
			break
		}
		if err := s.change(d, r, action, suffix); err != nil {
			return err
		}
	}
	if err := replace(target, d.String()); err != nil {
		s.deps.Log.Error(fmt.Sprintf("manager: UpdateConfig: %v", err))
		return errNotWritten
	}
	if reload := r.Get("Reload"); reload != "" && !r.False("Reload") {
		module := reload
		if r.True("Reload") {
			module = ""
		}
		switch err := s.deps.Reload(module); {
		case errors.Is(err, ErrNoModule), errors.Is(err, ErrNoReload): // there is nothing that reads the file
		case err != nil:
			return fmt.Errorf("The file was written, and is not in force: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	return r.OK("")
}

// change makes one change.
func (s *Server) change(d *edit.Document, r *decl.ActionRequest, action, suffix string) error {
	get := func(name string) string { return r.Get(name + suffix) }
	options := changeOptions(get("Options"))
	at := edit.Target{Name: get("Cat"), Filter: options.filter}
	if at.Name == "" {
		return errNotSpecified
	}
	variable, match := get("Var"), get("Match")
	value, object := strings.CutPrefix(get("Value"), ">")
	number, line := -1, get("Line")
	if line != "" {
		n, err := strconv.Atoi(line)
		if err != nil || n < 0 {
			return errNotUpdated
		}
		number = n
	}
	var err error
	switch action = strings.ToLower(action); action {
	case "newcat":
		for _, name := range options.inherit {
			if !d.HasTemplate(name) && !s.hasTemplate(r.Get("SrcFilename"), name) {
				return errNoTemplate
			}
		}
		err = d.NewSection(at.Name, options.suffix(), match, options.again)
		if err != nil && (!options.careless || !errors.Is(err, edit.ErrExists)) {
			return errNotCreated
		}
		return nil
	case "renamecat":
		if value == "" {
			return errArgument
		}
		err = d.RenameSection(at, value)
	case "delcat":
		err = d.DeleteSection(at)
	case "emptycat":
		err = d.EmptySection(at)
	case "update", "append":
		switch {
		case variable == "":
			return errArgument
		case action == "update":
			err = d.Set(at, variable, value, match, object)
		default:
			err = d.Append(at, variable, value, object || strings.EqualFold(match, "object"))
		}
	case "delete":
		if variable == "" && line == "" {
			return errArgument
		}
		err = d.Delete(at, variable, match, number)
	case "insert":
		if variable == "" || line == "" {
			return errArgument
		}
		err = d.Insert(at, variable, value, number, object)
	default:
		return errors.New("Unknown action command")
	}
	switch {
	case errors.Is(err, edit.ErrNoSection):
		if options.careless && action == "delcat" {
			return nil
		}
		return errNoCategory
	case errors.Is(err, edit.ErrNoLine), errors.Is(err, edit.ErrName):
		if options.careless && action == "delete" {
			return nil
		}
		return errNotUpdated
	}
	return err
}

// hasTemplate reports whether a file has a template of that name, itself or one that it
// includes.
func (s *Server) hasTemplate(file, name string) bool {
	path, err := s.path(file)
	if err != nil {
		return false
	}
	f, _, err := (&config.Loader{Dir: s.deps.ConfigDir}).Load(path)
	return err == nil && slices.ContainsFunc(f.Sections, func(sec *config.Section) bool { return sec.Template && strings.EqualFold(sec.Name, name) })
}

// options are what Options says of one change.
type options struct {
	again, template bool
	careless        bool // ignoreerror: what is there already, or is not, is no error
	inherit         []string
	filter          string // catfilter
}

// changeOptions reads a list whose values may stand in quotes.
func changeOptions(text string) (o options) {
	for _, word := range decl.Split(text, 0) {
		name, value, _ := strings.Cut(word, "=")
		switch value = strings.TrimSpace(value); strings.ToLower(strings.TrimSpace(name)) {
		case "allowdups":
			o.again = true
		case "template":
			o.template = true
		case "ignoreerror":
			o.careless = true
		case "inherit":
			o.inherit = words(value)
		case "catfilter":
			o.filter = value
		}
	}
	return o
}

// suffix is what follows the name of a new section.
func (o options) suffix() string {
	parts := o.inherit
	if o.template {
		parts = append([]string{"!"}, parts...)
	}
	if len(parts) == 0 {
		return ""
	}
	return "(" + strings.Join(parts, ",") + ")"
}

// replace writes a file so that it is there as a whole or as it was before.
func replace(path, text string) error {
	mode := os.FileMode(0o640)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
