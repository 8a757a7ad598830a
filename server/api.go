package server

import (
	"cmp"
	"errors"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pbx/api"
	"pbx/channels/sip"
	"pbx/config"
)

// buildAPI makes the JSON interface. It answers when api.conf says so.
func (s *Server) buildAPI() {
	s.api = api.New(api.Deps{
		Registry: s.registry, Engine: s.engine, Directory: directory{s}, Hub: s.hub, Reload: s.reloadForAPI, Check: s.checkForAPI, Stats: s.statsForAPI,
		Log: s.log, Now: s.now, Random: s.opts.Random,
	})
}

// directory is the SIP driver as the JSON interface sees it.
type directory struct{ s *Server }

// apiError says of an error of the driver what status it has.
func apiError(err error) error {
	var peer sip.NoPeerError
	var contact sip.NoContactError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &peer), errors.As(err, &contact):
		return api.NewProblem(http.StatusNotFound, err.Error())
	case errors.Is(err, sip.ErrClosed):
		return api.NewProblem(http.StatusServiceUnavailable, err.Error())
	}
	return api.NewProblem(http.StatusUnprocessableEntity, err.Error())
}

// Peers implements api.Directory.
func (d directory) Peers() (list []api.Peer, err error) {
	all, err := d.s.sip.Peers()
	for i := range all {
		list = append(list, d.peer(&all[i]))
	}
	return list, apiError(err)
}

// Peer implements api.Directory.
func (d directory) Peer(name string) (api.Peer, error) {
	v, err := d.s.sip.PeerNamed(name)
	if err != nil {
		return api.Peer{}, apiError(err)
	}
	return d.peer(&v), nil
}

func (d directory) peer(v *sip.PeerView) api.Peer {
	p := api.Peer{
		Name: v.Name, Type: v.Type, Description: v.Description, Context: v.Context, Caller: api.Party{Number: v.CallerNumber, Name: v.CallerName},
		Dynamic: v.Dynamic, Address: addressText(v.Address), Status: v.Status, RTTMillis: float64(v.RTT.Microseconds()) / 1000,
		State: d.s.registry.DeviceState("SIP/" + v.Name).String(), InUse: v.InUse, Ringing: v.Ringing, OnHold: v.OnHold, CallLimit: v.CallLimit,
		Codecs: append([]string{}, v.Codecs...), Contacts: []api.Contact{},
	}
	if !v.Dynamic {
		p.Host = v.Host
	}
	if v.Address.IsValid() {
		p.Transport = v.Protocol.String()
	}
	for i := range v.Contacts {
		p.Contacts = append(p.Contacts, contact(&v.Contacts[i]))
	}
	return p
}

func contact(v *sip.ContactView) api.Contact {
	return api.Contact{
		URI: v.URI, Address: addressText(v.Address), Transport: v.Protocol.String(), Expires: moment(v.Expires), Q: v.Q, Static: v.Static, Status: v.Status,
		UserAgent: v.UserAgent,
	}
}

// moment is a time that may be none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func addressText(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// AddContact implements api.Directory.
func (d directory) AddContact(peer string, c api.NewContact) (api.Contact, error) {
	q := 1.0
	if c.Q != nil {
		q = *c.Q
	}
	v, err := d.s.sip.AddContact(peer, c.Device, time.Duration(c.Seconds)*time.Second, q)
	if err != nil {
		return api.Contact{}, apiError(err)
	}
	return contact(&v), nil
}

// RemoveContact implements api.Directory.
func (d directory) RemoveContact(peer, uri string) error {
	return apiError(d.s.sip.RemoveContact(peer, uri))
}

// Registrations implements api.Directory.
func (d directory) Registrations() (list []api.Registration, err error) {
	all, err := d.s.sip.Registrations()
	for _, v := range all {
		list = append(list, api.Registration{Host: v.Host, User: v.User, State: v.State, Refresh: int(v.Refresh.Seconds()), Since: moment(v.Since)})
	}
	return list, apiError(err)
}

// Realm implements api.Directory.
func (d directory) Realm() string { return d.s.configuration().sip.General.Realm }

// Login implements api.Directory.
func (d directory) Login(name string) (api.Login, bool) {
	l, ok := d.s.sip.LoginNamed(name)
	if !ok {
		return api.Login{}, false
	}
	return api.Login{Name: l.Name, Context: l.Context, Realm: l.Realm(), HA1: l.HA1}, true
}

func (s *Server) reloadForAPI(dry bool) (api.Reloaded, error) {
	diff, findings, err := s.reload(reloadAll, dry)
	if err != nil {
		return api.Reloaded{}, err
	}
	out := api.Reloaded{DryRun: dry, Changes: []api.Change{}, Files: append([]string{}, diff.rest...), Calls: []string{}, Findings: apiFindings(findings)}
	how := map[config.Difference]string{config.Added: "added", config.Changed: "changed", config.Gone: "gone"}
	for _, part := range [...]struct {
		file string
		list []config.Change
	}{{"extensions.conf", diff.plan}, {"sip.conf", diff.sip}} {
		for _, c := range part.list {
			out.Changes = append(out.Changes, api.Change{How: how[c.How], File: cmp.Or(c.Pos.File, part.file), Line: c.Pos.Line, Name: c.Name, Detail: c.Detail})
		}
	}
	for i := range diff.calls {
		out.Calls = append(out.Calls, diff.calls[i].Name)
	}
	return out, nil
}

func (s *Server) checkForAPI() api.Checked {
	r := Check(Options{ConfigDir: s.opts.ConfigDir, StateDir: s.opts.StateDir})
	return api.Checked{Failed: r.Failed, Findings: apiFindings(r.Findings)}
}

func apiFindings(list []config.Finding) []api.Finding {
	out := []api.Finding{}
	for _, f := range list {
		out = append(out, api.Finding{
			Severity: f.Severity.String(), Rule: f.Rule, File: f.Pos.File, Line: f.Pos.Line, Column: f.Column, Message: f.Message, Hint: f.Hint,
		})
	}
	return out
}

// usage is the processor time of the process, and its memory that is resident; 0 where
// the system does not say.
func usage() (cpu float64, memory uint64) {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) == nil {
		cpu = time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
	}
	if b, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := strings.Fields(string(b)); len(f) > 1 {
			pages, _ := strconv.ParseUint(f[1], 10, 64) // 0 where it is no number
			memory = pages * uint64(os.Getpagesize())
		}
	}
	return cpu, memory
}

func (s *Server) statsForAPI() api.Stats {
	now := s.now()
	channels, total := s.registry.Count()
	out := api.Stats{
		Version: s.opts.Version, SystemName: s.configuration().core.SystemName, UptimeSeconds: int64(now.Sub(s.started).Seconds()),
		ReloadSeconds: int64(now.Sub(s.lastReload()).Seconds()), Calls: s.registry.Calls(), CallsTotal: total, Channels: channels,
		RTPSessions: s.media.Sessions(),
	}
	out.CPUSeconds, out.MemoryBytes = usage()
	if m, ok := s.signalling(); ok {
		out.SIP = api.SIPStats{
			Peers: m.Peers, Reachable: m.Reachable, Received: m.Received, Sent: m.Sent, Malformed: m.Malformed, Retransmissions: m.Resent,
			Timeouts: m.Timeouts, Transactions: m.InUse,
		}
	}
	return out
}
