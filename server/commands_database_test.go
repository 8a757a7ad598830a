package server

import (
	"path/filepath"
	"testing"

	"pbx/store"
)

// The layouts of golden/cli-layouts.md.
func TestDatabaseCommands(t *testing.T) {
	s := idleServer(t)
	j, err := store.Open(filepath.Join(t.TempDir(), "journal"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	s.database = astDB{store.NewDatabase(j)}
	s.commands.Add(s.databaseCommands()...)
	const entry = "/fam/key1                                         : value1                   \n1 results found.\n"
	for _, tt := range [][2]string{
		{"database show", "0 results found.\n"},
		{"database put fam key1 value1", "Updated database successfully\n"},
		{"database show", entry},
		{"database show fam", entry},
		{"database show fam key1", entry},
		{"database showkey key1", entry},
		{"database get fam key1", "Value: value1\n"},
		{"database get fam nokey", "Database entry not found.\n"},
		{"database put fam a/b \"two words\"", "Updated database successfully\n"},
		{"database get fam a/b", "Value: two words\n"},
		{"database del fam key1", "Database entry removed.\n"},
		{"database del fam key1", "Database entry could not be removed.\n"},
		{"database deltree fam", "1 database entries removed.\n"},
		{"database deltree fam", "Database entries do not exist.\n"},
	} {
		if got := output(t, s, tt[0]); got != tt[1] {
			t.Errorf("%s:\n%s\nwant:\n%s", tt[0], got, tt[1])
		}
	}
}
