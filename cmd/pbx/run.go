package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"syscall"

	"golang.org/x/term"

	"pbx/configs"
	"pbx/console"
	"pbx/server"
)

func runExchange(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	var p places
	var verbose count
	p.flags(f)
	verbose.flags(f)
	strict := f.Bool("strict", false, "refuse to start when a file has an error")
	profile := f.String("cpuprofile", "", "write where the time goes to `file`, for go tool pprof")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	var phones []configs.Phone // of a new office
	if !p.given && !configs.Written(p.config) {
		var err error
		if phones, err = configs.Write(p.config, rand.Reader); err != nil {
			return fmt.Errorf("the default office cannot be written: %w (--state DIR names another place)", err)
		}
	}
	tuneRuntime()
	if *profile != "" {
		end, err := startProfile(*profile)
		if err != nil {
			return err
		}
		defer end()
	}
	logger := console.NewLogger()
	defer logger.Close()
	levels := console.ConsoleLevels()
	levels.FollowVerbose, levels.Verbose = true, int(verbose)
	logger.AttachWriter("terminal", levels, errs)
	s, err := server.New(server.Options{
		ConfigDir: p.config, StateDir: p.state, Version: version, Logger: logger, Strict: *strict,
	})
	if err != nil {
		if phones != nil {
			err = errors.Join(err, configs.Remove(p.config))
		}
		return err
	}
	stop := handleSignals(s)
	defer stop()
	if phones != nil {
		showOffice(p.config, phones, out)
	}
	if !p.given {
		fmt.Fprintf(errs, "The exchange runs on the office in %s; `pbx console` talks to it.\n", p.config)
	}
	err = s.Run()
	if err == nil && s.Restarting() {
		logger.Close()
		return startAnew()
	}
	return err
}

// handleSignals has SIGTERM and SIGINT stop the exchange, at once when they come
// a second time, and SIGHUP reload it.
func handleSignals(s *server.Server) (stop func()) {
	c := make(chan os.Signal, 8)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		asked := false
		for sig := range c {
			switch {
			case sig == syscall.SIGHUP:
				s.Hangup()
			case asked:
				s.Stop(0)
			default:
				asked = true
				s.Stop(s.Drain())
			}
		}
	}()
	return func() {
		signal.Stop(c)
		close(c)
	}
}

// tuneRuntime sets the pace of the garbage collector unless the environment
// does. The heap of an exchange is small (a few MiB), so that at Go's default a
// busy one collects many times a second: four times the live heap costs little
// memory and a quarter of the work.
func tuneRuntime() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	// The os package raises the soft limit of open files to the hard one; root
	// can raise that too.
	want := syscall.Rlimit{Cur: 1 << 20, Max: 1 << 20}
	var have syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &have) == nil && have.Max < want.Max {
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &want) // without the right to, what there is has to do
	}
}

// startProfile samples the processor until end is called.
func startProfile(path string) (end func(), err error) {
	w, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("--cpuprofile: %w", err)
	}
	if err := pprof.StartCPUProfile(w); err != nil {
		w.Close()
		return nil, fmt.Errorf("--cpuprofile: %w", err)
	}
	return func() {
		pprof.StopCPUProfile()
		w.Close()
	}, nil
}

// startAnew replaces the process by a fresh one.
func startAnew() error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	return fmt.Errorf("start anew: %w", syscall.Exec(exe, os.Args, os.Environ()))
}

// showOffice shows, once, what to type into the phones of a new office.
func showOffice(dir string, phones []configs.Phone, out io.Writer) {
	sipConf := filepath.Join(dir, "sip.conf")
	if loggedOutput(out) {
		fmt.Fprintf(out, "A new office is in %s; the passwords of its phones are in %s.\n", dir, sipConf)
		return
	}
	fmt.Fprintf(out, "\nA new office is in %s.\nType this into your phones (shown this once; later look into %s):\n\n", dir, sipConf)
	fmt.Fprintf(out, "    server    %s, port 5060, UDP\n\n", server.Address())
	fmt.Fprintf(out, "    user      password\n")
	for _, p := range phones {
		fmt.Fprintf(out, "    %-8s  %s\n", p.Name, p.Secret)
	}
	fmt.Fprint(out, "\nThen dial 600 to hear yourself, 601 for a greeting and a menu, 602 for digits,\n100 for all phones, 101 to 104 for one.\n\n")
}

// loggedOutput reports whether what is printed ends in a log rather than before a
// person: passwords are not shown there.
func loggedOutput(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok || term.IsTerminal(int(f.Fd())) {
		return false
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &st); err != nil {
		return false
	}
	return os.Getenv("JOURNAL_STREAM") == fmt.Sprintf("%d:%d", st.Dev, st.Ino)
}
