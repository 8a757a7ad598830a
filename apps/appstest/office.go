// Package appstest builds a small exchange for tests of applications: a plan out
// of a text, the real engine and applications, scripted phones, and sessions that
// play in the test's clock. It belongs inside a testing/synctest bubble.
package appstest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pbx/apps"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/channel/channeltest"
	"pbx/channel/memory"
	"pbx/config"
	"pbx/dialplan"
	"pbx/event"
	"pbx/funcs"
	"pbx/media/sound"
	"pbx/media/tone"
	"pbx/sounds"
)

// Office is one exchange.
type Office struct {
	T        testing.TB
	Bus      *event.Bus
	Registry *channel.Registry
	Engine   *dialplan.Engine
	SIP      *channeltest.Tech
	Log      *Log
	Database memory.Database
	// Records are the call records, nil without any; an option of New sets them.
	Records channel.Records
	// Recordings is the directory for recordings.
	Recordings string

	mu       sync.Mutex
	sessions map[*channel.Channel]*Session
}

// New builds an office whose extensions.conf is plan. Each of with may add what the
// office lacks before its applications are made.
func New(t testing.TB, plan string, with ...func(*Office)) *Office {
	t.Helper()
	o := &Office{T: t, Bus: &event.Bus{}, Log: &Log{}, Recordings: t.TempDir(), sessions: map[*channel.Channel]*Session{}}
	log := slog.New(o.Log)
	o.Registry = channel.NewRegistry(o.Bus, log, time.Now, "")
	o.Engine = dialplan.NewEngine(dialplan.EngineOptions{Channels: o.Registry, Now: time.Now})
	for _, f := range with {
		f(o)
	}
	o.Engine.AddApplications(apps.All(apps.Deps{
		Sounds: sound.NewLibrary(nil, sounds.FS()), Tones: tones, Dialplan: o.Engine, Locks: o.Engine.Locks(), Database: &o.Database, Records: o.Records, Now: time.Now, Session: o.session,
		Recordings: o.Recordings,
	}))
	o.Engine.AddFunctions(funcs.All(funcs.Deps{Engine: o.Engine, Database: &o.Database, Records: o.Records, Now: time.Now, Version: "test", Speech: apps.Speech}))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "extensions.conf"), []byte(plan), 0o600); err != nil {
		t.Fatal(err)
	}
	p, findings, err := o.Engine.Load(&config.Loader{Dir: dir}, "extensions.conf")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Logf("plan: %s", f)
	}
	o.Engine.Swap(p)
	o.SIP = channeltest.New("SIP", o.Registry)
	return o
}

func tones(_, name string) (tone.List, bool) {
	text, ok := map[string]string{"ring": "440+480/2000,0/4000", "busy": "480+620/500,0/500", "dial": "350+440", "congestion": "480+620/250,0/250"}[name]
	if !ok {
		return nil, false
	}
	list, err := tone.Parse(text)
	return list, err == nil
}

// Call begins a call from "Alice A" <101> to an extension of the context t; the
// steps are what the caller does.
func (o *Office) Call(exten string, steps ...channeltest.Step) *channeltest.Leg {
	l := o.SIP.Inbound(channel.Options{
		Name:     "alice",
		Location: channel.Location{Context: "t", Exten: exten, Priority: 1},
		Settings: channel.Settings{Language: "en"},
		Identity: channel.Identity{Caller: channel.Party{Name: "Alice A", Number: "101", HasNumber: true}, DNID: exten},
	}, steps...)
	o.Engine.Start(l.Channel())
	return l
}

// Run makes a call and returns when it and all its legs are over.
func (o *Office) Run(exten string, steps ...channeltest.Step) *channeltest.Leg {
	o.T.Helper()
	l := o.Call(exten, steps...)
	<-l.Gone()
	<-o.Registry.Empty()
	return l
}

// Player plays the office's prompts to its phones.
func (o *Office) Player() *prompt.Player {
	return prompt.New(sound.NewLibrary(nil, sounds.FS()), tones, o.session)
}

// session gives every channel a fake one.
func (o *Office) session(ch *channel.Channel) prompt.Session { return o.Session(ch) }

// Session is the fake media session of a channel.
func (o *Office) Session(ch *channel.Channel) *Session {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, ok := o.sessions[ch]
	if !ok {
		s = &Session{events: ch}
		o.sessions[ch] = s
	}
	return s
}

// Line is one record of the log.
type Line struct {
	Level slog.Level
	Text  string
}

// Log keeps what is logged. It is a slog.Handler.
type Log struct {
	mu    sync.Mutex
	lines []Line
}

// Enabled implements slog.Handler.
func (l *Log) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l *Log) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(" " + a.String())
		return true
	})
	l.mu.Lock()
	l.lines = append(l.lines, Line{r.Level, b.String()})
	l.mu.Unlock()
	return nil
}

// WithAttrs implements slog.Handler; of the attributes group is kept, in the text.
func (l *Log) WithAttrs(attrs []slog.Attr) slog.Handler {
	for _, a := range attrs {
		if a.Key == "group" {
			return grouped{l, " group=" + a.Value.String()}
		}
	}
	return l
}

// grouped is Log for lines of a group.
type grouped struct {
	*Log
	mark string
}

// Handle implements slog.Handler.
func (g grouped) Handle(ctx context.Context, r slog.Record) error {
	r.Message += g.mark
	return g.Log.Handle(ctx, r)
}

// WithGroup implements slog.Handler.
func (l *Log) WithGroup(string) slog.Handler { return l }

// At returns the texts of one level.
func (l *Log) At(level slog.Level) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, line := range l.lines {
		if line.Level == level {
			out = append(out, line.Text)
		}
	}
	return out
}

// Notices are what the application Log(NOTICE,…) and its like wrote.
func (l *Log) Notices() []string { return l.At(event.LevelNotice) }

// Warnings are the warnings.
func (l *Log) Warnings() []string { return l.At(event.LevelWarning) }

// Verbose are the verbose messages of class n.
func (l *Log) Verbose(n int) []string { return l.At(event.LevelVerbose(n)) }
