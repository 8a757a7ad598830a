package server

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"pbx/config"
	"pbx/database"
	"pbx/dialplan"
)

const (
	// patienceAtStart is how long the exchange waits for the tables of the switch
	// Realtime before it takes calls; it reads on beside them.
	patienceAtStart  = 5 * time.Second
	patienceAtReload = 5 * time.Second
	// patienceBeside is how long one reading beside the calls may take.
	patienceBeside = time.Minute
	// maxTable is the most steps that a family may have.
	maxTable = 500_000
)

// openSources makes the databases, which are opened when somebody asks.
func (s *Server) openSources(c *configuration) {
	s.sources = database.New(c.databases, s.now)
	s.tables = &tables{sources: s.sources, log: s.log, stop: make(chan struct{}), changed: make(chan struct{}, 1), build: func(f *config.File) (*dialplan.Plan, []config.Finding) { return s.engine.Build(f) }}
}

func (s *Server) closeSources() {
	if s.sources == nil {
		return
	}
	s.tables.close()
	if err := s.sources.Close(); err != nil {
		s.log.Error(err.Error())
	}
}

// reloadSources takes new settings in. Functions are declared at the start.
func (s *Server) reloadSources(c *configuration) {
	if err := s.sources.Reload(c.databases); err != nil {
		s.log.Warn(err.Error())
	}
	for _, f := range c.databases.Functions {
		if _, ok := s.engine.Catalog().Function(f.Name); !ok {
			s.log.Warn(fmt.Sprintf("%s: %s is a new function: a restart takes it in", f.Pos, f.Name))
		}
	}
}

// table is the extensions of a family of the switch Realtime.
func (s *Server) table(family string) *dialplan.Plan {
	if s.tables == nil {
		return nil
	}
	return s.tables.get(family)
}

// tables are the extensions that databases have, read beside the calls: a look-up
// happens on the SIP loop, which waits for nobody.
type tables struct {
	sources *database.Sources
	log     *slog.Logger
	build   func(*config.File) (*dialplan.Plan, []config.Finding)
	stop    chan struct{}
	changed chan struct{} // the plan is another one
	once    sync.Once
	running sync.WaitGroup

	reading sync.Mutex // one at a time
	plan    atomic.Pointer[dialplan.Plan]
	of      atomic.Pointer[map[string]table]
	said    map[string]string // the last complaint about a family
}

// table is one reading of a family.
type table struct {
	text string
	plan *dialplan.Plan
}

func (t *tables) get(family string) *dialplan.Plan {
	if m := t.of.Load(); m != nil {
		return (*m)[strings.ToLower(family)].plan
	}
	return nil
}

// read reads the families that a plan asks for.
func (t *tables) read(p *dialplan.Plan, patience time.Duration) {
	if t.plan.Swap(p) != p {
		select {
		case t.changed <- struct{}{}:
		default: // told already
		}
	}
	families := p.Families()
	if len(families) == 0 {
		return
	}
	t.reading.Lock()
	defer t.reading.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	now := make(map[string]table)
	if m := t.of.Load(); m != nil {
		maps.Copy(now, *m)
	}
	if t.said == nil {
		t.said = make(map[string]string)
	}
	for _, family := range families {
		family = strings.ToLower(family)
		file, err := t.rows(ctx, family)
		complaint := ""
		if err != nil { // what was read before goes on
			complaint = err.Error()
		} else if text := fileText(file); text != now[family].text || now[family].plan == nil {
			plan, findings := t.build(file)
			now[family] = table{text, plan}
			logFindings(t.log, findings)
		}
		if complaint != t.said[family] && complaint != "" {
			t.log.Error(fmt.Sprintf("switch Realtime, %s: %s", family, complaint))
		}
		t.said[family] = complaint
	}
	t.of.Store(&now)
}

// rows reads a family as a file of the dialplan.
func (t *tables) rows(ctx context.Context, family string) (*config.File, error) {
	found, err := t.sources.Find(ctx, family, nil, maxTable+1)
	if err != nil {
		return nil, err
	}
	if len(found.Rows) > maxTable {
		return nil, fmt.Errorf("the table has more than %d rows", maxTable)
	}
	var at [5]int
	for i, name := range [...]string{"context", "exten", "priority", "app", "appdata"} {
		if at[i] = slices.IndexFunc(found.Columns, func(c string) bool { return strings.EqualFold(c, name) }); at[i] < 0 && len(found.Columns) > 0 {
			return nil, fmt.Errorf("the table has no column %s", name)
		}
	}
	name := "realtime:" + family
	f := &config.File{Name: name}
	sections := make(map[string]*config.Section)
	slices.SortStableFunc(found.Rows, func(x, y []string) int {
		if c := strings.Compare(x[at[0]], y[at[0]]); c != 0 {
			return c
		}
		return strings.Compare(x[at[1]], y[at[1]])
	})
	for i, row := range found.Rows {
		pos := config.Pos{File: name, Line: i + 1}
		sec := sections[row[at[0]]]
		if sec == nil {
			sec = &config.Section{Name: row[at[0]], Pos: pos}
			sections[sec.Name] = sec
			f.Sections = append(f.Sections, sec)
		}
		sec.Vars = append(sec.Vars, config.Variable{
			Name: "exten", Value: row[at[1]] + "," + row[at[2]] + "," + row[at[3]] + "(" + row[at[4]] + ")", Pos: pos,
		})
	}
	return f, nil
}

func fileText(f *config.File) string {
	var b strings.Builder
	for _, s := range f.Sections {
		b.WriteString("[" + s.Name + "]\n")
		for _, v := range s.Vars {
			b.WriteString(v.Value + "\n")
		}
	}
	return b.String()
}

// run reads the tables again and again, while a plan asks for any.
func (t *tables) run() {
	for {
		var due <-chan time.Time
		if p := t.plan.Load(); p != nil && len(p.Families()) > 0 {
			due = time.After(t.sources.Settings().Refresh)
		}
		select {
		case <-t.stop:
			return
		case <-t.changed:
		case <-due:
			t.read(t.plan.Load(), patienceBeside)
		}
	}
}

func (t *tables) close() {
	t.once.Do(func() { close(t.stop) })
	t.running.Wait()
}
