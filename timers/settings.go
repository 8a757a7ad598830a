package timers

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"pbx/callfile"
	"pbx/channel"
	"pbx/config"
)

// FileName is the file that timers are in.
const FileName = "timers.conf"

// Timer is one section of timers.conf.
type Timer struct {
	Name string
	Pos  config.Pos
	// Schedule says when it is due, Text how that is written.
	Schedule Schedule
	Text     string
	Zone     *time.Location
	// Missed is how late it is still run when the exchange was down at its time.
	Missed time.Duration
	// File is the call. Without Dest its extension runs without a device.
	File *callfile.File
	// At are the lines of schedule, Device and Place those that say where the call goes,
	// for pbx check.
	At            []config.Variable
	Device, Place config.Variable
}

// longestMissed bounds missed=.
const longestMissed = 7 * 24 * time.Hour

// section is what a section says, before it is looked at.
type section struct {
	Enabled  bool              `conf:"enabled"`
	At       []config.Variable `conf:"at,every,cron"`
	Zone     string            `conf:"timezone"`
	Missed   duration          `conf:"missed"`
	Channel  string            `conf:"channel"`
	CallerID string            `conf:"callerid"`
	App      string            `conf:"application"`
	Data     string            `conf:"data"`
	Context  string            `conf:"context"`
	Exten    string            `conf:"extension,exten"`
	Priority string            `conf:"priority"`
	Retries  int               `conf:"maxretries"`
	Retry    time.Duration     `conf:"retrytime"`
	Wait     time.Duration     `conf:"waittime"`
	Account  string            `conf:"account"`
	Codecs   string            `conf:"codecs"`
	Set      []string          `conf:"set,setvar"`
}

// duration is how missed= is written: no, or a time.
type duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *duration) UnmarshalText(b []byte) error {
	if v, ok := config.Bool(string(b)); ok && !v {
		*d = 0
		return nil
	}
	v, err := parseDuration(strings.ToLower(strings.ReplaceAll(string(b), " ", "")))
	if err != nil || v < 0 || v > longestMissed {
		return errors.New("no, or a time of at most 7d such as 30m")
	}
	*d = duration(v)
	return nil
}

// general is [general], whose values are those of timers that have none of their own.
type general struct {
	Zone   string   `conf:"timezone"`
	Missed duration `conf:"missed"`
}

// Load reads timers.conf, which may be absent. A section that cannot be used is told of
// and left out.
func Load(l *config.Loader) ([]*Timer, []config.Finding, error) {
	file, findings, err := l.Optional(FileName)
	if file == nil || err != nil {
		return nil, findings, err
	}
	var all general
	if sec := file.Section("general"); sec != nil {
		findings = append(findings, config.Decode(sec, &all)...)
	}
	var list []*Timer
	seen := make(map[string]bool)
	for _, sec := range file.Sections {
		if sec.Template || strings.EqualFold(sec.Name, "general") {
			continue
		}
		t, found := read(sec, all)
		findings = append(findings, found...)
		if t == nil {
			continue
		}
		if seen[t.Name] {
			findings = append(findings, config.Finding{
				Pos: sec.Pos, Severity: config.Error, Rule: "bad-value", Token: sec.Name, Message: fmt.Sprintf("there is a timer [%s] already; this one is left out", sec.Name),
			})
			continue
		}
		seen[t.Name] = true
		list = append(list, t)
	}
	return list, findings, nil
}

