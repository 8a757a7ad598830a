package sip

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"pbx/channel"
	"pbx/channels/sip/toll"
	"pbx/decl"
)

// Calls to numbers that cost much (toll_prefixes=): how long a device may talk to them
// in a day, and at what hours.

// Why a call to such a number is not made.
var (
	errTollHours = errors.New("numbers of toll_prefixes are not called at this hour (toll_hours)")
	errTollSpent = errors.New("the minutes of the day for numbers of toll_prefixes are spent")
)

// tollWatch is how often calls that are up are looked at, tollSave how often what
// they have talked is saved: so much is lost when the exchange is killed.
const (
	tollWatch = 10 * time.Second
	tollSave  = time.Minute
)

// Where the minutes of the day are in the store.
const (
	tollFamily = "SIP/Toll"
	tollKey    = "day"
)

// meter is what is counted of one call.
type meter struct {
	device string // who calls, "" for a program
	limit  time.Duration
	call   *toll.Call // nil before the answer
}

// barred reports why a call of ours to a number that costs is not made, nil if it may
// be; what is counted of it begins with the answer.
func (p *pvt) barred() error {
	d, rules := p.d, &p.d.cfg.General.Toll
	if p.exten == "" || !rules.Costs(p.exten) {
		return nil
	}
	m := &meter{limit: d.cfg.General.Defaults.TollMinutes}
	if from := p.out.from; from != nil && from.peer != nil {
		m.device, m.limit = from.peer.Name, from.peer.TollMinutes
	}
	switch now := d.now(); {
	case !rules.Open(now):
		d.notice(fmt.Sprintf("Failed to place call of '%s' to '%s': %v", m.device, p.exten, errTollHours))
		return errTollHours
	case d.toll.Spent(rules, m.device, m.limit, now):
		d.notice(fmt.Sprintf("Failed to place call of '%s' to '%s': %v", m.device, p.exten, errTollSpent))
		return errTollSpent
	}
	p.out.meter = m
	return nil
}

// startMeter begins to count a call that was answered.
func (p *pvt) startMeter() {
	m := p.out.meter
	if m == nil || m.call != nil {
		return
	}
	d := p.d
	m.call = d.toll.Begin(m.device, d.now())
	if d.tollTimer == 0 {
		d.tollSaved = d.now()
		d.tollTimer = d.sched.Add(tollWatch, d.watchToll)
	}
}

// stopMeter takes in how long it was.
func (p *pvt) stopMeter() {
	if p.out != nil && p.out.meter != nil && p.out.meter.call != nil {
		p.d.toll.End(p.out.meter.call, p.d.now())
		p.out.meter = nil
	}
}

// watchToll ends the calls whose time is over, and warns before.
func (d *Driver) watchToll() time.Duration {
	d.tollTimer = 0
	now, g := d.now(), &d.cfg.General
	if idle := d.toll.Counting() == 0; idle || now.Sub(d.tollSaved) >= tollSave {
		d.saveToll()
		if idle {
			return 0
		}
	}
	d.calls.each(func(p *pvt) {
		if p.out == nil || p.out.meter == nil || p.out.meter.call == nil || p.released {
			return
		}
		m := p.out.meter
		if d.toll.Warns(m.device, m.limit, g.CallAlarm, now) {
			d.log.Warn(fmt.Sprintf("SIP: '%s' has talked %d %% of its minutes of the day to numbers of toll_prefixes", m.device, g.CallAlarm))
		}
		if d.toll.Spent(&g.Toll, m.device, m.limit, now) {
			d.notice(fmt.Sprintf("A call of '%s' to '%s' is ended: %v", m.device, p.exten, errTollSpent))
			p.hangupChannel(channel.CauseNormalClearing)
		}
	})
	d.tollTimer = d.sched.Add(tollWatch, d.watchToll)
	return 0
}

// saveToll keeps the minutes of the day over a restart. No call waits for it.
func (d *Driver) saveToll() {
	d.tollSaved = d.now()
	if d.store == nil {
		return
	}
	d.store.Put(tollFamily, tollKey, d.toll.Record(d.tollSaved), func(err error) {
		if err != nil {
			d.log.Warn("SIP: the minutes of the day to numbers that cost were not saved", "err", err)
		}
	})
}

// restoreToll takes up the minutes of today where the exchange was restarted.
func (d *Driver) restoreToll() {
	if d.store == nil {
		return
	}
	d.store.Range(tollFamily, func(_ string, record []byte) bool {
		if err := d.toll.Restore(record, d.now()); err != nil {
			d.log.Warn("SIP: the minutes of the day to numbers that cost cannot be read", "err", err)
		}
		return true
	})
}

// tollCommands are what the operator has for it.
func (d *Driver) tollCommands() []decl.Command {
	return []decl.Command{{
		Words: "sip show toll", Synopsis: "Show the minutes of the day to numbers that cost",
		Help: "Lists the devices that have called numbers of toll_prefixes today, with the minutes that they have talked and may talk.",
		Run:  d.print(d.showToll),
	}}
}

func (d *Driver) showToll(w io.Writer, _ *decl.Request) error {
	now, g := d.now(), &d.cfg.General
	limit := func(t time.Duration) string {
		if t <= 0 {
			return "-"
		}
		return fmt.Sprint(int(t.Minutes()))
	}
	fmt.Fprintf(w, "%-20s %8s %8s\n", "Device", "Minutes", "Limit")
	devices := d.toll.Devices(now)
	slices.Sort(devices)
	for _, name := range devices {
		may := g.Defaults.TollMinutes
		if p := d.peer(name); p != nil {
			may = p.TollMinutes
		}
		own, _ := d.toll.Used(name, now)
		fmt.Fprintf(w, "%-20s %8.1f %8s\n", cmp.Or(name, "(programs)"), own.Minutes(), limit(may))
	}
	_, total := d.toll.Used("", now)
	fmt.Fprintf(w, "%-20s %8.1f %8s\n", "all", total.Minutes(), limit(g.Toll.Total))
	return nil
}
