package manager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pbx/config"
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
		{Name: "ListCategories", Synopsis: "List categories in configuration file.", Help: "Lists the sections of a file.", Classes: write, Run: s.listCategories, Args: []decl.Arg{file, {Name: "Match", Help: "as Filter of GetConfig", Optional: true}}},
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
				{Name: "Options-XXXXXX", Help: "allowdups, template, inherit=\"NAME,…\", ignoreerror, catfilter=\"name=value,…\"", Optional: true, Repeat: true},
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
	errArgument     = errors.New("Problem with category, value, or line (if required)")
	errNoTemplate   = errors.New("Template category not found")
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

// sections reads a file for a request: the sections of that name, or of all names, that
// the filter admits.
func (s *Server) sections(r *decl.ActionRequest, category, filter string) ([]*config.Section, error) {
	name := r.Get("Filename")
	if name == "" {
		return nil, errNoFilename
	}
	path, err := s.path(name)
	if err != nil {
		return nil, errNoConfig
	}
	file, _, err := (&config.Loader{Dir: s.deps.ConfigDir}).Load(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errNoConfig
	case err != nil:
		return nil, errors.New("Config file has invalid format")
	}
	filter = strings.ReplaceAll(filter, ",", "&")
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
	list, err := s.sections(r, r.Get("Category"), r.Get("Filter"))
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
	if len(list) == 0 && r.Get("Category") != "" {
		r.Text("No categories found")
	}
	r.End()
	return nil
}

func (s *Server) getConfigJSON(_ context.Context, r *decl.ActionRequest) error {
	list, err := s.sections(r, r.Get("Category"), r.Get("Filter"))
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
			b.WriteString(`"istemplate":1`)
			comma = ","
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
	list, err := s.sections(r, "", r.Get("Match"))
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
	switch {
	case errors.Is(err, fs.ErrExist):
		return errors.New("File exists")
	case err != nil:
		return errors.New("Unable to create file")
	}
	if err := f.Close(); err != nil {
		return err
	}
	return r.OK("New configuration file created successfully")
}
