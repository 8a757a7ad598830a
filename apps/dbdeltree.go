package apps

import (
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func dbDeltree(db channel.Database) channel.Application {
	return channel.Application{
		Name:     "DBdeltree",
		Synopsis: "Remove a part of the database",
		Help:     `Removes a family of AstDB, or what is at and below one key of it.`,
		Args:     []decl.Arg{{Name: "family/keytree", Help: "The family, and the key if it is not all of it."}},
		SeeAlso:  []string{"Set"},
		Raw:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			family, key, _ := strings.Cut(args.Raw, "/")
			switch {
			case family == "":
				warn(t, "DBdeltree requires an argument: DBdeltree(family[/keytree])")
			case db == nil:
				warn(t, "DBdeltree: there is no database")
			default:
				tell(t, 3, "DBdeltree: family=%s, keytree=%s", family, key)
				if n, err := db.DeleteTree(family, key); err != nil {
					warn(t, "DBdeltree: %v", err)
				} else if n == 0 {
					tell(t, 3, "DBdeltree: Error deleting key from database.")
				}
			}
			return nil
		},
	}
}
