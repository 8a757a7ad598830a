package cel

import (
	"strings"

	"pbx/cdr"
	"pbx/spool"
)

// Kind is that of rows in the queue.
const Kind = "cel"

func decode(e spool.Entry) (*Row, bool) {
	r, ok := spool.Decode[Row](e, Kind)
	return &r, ok
}

// Custom is the files of cel_custom.conf as a backend.
func Custom(list []cdr.Custom) spool.Backend {
	return &spool.Files{ID: "cel-custom", Format: func(e spool.Entry) (lines []spool.Line) {
		r, ok := decode(e)
		if !ok {
			return nil
		}
		for _, c := range list {
			lines = append(lines, spool.Line{Path: c.Path, Text: []byte(c.Template.Expand(r.Value) + "\n")})
		}
		return lines
	}}
}

// SQLite is the table cel of the exchange's database.
type SQLite struct{ spool.SQL }

// Name implements spool.Backend.
func (s *SQLite) Name() string { return "cel-sqlite" }

// Mark implements spool.Backend.
func (s *SQLite) Mark([]spool.Entry) (spool.Mark, error) { return nil, nil }

const schema = `
CREATE TABLE IF NOT EXISTS cel (
	id TEXT PRIMARY KEY, eventtype TEXT, eventtime TEXT, cid_name TEXT, cid_num TEXT, cid_ani TEXT, cid_rdnis TEXT, cid_dnid TEXT,
	exten TEXT, context TEXT, channame TEXT, appname TEXT, appdata TEXT, amaflags INTEGER, accountcode TEXT, peeraccount TEXT,
	uniqueid TEXT, linkedid TEXT, peer TEXT, userfield TEXT, userdeftype TEXT, extra TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cel_linkedid ON cel (linkedid);
`

// insert is what is prepared.
var insert = []string{"INSERT OR IGNORE INTO cel VALUES (?" + strings.Repeat(",?", 21) + ")"}

// Deliver implements spool.Backend.
func (s *SQLite) Deliver(batch []spool.Entry, _ spool.Mark, _ bool) error {
	return s.Write(schema, insert, func(insert spool.Insert) error {
		for _, e := range batch {
			r, ok := decode(e)
			if !ok {
				continue
			}
			if _, err := insert(0, r.ID, r.Type, r.TimeText, r.Name, r.Number, r.ANI, r.RDNIS, r.DNID, r.Exten, r.Context, r.Channel, r.App, r.AppData, r.AMAFlags,
				r.AccountCode, r.PeerAccount, r.UniqueID, r.LinkedID, r.Peer, r.UserField, r.UserDefType, r.Extra); err != nil {
				return err
			}
		}
		return nil
	})
}
