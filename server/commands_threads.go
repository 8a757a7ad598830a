package server

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"

	"pbx/decl"
)

// threadCommands are the commands about what runs side by side.
func (s *Server) threadCommands() []decl.Command {
	return []decl.Command{
		{
			Words: "core show threads", Synopsis: "Show what runs side by side", Run: showThreads,
			Help: "Threads are goroutines here. Those that began at the same function and are at the same place are one line, with their number in front: a number that only grows is a fault.",
		},
		{
			Words: "core show taskprocessors", Synopsis: "Show the loops and what waits for them", Run: s.showLoops,
			Args: []decl.Arg{{Name: "like", Optional: true}, {Name: "keyword", Optional: true}}, Complete: s.completeLoops,
			Help: "sip/monitor owns all SIP, media/N the audio, store/journal writes registrations and AstDB to the disk, log writes log lines. " +
				"Processed and In Queue count what others asked of a loop: its packets and timers are not among them. High water is where more are dropped, 0 where none are.",
		},
	}
}

// thread is a number of goroutines that began at one function and are at one place.
type thread struct {
	n           int
	began       string // the function
	at          string // the function where they are
	file, place string
}

var functionLiteral = regexp.MustCompile(`\.func\d+(\.\d+)*$`)

// showThreads lists goroutines. The profile that it reads stops nobody.
func showThreads(_ context.Context, r *decl.Request) error {
	var text bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&text, 1); err != nil {
		return err
	}
	list, all := parseThreads(text.Bytes())
	for _, t := range list {
		fmt.Fprintf(r.Out, "%6d %-40s is at [%5s] %s %s()\n", t.n, t.began, t.place, t.file, t.at)
	}
	fmt.Fprintf(r.Out, "%d threads listed.\n", all)
	return nil
}

// parseThreads reads a profile of goroutines in its form for people: for each stack how
// many have it, and its functions with their places, the innermost first. A thread is
// named by the functions of the exchange that it began at and is at, literals only where
// there is nothing else.
func parseThreads(profile []byte) (list []thread, all int) {
	var now thread
	add := func() {
		if now.n == 0 || now.began == "" {
			return
		}
		all += now.n
		i := slices.IndexFunc(list, func(t thread) bool {
			return t.began == now.began && t.at == now.at && t.place == now.place && t.file == now.file
		})
		if i >= 0 {
			list[i].n += now.n
		} else {
			list = append(list, now)
		}
	}
	own := false // a function of ours was seen
	for lines := bufio.NewScanner(bytes.NewReader(profile)); lines.Scan(); {
		line := lines.Text()
		if count, _, ok := strings.Cut(line, " @ "); ok {
			add()
			n, _ := strconv.Atoi(count)
			now, own = thread{n: n}, false
			continue
		}
		fields := strings.Fields(line) // "#", address, function+offset, file:line
		if len(fields) != 4 || fields[0] != "#" || !strings.HasPrefix(fields[1], "0x") {
			continue
		}
		function, _, _ := strings.Cut(path.Base(fields[2]), "+")
		ours := strings.HasPrefix(fields[2], "pbx/") || strings.HasPrefix(fields[2], "main.")
		if now.at == "" || ours && !own {
			file, place, _ := strings.Cut(path.Base(fields[3]), ":")
			now.at, now.file, now.place = function, file, place
		}
		if !own || ours && !functionLiteral.MatchString(function) {
			now.began = function
		}
		own = own || ours
	}
	add()
	slices.SortFunc(list, func(a, b thread) int {
		return cmp.Or(cmp.Compare(a.began, b.began), cmp.Compare(a.at, b.at), cmp.Compare(a.place, b.place))
	})
	return list, all
}

// loopLoad is a loop with what it has done and has to do.
type loopLoad struct {
	name             string
	taken            uint64
	waiting, deepest int
	room             int // 0: no bound
}

func (s *Server) loops() []loopLoad {
	row := func(name string, taken uint64, waiting, deepest int) loopLoad {
		return loopLoad{name: name, taken: taken, waiting: waiting, deepest: deepest}
	}
	var list []loopLoad
	for i := range s.media.Loops() {
		taken, waiting, deepest := s.media.Load(i)
		list = append(list, row("media/"+strconv.Itoa(i), taken, waiting, deepest))
	}
	taken, waiting, deepest := s.sip.Load()
	list = append(list, row("sip/monitor", taken, waiting, deepest))
	if s.store != nil {
		taken, waiting, deepest := s.store.Load()
		list = append(list, row("store/journal", taken, waiting, deepest))
	}
	lines := loopLoad{name: "log"}
	lines.taken, lines.waiting, lines.deepest, lines.room = s.logger.Load()
	list = append(list, lines)
	slices.SortFunc(list, func(a, b loopLoad) int { return cmp.Compare(a.name, b.name) })
	return list
}

func (s *Server) showLoops(_ context.Context, r *decl.Request) error {
	like, err := likeWhat(r)
	if err != nil {
		return err
	}
	const format = "%-70s %10v %10v %10v %10v %10v\n"
	fmt.Fprintf(r.Out, "\n"+format, "Processor", "Processed", "In Queue", "Max Depth", "Low water", "High water")
	n := 0
	for _, l := range s.loops() {
		if strings.Contains(l.name, like) {
			n++
			fmt.Fprintf(r.Out, format, l.name, l.taken, l.waiting, l.deepest, 0, l.room)
		}
	}
	fmt.Fprintf(r.Out, "\n%d taskprocessors\n\n", n)
	return nil
}

func (s *Server) completeLoops(args []string, _ string) (names []string) {
	switch {
	case len(args) == 0:
		return []string{"like"}
	case len(args) == 1 && strings.EqualFold(args[0], "like"):
		for _, l := range s.loops() {
			names = append(names, l.name)
		}
	}
	return names
}
