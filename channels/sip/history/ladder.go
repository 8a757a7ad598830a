package history

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// The measures of a ladder, in characters.
const (
	column = 26 // between two lines
	margin = 13 // for the time
	label  = column - 4
)

// us stands for the exchange among the far ends.
var us = netip.AddrPort{}

// step is an entry of one of the calls that are drawn together.
type step struct {
	*Entry
	call *Call
}

// Ladder draws the messages of calls between their far ends and the exchange, in
// the order of time. The far end that spoke first stands at the left of the
// exchange, the others at its right.
func Ladder(w io.Writer, calls []*Call) {
	var steps []step
	dropped := 0
	for _, c := range calls {
		dropped += c.Dropped
		fmt.Fprintf(w, "%s  %s  %s\n", c.CallID, orDash(c.Channel), span(c))
		for i := range c.Entries {
			steps = append(steps, step{&c.Entries[i], c})
		}
	}
	slices.SortStableFunc(steps, func(a, b step) int { return int(min(max(a.At-b.At, -1), 1)) })
	lanes := lanesOf(steps)
	head := strings.Repeat(" ", margin)
	for _, far := range lanes {
		name := "PBX"
		if far != us {
			name = far.String()
		}
		head += fmt.Sprintf("%-*.*s", column, column-1, name)
	}
	fmt.Fprintf(w, "\n%s\n", strings.TrimRight(head, " "))
	for _, s := range steps {
		at := time.Unix(0, s.At).In(s.call.Began.Location())
		fmt.Fprintf(w, "%s %s\n", at.Format("15:04:05.000"), strings.TrimRight(s.draw(lanes), " "))
	}
	if dropped > 0 {
		fmt.Fprintf(w, "%d messages in between were not kept\n", dropped)
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// span says when a call was.
func span(c *Call) string {
	began := c.Began.Format("2006-01-02 15:04:05")
	if c.Over.IsZero() {
		return began + ", up"
	}
	return fmt.Sprintf("%s, %.1f s", began, c.Over.Sub(c.Began).Seconds())
}

// lanesOf is who stands where.
func lanesOf(steps []step) []netip.AddrPort {
	lanes := []netip.AddrPort{us}
	for _, s := range steps {
		if s.Far == us || slices.Contains(lanes, s.Far) {
			continue
		}
		if len(lanes) == 1 {
			lanes = []netip.AddrPort{s.Far, us}
			continue
		}
		lanes = append(lanes, s.Far)
	}
	return lanes
}

// draw is the line of one entry.
func (s step) draw(lanes []netip.AddrPort) string {
	row := make([]byte, column*(len(lanes)-1)+1)
	for i := range row {
		row[i] = ' '
		if i%column == 0 {
			row[i] = '|'
		}
	}
	pbx := slices.Index(lanes, us) * column
	if s.Far == us {
		return string(row[:min(pbx, len(row)-1)+1]) + " * " + s.Text()
	}
	from, to := slices.Index(lanes, s.Far)*column, pbx
	if s.Out {
		from, to = to, from
	}
	left, right := min(from, to), max(from, to)
	for i := left + 1; i < right; i++ {
		row[i] = '-'
	}
	text := s.Text()
	if s.SDP {
		text += " (sdp)"
	}
	if s.Again {
		text += " again"
	}
	if len(text) > label {
		text = text[:label-1] + "~"
	}
	text = " " + text + " "
	near := pbx + 2 // beside the exchange, where no other line crosses
	if left < pbx {
		near = pbx - column + 2
	}
	copy(row[near:], text)
	if from < to {
		row[right-1] = '>'
	} else {
		row[left+1] = '<'
	}
	return string(row)
}
