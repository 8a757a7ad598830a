package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pbx/config"
	"pbx/config/edit"
	"pbx/decl"
)

// configActions read and write the files of the configuration.
func (s *Server) configActions() []decl.Action {
	read, write := []string{"system", "config"}, []string{"config"}
	file := decl.Arg{Name: "Filename"}
	filter := []decl.Arg{file, {Name: "Category", Optional: true}, {Name: "Filter", Help: "name=value, several divided by commas", Optional: true}}
	return []decl.Action{
		{Name: "GetConfig", Synopsis: "Retrieve configuration.", Help: "Reads a file of the configuration.", Classes: read, Run: s.getConfig, Args: filter},
		{Name: "GetConfigJSON", Synopsis: "Retrieve configuration (JSON format).", Help: "Reads a file as one line of JSON.", Classes: read, Run: s.getConfigJSON, Args: filter},
		{Name: "ListCategories", Synopsis: "List categories in configuration file.", Help: "Lists the sections of a file.", Classes: write, Run: s.listCategories, Args: []decl.Arg{file}},
		{Name: "CreateConfig", Synopsis: "Creates an empty file in the configuration directory.", Help: "Makes an empty file.", Classes: write, Run: s.createConfig, Args: []decl.Arg{file}},
		{
			Name: "UpdateConfig", Synopsis: "Update basic configuration.", Classes: write, Run: s.updateConfig,
			Help: "Changes a file: what is not asked for stays as it is, comments too, and with one change that cannot be made nothing is written. Changes are numbered from 000000; each is NewCat, RenameCat, DelCat, EmptyCat, Update, Delete, Append or Insert.",
			Args: []decl.Arg{
				{Name: "SrcFilename"},
				{Name: "DstFilename"},
				{Name: "Reload", Help: "yes, or the name of a part", Optional: true},
				{Name: "Action-XXXXXX", Optional: true, Repeat: true},
				{Name: "Cat-XXXXXX", Optional: true, Repeat: true},
				{Name: "Var-XXXXXX", Optional: true, Repeat: true},
				{Name: "Value-XXXXXX", Optional: true, Repeat: true},
				{Name: "Match-XXXXXX", Optional: true, Repeat: true},
				{Name: "Line-XXXXXX", Optional: true, Repeat: true},
				{Name: "Options-XXXXXX", Help: "allowdups, template, inherit=NAME", Optional: true, Repeat: true},
			},
		},
	}
}

var (
	errNoFilename   = errors.New("Filename not specified")
	errNoConfig     = errors.New("Config file not found")
	errOutside      = errors.New("File requires escalated privileges")
	errNoCategory   = errors.New("Given category does not exist")
	errNotCreated   = errors.New("Create category did not complete successfully")
	errNotUpdated   = errors.New("Update did not complete successfully")
	errNotWritten   = errors.New("Save of config failed")
	errNotSpecified = errors.New("Category not specified")
)

// path is where a file of the configuration is: one outside of its directory is
// none, whatever links there are.
func (s *Server) path(name string) (string, error) {
	dir, err := filepath.EvalSymlinks(s.deps.ConfigDir)
	if err != nil {
		return "", err
	}
	full := name
	if !filepath.IsAbs(full) {
		full = filepath.Join(dir, full)
	} else if rel, err := filepath.Rel(s.deps.ConfigDir, full); err == nil {
		full = filepath.Join(dir, rel)
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(full))
	if err != nil {
		return "", errOutside
	}
	full = filepath.Join(folder, filepath.Base(full))
	if real, err := filepath.EvalSymlinks(full); err == nil {
		full = real
	}
	if rel, err := filepath.Rel(dir, full); err != nil || !filepath.IsLocal(rel) || rel == "." {
		return "", errOutside
	}
	return full, nil
}

// sections reads a file for a request.
func (s *Server) sections(r *decl.ActionRequest) ([]*config.Section, error) {
	name := r.Get("Filename")
	if name == "" {
		return nil, errNoFilename
	}
	path, err := s.path(name)
	if err != nil {
		return nil, errNoConfig
	}
	file, _, err := (&config.Loader{Dir: s.deps.ConfigDir}).Load(path)
	if err != nil {
		return nil, errNoConfig
	}
	category, filter := r.Get("Category"), strings.ReplaceAll(r.Get("Filter"), ",", "&")
	var out []*config.Section
	for _, sec := range file.Sections {
		if category != "" && !strings.EqualFold(sec.Name, category) {
			continue
		}
		if filter == "" && sec.Template || filter != "" && !sec.Admitted(filter) {
			continue
		}
		out = append(out, sec)
	}
	return out, nil
}

func (s *Server) getConfig(_ context.Context, r *decl.ActionRequest) error {
	list, err := s.sections(r)
	if err != nil {
		return err
	}
	r.Response("Success")
	for i, sec := range list {
		r.Field(fmt.Sprintf("Category-%06d", i), sec.Name)
		if sec.Template {
			r.Field(fmt.Sprintf("IsTemplate-%06d", i), "1")
		}
		if len(sec.Bases) > 0 {
			r.Field(fmt.Sprintf("Templates-%06d", i), strings.Join(sec.Bases, ","))
		}
		for n, v := range sec.Vars {
			r.Field(fmt.Sprintf("Line-%06d-%06d", i, n), v.Name+"="+v.Value)
		}
	}
	if len(list) == 0 {
		r.Text("No categories found")
	}
	r.End()
	return nil
}

