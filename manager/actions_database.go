package manager

import (
	"context"
	"errors"

	"pbx/channel"
	"pbx/decl"
)

// databaseActions read and write AstDB.
func (s *Server) databaseActions() []decl.Action {
	system, reporting := []string{"system"}, []string{"system", "reporting"}
	entry := []decl.Arg{{Name: "Family"}, {Name: "Key"}}
	return []decl.Action{
		{Name: "DBGet", Synopsis: "Get DB Entry.", Help: "Reads an entry.", Classes: reporting, Run: s.dbGet, Args: entry},
		{
			Name: "DBGetTree", Synopsis: "Get DB entries, optionally at a particular family/key", Classes: reporting, Run: s.dbGetTree,
			Help: "Lists entries: all, a family, or those below a key.", Args: []decl.Arg{{Name: "Family", Optional: true}, {Name: "Key", Optional: true}},
		},
		{Name: "DBPut", Synopsis: "Put DB entry.", Help: "Writes an entry.", Classes: system, Run: s.dbPut, Args: append(entry[:2:2], decl.Arg{Name: "Val", Optional: true})},
		{Name: "DBDel", Synopsis: "Delete DB entry.", Help: "Removes an entry.", Classes: system, Run: s.dbDel, Args: entry},
		{
			Name: "DBDelTree", Synopsis: "Delete DB Tree.", Help: "Removes a family, or what is below a key.", Classes: system, Run: s.dbDelTree,
			Args: []decl.Arg{{Name: "Family"}, {Name: "Key", Optional: true}},
		},
	}
}

var errNotFound = errors.New("Database entry not found")

// entry is the family and the key of a request.
func entry(r *decl.ActionRequest) (family, key string, err error) {
	family, key = r.Get("Family"), r.Get("Key")
	switch {
	case family == "":
		return "", "", errors.New("No family specified")
	case key == "":
		return "", "", errors.New("No key specified")
	}
	return family, key, nil
}

func (s *Server) dbGet(_ context.Context, r *decl.ActionRequest) error {
	family, key, err := entry(r)
	if err != nil {
		return err
	}
	v, ok := s.deps.Database.Get(family, key)
	if !ok {
		return errNotFound
	}
	r.List("Result will follow")
	r.EntryLast("DBGetResponse", "Family", family, "Key", key, "Val", v.S)
	return r.Done("DBGetComplete")
}

func (s *Server) dbGetTree(_ context.Context, r *decl.ActionRequest) error {
	below := ""
	if family := r.Get("Family"); family != "" {
		below = "/" + family
		if key := r.Get("Key"); key != "" {
			below += "/" + key
		}
	}
	r.List("Result will follow")
	s.deps.Database.Walk(below, func(path, value string) bool {
		r.Entry("DBGetTreeResponse", "Key", path, "Val", value)
		return true
	})
	return r.Done("DBGetTreeComplete")
}

func (s *Server) dbPut(_ context.Context, r *decl.ActionRequest) error {
	family, key, err := entry(r)
	if err != nil {
		return err
	}
	if s.deps.Database.Put(family, key, channel.Clean(r.Get("Val"))) != nil {
		return errors.New("Failed to update entry")
	}
	return r.OK("Updated database successfully")
}

func (s *Server) dbDel(_ context.Context, r *decl.ActionRequest) error {
	family, key, err := entry(r)
	if err != nil {
		return err
	}
	if ok, err := s.deps.Database.Delete(family, key); err != nil || !ok {
		return errors.New("Database entry could not be deleted")
	}
	return r.OK("Key deleted successfully")
}

func (s *Server) dbDelTree(_ context.Context, r *decl.ActionRequest) error {
	family := r.Get("Family")
	if family == "" {
		return errors.New("No family specified")
	}
	if n, err := s.deps.Database.DeleteTree(family, r.Get("Key")); err != nil || n == 0 {
		return errNotFound
	}
	return r.OK("Key tree deleted successfully")
}
