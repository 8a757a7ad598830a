package console_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pbx/console"
)

func TestRotation(t *testing.T) {
	tests := []struct{ strategy, want string }{
		{"sequential", "log=four log.0=one log.1=two log.2=three"},
		{"rotate", "log=four log.0=three log.1=two log.2=one"},
		{"none", "log=one,two,three,four"},
	}
	for _, tt := range tests {
		t.Run(tt.strategy, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "log")
			l := console.NewLogger()
			defer l.Close()
			if err := l.Configure([]console.FileConfig{{Path: path, Levels: console.Levels{Warning: true}}}, ""); err != nil {
				t.Fatal(err)
			}
			l.SetRotation(console.Rotation{Strategy: tt.strategy, After: `echo "$filename" >> ` + filepath.Join(dir, "after")})
			for i, text := range []string{"one", "two", "three", "four"} {
				if i > 0 {
					if err := l.Rotate(); err != nil {
						t.Fatal(err)
					}
				}
				slog.New(l.Handler()).Warn(text)
				l.Flush()
			}
			var got []string
			for _, name := range []string{"log", "log.0", "log.1", "log.2"} {
				b, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					continue
				}
				var words []string
				for line := range strings.Lines(string(b)) {
					words = append(words, strings.TrimSpace(line[strings.LastIndex(line, ": ")+2:]))
				}
				got = append(got, name+"="+strings.Join(words, ","))
			}
			if s := strings.Join(got, " "); s != tt.want {
				t.Errorf("%s, want %s", s, tt.want)
			}
			after, _ := os.ReadFile(filepath.Join(dir, "after"))
			if n := strings.Count(string(after), path); n != map[bool]int{true: 0, false: 3}[tt.strategy == "none"] {
				t.Errorf("exec_after_rotate ran %d times", n)
			}
		})
	}
}
