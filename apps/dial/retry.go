package dial

import (
	"strconv"
	"strings"
	"time"

	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

// defaultSleep is how long RetryDial waits between two tries unless it is told.
const defaultSleep = 10 * time.Second

// Retry declares RetryDial.
func Retry(d Deps) channel.Application {
	declared := Application(d)
	return channel.Application{
		Name:     "RetryDial",
		Synopsis: "Dial again and again until somebody answers",
		Help:     `Dials as Dial does; when nobody answers, plays the announcement, waits and tries again. While it waits the caller may press a digit and go to that extension, in the context EXITCONTEXT if it is set; a digit without one ends the waiting. With option d so it may while the announcement plays.`,
		Args: append([]decl.Arg{
			{Name: "announce", Help: "A sound to play after each try.", Target: decl.Sound},
			{Name: "sleep", Help: "Seconds to wait after a try, 10 if it is less than 1."},
			{Name: "retries", Help: "How many tries; 0 or -1 is without end."},
		}, declared.Args...),
		Options:   declared.Options,
		Variables: declared.Variables,
		SeeAlso:   []string{"Dial"},
		Raw:       true,
		Wait:      true,
		Run: func(t channel.Thread, args *decl.Args) error {
			parts := field.Split(field.Of(args), ',', 4)
			if len(parts) < 4 {
				t.Log().Warn("RetryDial requires an argument (announce,sleep,retries,Technology/resource...)")
				return channel.ErrHangup
			}
			wait := defaultSleep
			if x, err := strconv.ParseFloat(strings.TrimSpace(parts[1].S), 64); err == nil && x >= 1 && x < maxSeconds {
				wait = time.Duration(x * float64(time.Second))
			}
			tries, err := strconv.Atoi(strings.TrimSpace(parts[2].S))
			if err != nil || tries <= 0 {
				tries = -1
			}
			return retry(d, t, parts[0], wait, tries, parts[3])
		},
	}
}

func retry(d Deps, t channel.Thread, announce channel.Value, wait time.Duration, tries int, rest channel.Value) error {
	ch := t.Channel()
	for {
		if err := run(d, t, &decl.Args{Raw: rest.S, Taint: rest.Taint, Tainted: len(rest.Taint) > 0}); err != nil {
			return err
		}
		if v, _ := ch.Var("DIALSTATUS"); v.S == "ANSWER" {
			return nil
		}
		stops := ""
		if v := field.Split(rest, ',', 4); len(v) > 2 && strings.ContainsRune(v[2].S, 'd') {
			stops = prompt.AnyDigit
		}
		digit := byte(0)
		if announce.S != "" {
			var err error
			if digit, err = d.Player.Play(ch, announce.S, prompt.Options{Stops: stops, Untrusted: len(announce.Taint) > 0}); prompt.Ended(err) {
				return err
			} else if err != nil {
				t.Log().Warn("RetryDial: " + err.Error())
			}
		}
		for end := ch.Registry().Now().Add(wait); digit == 0; {
			left := end.Sub(ch.Registry().Now())
			if left <= 0 {
				break
			}
			var err error
			if digit, err = prompt.WaitDigit(ch, left); err != nil {
				return err
			}
		}
		if digit != 0 && exit(t, digit) {
			return nil
		}
		if tries = max(tries-1, -1); tries == 0 {
			return nil
		}
	}
}
