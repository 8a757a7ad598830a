package database

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Sources are the databases that are open, with the settings of the moment.
type Sources struct {
	now func() time.Time

	mu       sync.Mutex
	settings *Settings
	open     map[string]*Source
}

// New makes the databases of s; none of them is opened yet.
func New(s *Settings, now func() time.Time) *Sources {
	return &Sources{settings: s, open: make(map[string]*Source), now: now}
}

// Reload takes new settings. A database whose settings changed is opened anew.
func (d *Sources) Reload(s *Settings) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settings = s
	var errs []error
	for key, src := range d.open {
		if now, ok := s.sources[key]; !ok || now != src.settings {
			delete(d.open, key)
			errs = append(errs, src.close())
		}
	}
	return errors.Join(errs...)
}

// Close closes all of them.
func (d *Sources) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for key, src := range d.open {
		delete(d.open, key)
		errs = append(errs, src.close())
	}
	return errors.Join(errs...)
}

// Settings are those of the moment.
func (d *Sources) Settings() *Settings {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.settings
}

// Source finds a section of res_odbc.conf.
func (d *Sources) Source(name string) (*Source, error) { return d.source("odbc/", name) }

func (d *Sources) source(kind, name string) (*Source, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := kind + strings.ToLower(name)
	set, ok := d.settings.sources[key]
	if !ok {
		return nil, fmt.Errorf("there is no database %q", name)
	}
	src := d.open[key]
	if src == nil {
		src = &Source{Name: name, settings: set, now: d.now}
		d.open[key] = src
	}
	return src, nil
}

// Function finds a section of func_odbc.conf by the name of its function.
func (d *Sources) Function(name string) (*Function, bool) {
	list := d.Settings().Functions
	i := slices.IndexFunc(list, func(f *Function) bool { return f.Name == name })
	if i < 0 {
		return nil, false
	}
	return list[i], true
}

// Families are the names of the families of extconfig.conf.
func (s *Settings) Families() []string { return slices.Sorted(maps.Keys(s.families)) }

// Mapping is a place of a family of extconfig.conf.
type Mapping struct{ Family, Driver, Database, Table string }

// Mappings are the places of all families, by name.
func (s *Settings) Mappings() (list []Mapping) {
	for _, name := range s.Families() {
		for _, p := range s.families[name] {
			list = append(list, Mapping{name, p.kind, p.name, p.table})
		}
	}
	return list
}

// Names are the databases of res_odbc.conf.
func (s *Settings) Names() (names []string) {
	for key := range s.sources {
		if name, ok := strings.CutPrefix(key, "odbc/"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Try asks one database after the other until one answers.
func (d *Sources) Try(ctx context.Context, names []string, f func(*Source) error) error {
	var errs []error
	for _, n := range names {
		src, err := d.Source(n)
		if err == nil {
			err = f(src)
		}
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}
