package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pbx/dialplan/layout"
)

// errLayout says that files are not in their layout, which was printed.
var errLayout = errors.New("not formatted")

// format lays out extensions.conf.
func format(args []string, out, errs io.Writer) error {
	f := flag.NewFlagSet("fmt", flag.ContinueOnError)
	p := places{more: true}
	p.flags(f)
	var write, list bool
	f.BoolVar(&write, "w", false, "write the files instead of printing them")
	f.BoolVar(&list, "l", false, "only name the files whose layout would change; exit code 1 when there is one")
	if err := p.parse(f, args, errs); err != nil {
		return err
	}
	files := f.Args()
	if len(files) == 0 {
		files = []string{filepath.Join(p.config, "extensions.conf")}
	}
	changed := false
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		laid, err := layout.Format(name, text)
		if err != nil {
			return err
		}
		same := bytes.Equal(text, laid)
		switch {
		case list && !same:
			changed = true
			fmt.Fprintln(out, name)
		case list:
		case write && !same:
			if err := replace(name, laid); err != nil {
				return err
			}
		case write:
		default:
			if _, err := out.Write(laid); err != nil {
				return err
			}
		}
	}
	if changed {
		return errLayout
	}
	return nil
}

// replace writes a file anew; it is whole at every moment.
func replace(name string, text []byte) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".pbx-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(f.Name()))
	}
	return err
}