// read reads one timer; nil is one that is switched off or cannot be used.
func read(sec *config.Section, all general) (*Timer, []config.Finding) {
	s := section{
		Enabled: true, Zone: all.Zone, Missed: all.Missed, Context: "default", Priority: "1",
		Retry: 5 * time.Minute, Wait: 45 * time.Second,
	}
	findings := config.Decode(sec, &s)
	bad := func(v config.Variable, format string, args ...any) {
		findings = append(findings, config.Finding{Pos: v.Pos, Severity: config.Error, Rule: "bad-value", Token: v.Value, Message: fmt.Sprintf(format, args...)})
	}
	if !s.Enabled {
		return nil, findings
	}
	whole := config.Variable{Pos: sec.Pos, Value: sec.Name}
	t := &Timer{Name: sec.Name, Pos: sec.Pos, Zone: time.Local, Missed: time.Duration(s.Missed), At: s.At}
	if s.Zone != "" {
		zone, err := time.LoadLocation(s.Zone)
		if err != nil {
			v, _ := sec.Lookup("timezone")
			bad(v, "timezone = %q is not a time zone such as Europe/Vienna; timer [%s] is left out", s.Zone, sec.Name)
			return nil, findings
		}
		t.Zone = zone
	}
	var union Union
	text := []string{}
	for _, v := range s.At {
		one, err := parseLine(v, t.Zone)
		if err != nil {
			bad(v, "%s = %q: expected %v", v.Name, v.Value, err)
			continue
		}
		union = append(union, one)
		text = append(text, strings.ToLower(v.Name)+" "+v.Value)
	}
	t.Schedule, t.Text = union, strings.Join(text, "; ")
	t.Device, _ = sec.Lookup("channel")
	t.Place = t.place(sec)
	switch {
	case len(union) == 0:
		bad(whole, "timer [%s] has no at, every or cron that can be used; it is left out", sec.Name)
		return nil, findings
	case strings.Trim(sec.Name, nameLetters) != "" || len(sec.Name) > 60:
		bad(whole, "[%s] is not a name of letters, digits and - _ . for a timer; it is left out", sec.Name)
		return nil, findings
	}
	if t.File = s.file(bad, t.Device, whole); t.File == nil {
		return nil, findings
	}
	return t, findings
}

// nameLetters are what names are made of: they become those of channels.
const nameLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

// place is the line that a place of the dialplan is named in.
func (t *Timer) place(sec *config.Section) config.Variable {
	for _, name := range []string{"extension", "exten", "context"} {
		if v, ok := sec.Lookup(name); ok {
			return v
		}
	}
	return config.Variable{Pos: sec.Pos}
}

func parseLine(v config.Variable, zone *time.Location) (Schedule, error) {
	switch strings.ToLower(v.Name) {
	case "at":
		return ParseAt(v.Value, zone)
	case "every":
		return ParseEvery(v.Value)
	}
	return ParseCron(v.Value, zone)
}

// file is the call that a section describes; nil after a complaint.
func (s *section) file(bad func(v config.Variable, format string, args ...any), device, whole config.Variable) *callfile.File {
	tech, resource, ok := strings.Cut(s.Channel, "/")
	switch {
	case s.Channel != "" && (!ok || tech == "" || resource == ""):
		bad(device, "channel = %q is not Technology/resource; timer [%s] is left out", s.Channel, whole.Value)
		return nil
	case s.App != "" && s.Channel == "":
		bad(whole, "timer [%s] has an application and no channel that it could run on; it is left out", whole.Value)
		return nil
	case s.App == "" && s.Exten == "":
		bad(whole, "timer [%s] has neither extension nor application; it is left out", whole.Value)
		return nil
	}
	f := &callfile.File{
		Dest: s.Channel, App: s.App, Data: s.Data, Context: s.Context, Exten: s.Exten, Priority: s.Priority,
		MaxRetries: max(s.Retries, 0), RetryTime: max(s.Retry, time.Second), WaitTime: max(s.Wait, time.Second), Account: s.Account,
		Formats: strings.FieldsFunc(s.Codecs, func(r rune) bool { return r == ',' || r == ' ' }),
	}
	if s.CallerID != "" {
		p := channel.ParseParty(s.CallerID)
		f.Caller = &p
	}
	for _, set := range s.Set {
		name, value, _ := strings.Cut(set, "=")
		bare, inherit := channel.SplitInherit(strings.TrimSpace(name))
		f.Variables = append(f.Variables, channel.Variable{Name: bare, Value: channel.Clean(value), Inherit: inherit})
	}
	return f
}