func (s *Server) getConfigJSON(_ context.Context, r *decl.ActionRequest) error {
	list, err := s.sections(r)
	if err != nil {
		return err
	}
	// A name may come several times in a section, which no map holds.
	var b strings.Builder
	text := func(s string) {
		raw, _ := json.Marshal(s) // a string always can be
		b.Write(raw)
	}
	b.WriteByte('{')
	for i, sec := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		text(sec.Name)
		b.WriteString(":{")
		comma := ""
		pair := func(name, value string) {
			b.WriteString(comma)
			text(name)
			b.WriteByte(':')
			text(value)
			comma = ","
		}
		if sec.Template {
			pair("istemplate", "1")
		}
		if len(sec.Bases) > 0 {
			pair("templates", strings.Join(sec.Bases, ","))
		}
		for _, v := range sec.Vars {
			pair(v.Name, v.Value)
		}
		b.WriteByte('}')
	}
	b.WriteByte('}')
	r.Response("Success")
	r.Field("JSON", b.String())
	r.End()
	return nil
}

func (s *Server) listCategories(_ context.Context, r *decl.ActionRequest) error {
	list, err := s.sections(r)
	if err != nil {
		return err
	}
	r.Response("Success")
	for i, sec := range list {
		r.Field(fmt.Sprintf("Category-%06d", i), sec.Name)
	}
	if len(list) == 0 {
		r.Text("Error: no categories found")
	}
	r.End()
	return nil
}

func (s *Server) createConfig(_ context.Context, r *decl.ActionRequest) error {
	name := r.Get("Filename")
	if name == "" {
		return errNoFilename
	}
	path, err := s.path(name)
	if err != nil {
		return errOutside
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o640)
	if err != nil {
		return errors.New("Unable to create file")
	}
	if err := f.Close(); err != nil {
		return err
	}
	return r.OK("New configuration file created successfully")
}

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
		action, ok := r.Lookup("Action" + suffix)
		if !ok {
			break
		}
		if err := change(d, r, action, suffix); err != nil {
			return err
		}
	}
	if err := replace(target, d.String()); err != nil {
		s.deps.Log.Error(fmt.Sprintf("manager: UpdateConfig: %v", err))
		return errNotWritten
	}
	if reload := r.Get("Reload"); reload != "" && !strings.EqualFold(reload, "no") {
		module := reload
		if r.True("Reload") {
			module = ""
		}
		if err := s.deps.Reload(module); err != nil {
			return fmt.Errorf("The file was written, and is not in force: %s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
	}
	return r.OK("")
}

// change makes one change.
func change(d *edit.Document, r *decl.ActionRequest, action, suffix string) error {
	get := func(name string) string { return r.Get(name + suffix) }
	category := get("Cat")
	if category == "" {
		return errNotSpecified
	}
	variable, match, options := get("Var"), get("Match"), get("Options")
	value, object := strings.CutPrefix(get("Value"), ">")
	needs := func() error {
		if variable == "" {
			return errors.New("Variable not specified")
		}
		return nil
	}
	number := -1
	if n, err := strconv.Atoi(get("Line")); err == nil {
		number = n
	}
	var err error
	switch strings.ToLower(action) {
	case "newcat":
		err = d.NewSection(category, inheritance(options), hasOption(options, "allowdups"))
		if err != nil {
			return errNotCreated
		}
		return nil
	case "renamecat":
		if value == "" {
			return errors.New("Value not specified")
		}
		err = d.RenameSection(category, value, match)
	case "delcat":
		err = d.DeleteSection(category, match)
	case "emptycat":
		err = d.EmptySection(category, match)
	case "update":
		if err = needs(); err == nil {
			err = d.Set(category, variable, value, match, object)
		}
	case "delete":
		if number < 0 {
			err = needs()
		}
		if err == nil {
			err = d.Delete(category, variable, match, number)
		}
	case "append":
		if err = needs(); err == nil {
			err = d.Append(category, variable, value, match, object)
		}
	case "insert":
		if err = needs(); err == nil {
			if number < 0 {
				return errors.New("Line not specified")
			}
			err = d.Insert(category, variable, value, number, object)
		}
	default:
		return errors.New("Unknown action " + action)
	}
	switch {
	case errors.Is(err, edit.ErrNoSection):
		return errNoCategory
	case errors.Is(err, edit.ErrNoLine), errors.Is(err, edit.ErrName):
		return errNotUpdated
	}
	return err
}

func hasOption(options, word string) bool {
	for _, o := range words(options) {
		if strings.EqualFold(o, word) {
			return true
		}
	}
	return false
}

// inheritance is what follows the name of a new section.
func inheritance(options string) string {
	var parts []string
	for _, o := range words(options) {
		if strings.EqualFold(o, "template") {
			parts = append(parts, "!")
		} else if name, ok := strings.CutPrefix(strings.ToLower(o), "inherit="); ok {
			parts = append(parts, strings.Trim(o[len("inherit="):len("inherit=")+len(name)], `"`))
		}
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
