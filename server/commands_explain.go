package server

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pbx/decl"
	"pbx/dialplan/trace"
)

// explainCommands are the commands that tell the story of a call.
func (s *Server) explainCommands() []decl.Command {
	return []decl.Command{{
		Words: "core explain", Synopsis: "Tell the story of a call",
		Help: "Who called and how that is known, the steps of the dialplan with their places, what each matched and beat, the variables it changed, who was called and what came of it, the codecs, who ended the call and with what code.\n" +
			"last is the last call that ended. list shows the calls that are kept: the last " + strconv.Itoa(trace.Calls) +
			", and up to " + strconv.Itoa(trace.Running) + " that are up, of each its first and last events, " + strconv.Itoa(trace.Moments) + " in all; explain=no in asterisk.conf keeps none.\n" +
			"With messages the SIP messages follow, where recordhistory keeps them.",
		Args: []decl.Arg{
			{Name: "last|list|call-id|channel|uniqueid", Help: "last if it is left out", Optional: true},
			{Name: "messages", Optional: true},
		},
		Run: s.explain, Complete: s.completeExplain,
	}}
}

// explain runs core explain.
func (s *Server) explain(_ context.Context, r *decl.Request) error {
	if len(r.Args) > 2 || len(r.Args) == 2 && r.Args[1] != "messages" {
		return decl.ErrUsage
	}
	if !s.configuration().core.Explain {
		return errors.New("No calls are kept: explain=no in asterisk.conf")
	}
	stories, missed := s.recorder.Stories()
	switch text := r.Arg(0); text {
	case "list":
		s.listStories(r, stories, missed)
		return nil
	case "", "last":
		story := lastEnded(stories)
		refused, ok := s.refusedSince(story)
		if story == nil && !ok {
			return errors.New("No call has ended yet")
		}
		if story != nil {
			if err := s.tell(r, story); err != nil {
				return err
			}
		}
		if ok {
			fmt.Fprintf(r.Out, "%s\n", esc(refusalText(refused)))
		}
		return nil
	default:
		found := false
		for _, story := range stories {
			if story.Is(text) {
				found = true
				if err := s.tell(r, story); err != nil {
					return err
				}
			}
		}
		for _, x := range s.recorder.Refusals() {
			if x.CallID == text {
				found = true
				fmt.Fprintf(r.Out, "%s\n", esc(refusalText(x)))
			}
		}
		if !found {
			return fmt.Errorf("No call '%s' is kept; 'core explain list' shows those that are", text)
		}
		return nil
	}
}

// lastEnded is the call that ended last; one that is up, where none has ended.
func lastEnded(stories []*trace.Story) *trace.Story {
	for i := len(stories) - 1; i >= 0; i-- {
		if !stories[i].Over.IsZero() {
			return stories[i]
		}
	}
	if len(stories) > 0 {
		return stories[len(stories)-1]
	}
	return nil
}

// refusedSince is the last refused call if it came after a story began.
func (s *Server) refusedSince(story *trace.Story) (trace.Refusal, bool) {
	list := s.recorder.Refusals()
	if len(list) == 0 {
		return trace.Refusal{}, false
	}
	last := list[len(list)-1]
	return last, story == nil || last.At.After(story.Began)
}

func refusalText(x trace.Refusal) string {
	return fmt.Sprintf("%s refused %s from %s to %s, Call-ID %s: %s", x.At.Format("15:04:05"), x.Number, x.Address, x.Exten, x.CallID, x.Why)
}

// tell writes a story, and the messages where they are asked for.
func (s *Server) tell(r *decl.Request, story *trace.Story) error {
	var b strings.Builder
	if err := story.Write(&b); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		fmt.Fprintln(r.Out, esc(strings.TrimSuffix(line, "\n")))
	}
	if r.Arg(1) != "messages" {
		return nil
	}
	fmt.Fprintln(r.Out)
	for _, l := range story.Channels {
		if l.CallID != "" { // the calls that belong together are drawn together
			return s.commands.Run(context.Background(), "sip show history "+quoted(l.CallID), r.Out)
		}
	}
	return errors.New("The call has no SIP messages")
}

// quoted is a word of a command line.
func quoted(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
}

func (s *Server) listStories(r *decl.Request, stories []*trace.Story, missed uint64) {
	const format = "%-19.19s %-8.8s %-20.20s %-15.15s %-30.30s %s\n"
	fmt.Fprintf(r.Out, format, "Began", "Seconds", "Caller", "To", "Channel", "Uniqueid")
	for _, x := range stories {
		length := "up"
		if !x.Over.IsZero() {
			length = strconv.FormatFloat(x.Over.Sub(x.Began).Seconds(), 'f', 1, 64)
		}
		fmt.Fprintf(r.Out, format, x.Began.Format("2006-01-02 15:04:05"), length, esc(x.Number), esc(x.Exten), esc(x.Trace.Caller), x.Linkedid)
	}
	for _, x := range s.recorder.Refusals() {
		fmt.Fprintln(r.Out, esc(refusalText(x)))
	}
	fmt.Fprintf(r.Out, "%d call(s)\n", len(stories))
	if missed > 0 {
		fmt.Fprintf(r.Out, "%d calls were not kept, because %d others were up\n", missed, trace.Running)
	}
}

func (s *Server) completeExplain(args []string, _ string) []string {
	switch len(args) {
	case 0:
	case 1:
		return []string{"messages"}
	default:
		return nil
	}
	words := []string{"last", "list"}
	stories, _ := s.recorder.Stories()
	for _, x := range stories {
		for _, l := range x.Channels {
			words = append(words, l.Channel)
			if l.CallID != "" {
				words = append(words, l.CallID)
			}
		}
	}
	return words
}
