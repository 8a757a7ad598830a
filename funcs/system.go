package funcs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func systemFunctions(d Deps) []channel.Function {
	return []channel.Function{
		{
			Name: "ENV", Synopsis: "A variable of the process's environment", Dangerous: true, Args: []decl.Arg{variable("the variable")},
			Read:  func(_ channel.Thread, a *decl.Args) (string, error) { return os.Getenv(a.Arg(0)), nil },
			Write: func(_ channel.Thread, a *decl.Args, v string) error { return setenv(a.Arg(0), v) },
		},
		{
			Name: "VERSION", Synopsis: "The version of the exchange", Args: []decl.Arg{optional("info", "nothing but the version is told")},
			Read: func(channel.Thread, *decl.Args) (string, error) { return d.Version, nil },
		},
		{
			Name: "UUID", Synopsis: "A new UUID", Help: "A random one, version 4.",
			Read: func(channel.Thread, *decl.Args) (string, error) { return uuid(d.Random) },
		},
		text("BASENAME", "The last part of a path", "", "filename", path.Base),
		text("DIRNAME", "A path without its last part", "", "filename", path.Dir),
		{
			Name: "STAT", Synopsis: "A fact about a file", Dangerous: true,
			Help: "e: is it there, f: is it a file, d: a directory, s: its size, m: the octal mode, M: when it was changed.",
			Args: []decl.Arg{arg("flag", "one of d, e, f, m, s, M, A, C"), arg("filename", "the file")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) { return stat(a.Arg(0), a.Arg(1)) },
		},
	}
}

func setenv(name, v string) error {
	if name == "" {
		return errNoName
	}
	if v == "" {
		return os.Unsetenv(name)
	}
	return os.Setenv(name, v)
}

func uuid(source io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(source, b[:]); err != nil {
		return "", fmt.Errorf("no random bytes: %w", err)
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // RFC 9562, 5.4
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]), nil
}

func stat(what, name string) (string, error) {
	if name == "" {
		return "", errors.New("syntax: STAT(flag,filename)")
	}
	info, err := os.Stat(name)
	switch what {
	case "e":
		return flag(err == nil), nil
	case "f":
		return flag(err == nil && info.Mode().IsRegular()), nil
	case "d":
		return flag(err == nil && info.IsDir()), nil
	}
	if err != nil {
		return "", err
	}
	switch what {
	case "s":
		return strconv.FormatInt(info.Size(), 10), nil
	case "m":
		return strconv.FormatUint(uint64(info.Mode().Perm()), 8), nil
	case "M", "A", "C":
		return strconv.FormatInt(info.ModTime().Unix(), 10), nil
	}
	return "", fmt.Errorf("unknown flag '%s'", strings.TrimSpace(what))
}
