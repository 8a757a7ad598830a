package manager

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"pbx/cdr"
	"pbx/cdr/cel"
	"pbx/config"
	"pbx/event"
)

// Records are what cdr_manager.conf and the section [manager] of cel.conf say: which
// records are events of the interface.
type Records struct {
	// Calls has call records be Cdr events; without cdr_manager.conf they are.
	Calls bool
	// Labels are the lines that [mappings] adds to them.
	Labels []Label
	// Channels has channel events be CEL events. UserDefined calls those of
	// CELGenUserEvent USER_DEFINED, and tells their names in a line of their own.
	Channels, UserDefined bool
}

// Label is a line of a Cdr event: its name, and the column that it tells.
type Label struct{ Name, Column string }

// wants reports whether events of a kind are told to anybody.
func (r *Records) wants(k event.Kind) bool {
	switch k {
	case event.CallRecord:
		return r.Calls
	case event.CallEvent:
		return r.Channels
	}
	return true
}

// load reads both files, each of which may be absent.
func (r *Records) load(l *config.Loader) ([]config.Finding, error) {
	r.Calls = true
	var all []config.Finding
	for _, file := range []struct {
		name string
		read func(*config.Section) []config.Finding
	}{{"cdr_manager.conf", r.calls}, {"cel.conf", r.channels}} {
		f, findings, err := l.Optional(file.name)
		switch {
		case err != nil:
			return all, err
		case f == nil:
			continue
		case file.name == "cdr_manager.conf":
			r.Calls = false // until it says enabled
			all = append(all, findings...)
		}
		for _, sec := range f.Sections {
			all = append(all, file.read(sec)...)
		}
	}
	return all, nil
}

func (r *Records) calls(sec *config.Section) (out []config.Finding) {
	switch strings.ToLower(sec.Name) {
	case "general":
		var s struct {
			Enabled bool `conf:"enabled"`
		}
		out = config.Decode(sec, &s)
		r.Calls = s.Enabled
	case "mappings":
		for _, v := range sec.Vars {
			r.Labels = append(r.Labels, Label{Name: v.Value, Column: strings.ToLower(v.Name)})
		}
	default:
		out = append(out, config.Finding{
			Pos: sec.Pos, Severity: config.Warning, Rule: "unknown-section", Message: fmt.Sprintf("cdr_manager.conf has no section [%s]", sec.Name),
		})
	}
	return out
}

// channels reads [manager] of cel.conf; the other sections are those of package cel,
// which tells what is wrong with the file.
func (r *Records) channels(sec *config.Section) []config.Finding {
	if !strings.EqualFold(sec.Name, "manager") {
		return nil
	}
	var s struct {
		Enabled bool `conf:"enabled"`
		Show    bool `conf:"show_user_defined"`
	}
	out := config.Decode(sec, &s)
	r.Channels, r.UserDefined = s.Enabled, s.Show
	return out
}

// callRecord writes a call detail record as cdr_manager does.
func callRecord(w *page, e *event.Event) {
	r := e.Detail.(*cdr.Row)
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format("2006-01-02 15:04:05")
	}
	w.line("AccountCode", r.AccountCode)
	w.line("Source", r.Src)
	w.line("Destination", r.Dst)
	w.line("DestinationContext", r.Context)
	w.line("CallerID", r.CLID)
	w.line("Channel", r.Channel)
	w.line("DestinationChannel", r.DstChannel)
	w.line("LastApplication", r.LastApp)
	w.line("LastData", r.LastData)
	w.line("StartTime", at(r.Start))
	w.line("AnswerTime", at(r.Answer))
	w.line("EndTime", at(r.End))
	w.number("Duration", r.Duration)
	w.number("BillableSeconds", r.BillSec)
	w.line("Disposition", r.Disposition)
	w.line("AMAFlags", r.AMAFlags)
	w.line("UniqueID", r.UniqueID)
	w.line("UserField", r.UserField)
	for _, l := range w.records.Labels {
		value, _ := r.Field(l.Column, "")
		w.line(l.Name, value)
	}
}

// channelEvent writes a channel event as cel_manager does.
func channelEvent(w *page, e *event.Event) {
	r := e.Detail.(*cel.Row)
	name := r.Type
	if r.Type == "USER_DEFINED" && !w.records.UserDefined {
		name = r.UserDefType
	}
	w.line("EventName", name)
	w.line("AccountCode", r.AccountCode)
	w.line("CallerIDnum", r.Number)
	w.line("CallerIDname", r.Name)
	w.line("CallerIDani", r.ANI)
	w.line("CallerIDrdnis", r.RDNIS)
	w.line("CallerIDdnid", r.DNID)
	w.line("Exten", r.Exten)
	w.line("Context", r.Context)
	w.line("Channel", r.Channel)
	w.line("Application", r.App)
	w.line("AppData", r.AppData)
	w.line("EventTime", r.TimeText)
	w.line("AMAFlags", cdr.AMAName(strconv.Itoa(r.AMAFlags)))
	w.line("UniqueID", r.UniqueID)
	w.line("LinkedID", r.LinkedID)
	w.line("Userfield", r.UserField)
	w.line("Peer", r.Peer)
	w.line("PeerAccount", r.PeerAccount)
	if r.Type == "USER_DEFINED" && w.records.UserDefined {
		w.line("UserDefType", r.UserDefType)
	}
	w.line("Extra", r.Extra)
}
