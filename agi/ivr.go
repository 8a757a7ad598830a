package agi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"pbx/apps/field"
	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan"
	"pbx/event"
)

const (
	// ivrScheme begins the address of a server of ExternalIVR, ivrPort is where it
	// listens without another.
	ivrScheme = "ivr://"
	ivrPort   = "2949"
)

// ivr is one call of ExternalIVR: a program is told of keys and of sounds that
// ended, and says what to play, all at its own time. Each side speaks in lines that
// begin with a letter.
type ivr struct {
	conversation
	agi       *AGI
	list      *prompt.Playlist
	args      []string // for the program
	autoclear bool     // a key empties the list
	dead      bool     // it runs on a call that is over, or does not mind
	persists  bool     // it goes on when the call is over
}

func (a *AGI) externalIVR() channel.Application {
	letters := []decl.Option{
		{Letter: 'n', Help: "Do not answer the call; the program does that, with T."},
		{Letter: 'i', Help: "Go on when the call ends: the program is told by I,time,HANGUP and ends by H or E."},
		{Letter: 'd', Help: "Run on a call that is over, or go on after its end without a word: the program ends by E."},
	}
	return channel.Application{
		Name:     "ExternalIVR",
		Synopsis: "Let a program play sounds and hear keys, all at its own time",
		Help: `The program is a script of the AGI directory, or ivr://host[:port] of a server (port 2949); its arguments stand in parentheses. ` +
			`The call is answered for it. It is told of keys and of sounds that ended, in lines such as 5,1700000000, and says what to play, in lines such as A,welcome: ` +
			`docs/agi.md has them all. ` +
			`With E the call goes on in the plan; with H, and when the program ends without either, the call is over. ` +
			`A name of a script that came from a caller may only be the plain name of a file.`,
		Args: []decl.Arg{
			{Name: "command", Help: "The program and, in parentheses, its arguments."},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
		},
		Options: letters,
		SeeAlso: []string{"AGI", "Read"},
		Raw:     true,
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			thread, ok := t.(*dialplan.Thread)
			if !ok {
				return errors.New("ExternalIVR needs a dialplan thread")
			}
			parts := field.Split(field.Of(args), ',', 0)
			if len(parts) == 0 || parts[0].S == "" {
				t.Log().Error("ExternalIVR requires a command to execute")
				return channel.ErrHangup
			}
			options := ""
			if len(parts) > 1 {
				options = parts[1].S
			}
			for _, c := range args.ParseOptions(options, letters) {
				t.Log().Warn(fmt.Sprintf("ExternalIVR: unknown option '%c'", c))
			}
			command, err := ivrCommand(parts[0])
			if err != nil {
				t.Log().Error("ExternalIVR: " + err.Error())
				return channel.ErrHangup
			}
			given := func(letter byte) bool {
				_, ok := args.Option(letter)
				return ok
			}
			i := &ivr{
				conversation: conversation{t: thread, ch: t.Channel(), what: "ExternalIVR", name: command[0]},
				agi:          a, args: command[1:], list: a.deps.Player.NewPlaylist(t.Channel()),
				dead: given('d'), persists: given('i'),
			}
			return i.run(!given('n'))
		},
	}
}

