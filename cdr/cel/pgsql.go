package cel

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/cdr"
	"pbx/config"
	"pbx/spool"
)

// Postgres is the table of cel_pgsql.conf. Its columns are those of the table that have
// the name of a column of an event.
type Postgres struct {
	spool.Postgres
	// ShowUserDefined puts the name of one's own event in place of USER_DEFINED.
	ShowUserDefined bool
	// GMT has times in UTC.
	GMT bool
}

// Name implements spool.Backend.
func (p *Postgres) Name() string { return "cel-pgsql" }

// Mark implements spool.Backend.
func (p *Postgres) Mark([]spool.Entry) (spool.Mark, error) { return spool.Mark{}, nil }

// Deliver implements spool.Backend.
func (p *Postgres) Deliver(batch []spool.Entry, _ spool.Mark, again bool) error {
	return p.Write(batch, again, func(e spool.Entry) spool.Values {
		r, ok := decode(e)
		if !ok {
			return nil
		}
		return func(c spool.Column) (string, bool) { return p.value(r, c) }
	})
}

// value is what a column of the table gets of an event; ok is false for a column that
// is no business of the event's.
func (p *Postgres) value(r *Row, c spool.Column) (v string, ok bool) {
	switch name := strings.ToLower(c.Name); name {
	case "eventtime":
		at := r.Time.Local()
		if p.GMT {
			at = r.Time.UTC()
		}
		switch {
		case c.Integer():
			v = strconv.FormatInt(at.Unix(), 10)
		case c.Decimal():
			v = fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
		case strings.HasSuffix(c.Kind, "with time zone"):
			v = at.Format("2006-01-02 15:04:05.000000-07:00")
		default:
			v = at.Format("2006-01-02 15:04:05.000000")
		}
		return v, true
	case "eventtype":
		switch {
		case c.Integer() || c.Decimal():
			v = strconv.Itoa(numbers[r.Type])
		case r.Type == "USER_DEFINED" && p.ShowUserDefined:
			v = r.UserDefType
		default:
			v = r.Type
		}
		return v, true
	case "amaflags":
		return strconv.Itoa(r.AMAFlags), true
	default:
		v, ok = r.text(name)
		return v, ok && (v != "" || c.Text())
	}
}

// text is what a column of text has, by its name.
func (r *Row) text(column string) (string, bool) {
	switch column {
	case "userdeftype", "user_defined_name":
		return r.UserDefType, true
	case "cid_name":
		return r.Name, true
	case "cid_num":
		return r.Number, true
	case "cid_ani":
		return r.ANI, true
	case "cid_rdnis":
		return r.RDNIS, true
	case "cid_dnid":
		return r.DNID, true
	case "exten":
		return r.Exten, true
	case "context":
		return r.Context, true
	case "channame":
		return r.Channel, true
	case "appname":
		return r.App, true
	case "appdata":
		return r.AppData, true
	case "accountcode":
		return r.AccountCode, true
	case "peeraccount":
		return r.PeerAccount, true
	case "uniqueid":
		return r.UniqueID, true
	case "linkedid":
		return r.LinkedID, true
	case "peer":
		return r.Peer, true
	case "userfield":
		return r.UserField, true
	case "extra":
		return r.Extra, true
	}
	return "", false
}

func (c *Config) postgres(f *config.File) (out []config.Finding) {
	for _, sec := range f.Sections {
		if !strings.EqualFold(sec.Name, "global") {
			out = append(out, config.Finding{
				Pos: sec.Pos, Severity: config.Warning, Rule: "unknown-section", Message: fmt.Sprintf("cel_pgsql.conf has no section [%s]", sec.Name),
			})
			continue
		}
		s := struct {
			cdr.PostgresSettings
			ShowUserDefined bool `conf:"show_user_defined"`
			GMT             bool `conf:"usegmtime"`
		}{PostgresSettings: cdr.DefaultPostgres("cel", "asteriskceldb")}
		out = append(out, config.Decode(sec, &s, "encoding")...)
		c.Postgres = &Postgres{Postgres: s.Postgres(), ShowUserDefined: s.ShowUserDefined, GMT: s.GMT}
	}
	return out
}
