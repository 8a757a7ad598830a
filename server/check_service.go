package server

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/dialplan"
	"pbx/timers"
)

// timers checks what timers.conf names: devices, places, applications, and times that
// never come.
func (k *planCheck) timers() {
	now := time.Now()
	for _, t := range k.conf.timers {
		if t.Device.Value != "" {
			k.step = &dialplan.Priority{Pos: t.Device.Pos}
			k.device(t.Device.Value)
		}
		next := t.Schedule.Next(now)
		if next.IsZero() {
			k.step = &dialplan.Priority{Pos: t.At[0].Pos}
			k.find(config.Note, "never-due", "", "timer [%s] is never due again", t.Name)
			next = now
		}
		k.step = &dialplan.Priority{Pos: t.Place.Pos}
		if t.File.App == "" {
			k.timerPlace(t, next)
			continue
		}
		if _, ok := k.catalog.Application(t.File.App); !ok {
			k.findAt(t.File.App, config.Error, "unknown-application", k.catalog.ApplicationHint(t.File.App), "there is no application %q", t.File.App)
		}
	}
}

// timerPlace checks where a timer leads at a moment when it is due.
func (k *planCheck) timerPlace(t *timers.Timer, at time.Time) {
	f := t.File
	k.reached[f.Context] = true
	c, ok := k.plan.Context(f.Context)
	if !ok {
		if !k.conf.contextComes(f.Context) {
			k.findAt(f.Context, config.Error, "unknown-context", k.nearContext(f.Context), "timer [%s] runs in context %s, which is not there", t.Name, f.Context)
		}
		return
	}
	var step *dialplan.Priority
	if n, err := strconv.Atoi(f.Priority); err == nil {
		step, _ = k.plan.Find(f.Context, f.Exten, n, "", at)
	} else {
		step, _ = k.plan.FindLabel(f.Context, f.Exten, f.Priority, "", at)
	}
	if step == nil && !k.flow.Elsewhere(c) {
		k.findAt(f.Exten, config.Error, "unknown-place", didYouMean(f.Exten, k.extensions(f.Context)),
			"timer [%s]: there is no %s", t.Name, strings.Join([]string{f.Context, f.Exten, f.Priority}, ","))
	}
}

// missed checks what missed.conf names: devices, and the family of extconfig.conf.
func (k *planCheck) missed() {
	set := k.conf.missed
	if set == nil {
		return
	}
	if v := set.Family; v.Value != "" && k.conf.databases != nil {
		if families := k.conf.databases.Families(); !slices.Contains(families, strings.ToLower(v.Value)) {
			k.step = &dialplan.Priority{Pos: v.Pos}
			k.findAt(v.Value, config.Error, "unknown-family", didYouMean(v.Value, families), "extconfig.conf has no family %s that can be asked; only users of the file are told of missed calls", v.Value)
		}
	}
	for _, u := range set.Users {
		k.step = &dialplan.Priority{Pos: u.Pos}
		for _, d := range u.Devices {
			k.device(d)
		}
	}
}

// dialled finds applications that are not there and that a party of a call could dial.
func (k *planCheck) dialled() {
	for _, v := range k.office.features {
		a, err := channel.ParseFeatureApplication(v.Name, v.Value)
		if err != nil {
			continue // told by who reads the file
		}
		if _, ok := k.catalog.Application(a.App); !ok {
			k.found = append(k.found, config.Finding{
				Pos: v.Pos, Severity: config.Error, Rule: "unknown-application", Token: a.App, Hint: k.catalog.ApplicationHint(a.App),
				Message: fmt.Sprintf("there is no application %q", a.App),
			})
		}
	}
}