// ivrCommand divides name(argument,argument) into the program and its arguments.
func ivrCommand(v channel.Value) ([]string, error) {
	name, rest := v, channel.Value{}
	if open := field.Index(v, "("); open >= 0 {
		end := field.LastIndex(v, ')')
		if end < open {
			return nil, fmt.Errorf("%q: the closing parenthesis is missing", v.S)
		}
		name, rest = v.Slice(0, open), v.Slice(open+1, end)
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	command := []string{name.S}
	for _, arg := range field.Split(rest, ',', 0) {
		command = append(command, arg.S)
	}
	return command, nil
}

// run is the application from its beginning to its end.
func (i *ivr) run(answer bool) error {
	if answer {
		switch {
		case i.ch.State() == channel.Up || i.ch.HungUp():
		case i.dead:
			i.t.Log().Error(i.who() + ": the option d is for a call that is over")
			return channel.ErrHangup
		default:
			if err := i.ch.Answer(); err != nil {
				return err
			}
		}
		i.list.Start()
	}
	w, err := i.open()
	if err != nil {
		i.t.Log().Error(fmt.Sprintf("%s: %v", i.who(), err))
		return channel.ErrHangup
	}
	i.over = i.ch.HungUp() && i.dead
	i.begin(w)
	defer i.leave()
	i.limit(i.agi.deps.Limits().Time, "ran longer than it may")
	err = i.serve()
	if i.ch.Redirected() {
		return channel.ErrRedirect
	}
	return err
}

// open starts the program, or connects to it.
func (i *ivr) open() (wire, error) {
	rest, network := strings.CutPrefix(i.name, ivrScheme)
	if !network {
		log, name := i.t.Log(), i.ch.Name()
		p, refused := i.agi.launch(i.t, script{name: i.name, args: i.args, complain: func(line string) {
			log.Log(context.Background(), event.LevelNotice, name+": stderr: "+line)
		}})
		if refused != "" {
			return nil, errors.New("the program could not be started")
		}
		return p, nil
	}
	host, p, _ := address(rest)
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	conn, err := i.agi.deps.Dial(ctx, "tcp", net.JoinHostPort(host, pick(p, ivrPort)))
	if err != nil {
		return nil, fmt.Errorf("could not connect: %w", err)
	}
	return server{conn}, nil
}

// leave ends the conversation. A script that does not end by itself is ended in
// time.
func (i *ivr) leave() {
	i.list.Clear()
	i.end()
	p, ok := i.wire.(*process)
	most := i.agi.deps.Limits().Dead
	if !ok || most <= 0 {
		return
	}
	stop := i.ch.Registry().AfterFunc(most, p.kill)
	go func() {
		<-p.exited
		stop()
	}()
}

// serve does what the program says until one side has enough.
func (i *ivr) serve() error {
	for {
		if i.gone() && !i.over && !i.tell() {
			return channel.ErrHangup
		}
		line, ok, err := i.next(i.hear)
		switch {
		case err != nil:
			continue
		case !ok:
			i.t.Log().Error(i.who() + " went away")
			return channel.ErrHangup
		}
		event.Verbose(i.t.Log(), 4, "%s: got command '%s'", i.who(), line)
		if end, err := i.obey(strings.TrimSpace(line)); end {
			return err
		}
	}
}

// tell tells the program that the call is over, once, and reports whether it goes
// on; not with a call that was sent elsewhere.
func (i *ivr) tell() bool {
	i.over = true
	if !i.ch.HungUp() || !i.dead && !i.persists {
		i.event('H')
		return false
	}
	if !i.dead {
		i.event('I', "HANGUP")
	}
	i.limit(i.agi.deps.Limits().Dead, "went on after its call longer than it may")
	return true
}

// hear tells the program of keys, and of sounds that came to their end.
func (i *ivr) hear(f channel.Frame) {
	if name := i.list.Frame(f); name != "" {
		i.event('F', name)
	}
	if f.Kind == channel.FrameDTMFEnd {
		i.event(f.Digit)
		if i.autoclear {
			i.clear()
		}
	}
}

// clear empties the list and tells what was in it.
func (i *ivr) clear() {
	cut, dropped := i.list.Clear()
	if cut != "" {
		i.event('T', cut)
	}
	for _, name := range dropped {
		i.event('D', name)
	}
}

// event tells the program something: a letter, the time in seconds since 1970, and
// what there is to say about it.
func (i *ivr) event(letter byte, data ...string) {
	line := string(rune(letter)) + "," + strconv.FormatInt(i.ch.Registry().Now().Unix(), 10)
	for _, text := range data {
		line += "," + clean(text)
	}
	// A program that is gone, or does not read, is noticed where its lines end.
	i.write(line + "\n")
}
