package funcs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
	"pbx/dialplan/program"

	"golang.org/x/sys/unix"
)

func systemFunctions(d Deps) []channel.Function {
	return []channel.Function{
		{
			Name: "ENV", Synopsis: "A variable of the process's environment", Outside: true, Dangerous: true, Args: []decl.Arg{variable("the variable")},
			Read:  func(_ channel.Thread, a *decl.Args) (string, error) { return os.Getenv(a.Arg(0)), nil },
			Write: func(_ channel.Thread, a *decl.Args, v string) error { return setenv(a.Arg(0), v) },
		},
		{
			Name: "VERSION", Synopsis: "The version of the exchange",
			Help: "That of the Asterisk whose dialplan it runs, and its own behind that.",
			Args: []decl.Arg{optional("info", "ASTERISK_VERSION_NUM: the former as a number such as 200000; nothing else is told")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) {
				switch a.Arg(0) {
				case "":
					return d.Version, nil
				case "ASTERISK_VERSION_NUM":
					var n [3]int
					if _, err := fmt.Sscanf(d.Version, "%d.%d.%d", &n[0], &n[1], &n[2]); err != nil && n[0] == 0 {
						return "", err
					}
					return fmt.Sprintf("%d%02d%02d", n[0], n[1], n[2]), nil
				}
				return "", nil
			},
		},
		{
			Name: "UUID", Synopsis: "A new UUID", Help: "A random one, version 4.",
			Read: func(channel.Thread, *decl.Args) (string, error) { return uuid(d.Random) },
		},
		text("BASENAME", "The last part of a path", "", "filename", base),
		text("DIRNAME", "A path without its last part", "", "filename", directory),
		{
			Name: "STAT", Synopsis: "A fact about a file", Outside: true, Dangerous: true,
			Help: "e: is it there, f: is it a file, d: a directory, s: its size, m: type and mode in octal, M and A: when it was written, C: when it or its mode was changed. 0 for a file that is not there.",
			Args: []decl.Arg{arg("flag", "one of d, e, f, m, s, M, A, C"), arg("filename", "the file")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) { return stat(a.Arg(0), a.Arg(1)) },
		},
		{
			Name: "SHELL", Synopsis: "What a command of the operating system prints", Raw: true, Outside: true, Dangerous: true,
			Help: "Runs the line with /bin/sh; its output is the result, the end of the last line included. Text from a caller may stand in it only if it means nothing to the shell.",
			Args: []decl.Arg{arg("command", "a line for the shell")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				if a.Raw == "" {
					return "", errors.New("syntax: SHELL(command)")
				}
				if err := program.Check(channel.Value{S: a.Raw, Taint: a.Taint}); err != nil {
					return "", err
				}
				r, err := d.Programs.Run(context.Background(), program.For(t, a.Raw))
				if errors.Is(err, program.ErrNotRun) {
					t.Log().Warn("SHELL(): Unable to execute '" + a.Raw + "'")
				} else if err != nil {
					t.Log().Warn("SHELL(" + a.Raw + "): " + err.Error())
				}
				return string(r.Output), nil
			},
		},
		{
			Name: "SYSINFO", Synopsis: "A fact about the machine or the exchange",
			Help: "loadavg: the load; numcalls: the calls that are up; uptime: the hours since the machine started; totalram, freeram, bufferram, totalswap and freeswap in KiB; numprocs: how many processes run.",
			Args: []decl.Arg{arg("parameter", "which one")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) { return sysinfo(d, a.Arg(0)) },
		},
		{
			Name: "IFMODULE", Synopsis: "1 when there is what a module of the ancestor brought", Raw: true,
			Help: "There are no modules here: app_x.so is there when the application X is, func_x.so when the function X is, chan_x.so when the technology X is; so are those that have other names than what they bring, such as app_stack.so when Gosub is.",
			Args: []decl.Arg{arg("modulename.so", "the module, with its extension")},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) { return flag(module(d, a.Raw)), nil },
		},
	}
}

// base is the last part of a path, nothing for none.
func base(s string) string {
	if s == "" {
		return ""
	}
	return path.Base(s)
}

// directory is a path without its last part, as dirname(3) has it: it stays as it was
// written.
func directory(s string) string {
	if s == "" {
		return ""
	}
	if all := strings.TrimRight(s, "/"); all != "" {
		if i := strings.LastIndexByte(all, '/'); i < 0 {
			return "."
		} else if parent := strings.TrimRight(all[:i], "/"); parent != "" {
			return parent
		}
	}
	return "/"
}

