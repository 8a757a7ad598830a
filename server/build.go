package server

import (
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
)

// build is what the exchange runs on and when it was made, in the words of uname as the
// field has them.
type build struct{ machine, system, release, date string }

// theBuild finds out. Where the program does not know when the source it was made of was
// written, it was made when its file was written.
func theBuild() build {
	b := build{machine: runtime.GOARCH, system: runtime.GOOS}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		b.machine, b.system = unix.ByteSliceToString(u.Machine[:]), unix.ByteSliceToString(u.Sysname[:])
		b.release = unix.ByteSliceToString(u.Release[:])
	}
	var made time.Time
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				made, _ = time.Parse(time.RFC3339, s.Value)
			}
		}
	}
	if path, err := os.Executable(); made.IsZero() && err == nil {
		if f, err := os.Stat(path); err == nil {
			made = f.ModTime()
		}
	}
	b.date = made.UTC().Format("2006-01-02 15:04:05 MST")
	return b
}