func setenv(name, v string) error {
	switch {
	case name == "":
		return errNoName
	case strings.HasPrefix(name, "AST_"):
		return fmt.Errorf("%s is what scripts of AGI are told of the exchange", name)
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
	var st unix.Stat_t
	if what == "" || unix.Stat(name, &st) != nil {
		return "0", nil
	}
	switch what[0] {
	case 'e':
		return "1", nil
	case 'f':
		return flag(st.Mode&unix.S_IFMT == unix.S_IFREG), nil
	case 'd':
		return flag(st.Mode&unix.S_IFMT == unix.S_IFDIR), nil
	case 's':
		return strconv.FormatInt(st.Size, 10), nil
	case 'm':
		return strconv.FormatUint(uint64(st.Mode), 8), nil
	case 'M', 'A':
		seconds, _ := st.Mtim.Unix()
		return strconv.FormatInt(seconds, 10), nil
	case 'C':
		seconds, _ := st.Ctim.Unix()
		return strconv.FormatInt(seconds, 10), nil
	}
	return "0", nil
}

// sysinfo reads what sysinfo(2) tells.
func sysinfo(d Deps, what string) (string, error) {
	if what == "numcalls" {
		active, _ := d.Engine.Channels().Count()
		return strconv.Itoa(active), nil
	}
	var i unix.Sysinfo_t
	if err := unix.Sysinfo(&i); err != nil {
		return "", fmt.Errorf("sysinfo: %w", err)
	}
	kib := func(n uint64) string { return strconv.FormatUint(n*uint64(i.Unit)/1024, 10) }
	switch what {
	case "loadavg":
		return fmt.Sprintf("%f", float64(i.Loads[0])/(1<<16)), nil
	case "uptime":
		return strconv.FormatInt(i.Uptime/3600, 10), nil
	case "totalram":
		return kib(i.Totalram), nil
	case "freeram":
		return kib(i.Freeram), nil
	case "bufferram":
		return kib(i.Bufferram), nil
	case "totalswap":
		return kib(i.Totalswap), nil
	case "freeswap":
		return kib(i.Freeswap), nil
	case "numprocs":
		return strconv.Itoa(int(i.Procs)), nil
	}
	return "", fmt.Errorf("unknown sysinfo parameter type '%s'", what)
}

// modules are those that have another name than what they bring: an application, or
// a function in capital letters.
var modules = map[string]string{
	"app_agent_pool": "AgentLogin", "app_cdr": "ResetCDR", "app_db": "DBdeltree", "app_directed_pickup": "Pickup", "app_exec": "Exec", "app_playtones": "PlayTones",
	"app_privacy": "PrivacyManager", "app_saycounted": "SayCountedNoun", "app_stack": "Gosub", "app_talkdetect": "BackgroundDetect", "app_url": "SendURL", "app_waitforring": "WaitForRing",
	"res_agi": "AGI", "res_monitor": "Monitor", "res_musiconhold": "MusicOnHold", "res_parking": "Park", "res_mutestream": "MUTEAUDIO", "res_odbc": "ODBC", "res_realtime": "REALTIME",
	"func_aes": "AES_ENCRYPT", "func_base64": "BASE64_ENCODE", "func_channel": "CHANNEL", "func_devstate": "DEVICE_STATE", "func_dialplan": "DIALPLAN_EXISTS",
	"func_enum": "ENUMLOOKUP", "func_evalexten": "EVAL_EXTEN", "func_extstate": "EXTENSION_STATE", "func_groupcount": "GROUP", "func_holdintercept": "HOLD_INTERCEPT",
	"func_json": "JSON_DECODE", "func_logic": "IF", "func_module": "IFMODULE", "func_presencestate": "PRESENCE_STATE", "func_srv": "SRVQUERY", "func_strings": "FIELDQTY",
	"func_talkdetect": "TALK_DETECT", "func_uri": "URIENCODE", "func_config": "AST_CONFIG", "func_pitchshift": "PITCH_SHIFT",
}

func module(d Deps, name string) bool {
	name = strings.TrimSuffix(name, ".so")
	kind, what, _ := strings.Cut(name, "_")
	if of, ok := modules[name]; ok {
		if what = of; of == strings.ToUpper(of) {
			kind = "func"
		} else {
			kind = "app"
		}
	}
	switch kind {
	case "app":
		_, ok := d.Engine.Catalog().Application(what)
		return ok
	case "func":
		_, ok := d.Engine.Catalog().Function(strings.ToUpper(what))
		return ok
	case "chan":
		_, ok := d.Engine.Channels().Technology(what)
		return ok
	}
	return false
}
