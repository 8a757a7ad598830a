package server

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

// TestThreads: a profile of goroutines is told by the functions of the exchange in it.
func TestThreads(t *testing.T) {
	const profile = `goroutine profile: total 7
3 @ 0x47a8ee 0x47b5f4 0x6d1f2a 0x6d1b31 0x482a61
#	0x47a8ed	internal/runtime/syscall.Syscall6+0xd	internal/runtime/syscall/asm_linux_amd64.s:36
#	0x6d1f29	pbx/io.(*epoll).Wait+0x89			pbx/io/epoll_linux.go:91
#	0x6d1b30	pbx/media.(*loop).run+0x110			pbx/media/loop.go:108
#	0x6d1b31	pbx/media.NewEngine.func1+0x10		pbx/media/engine.go:90
#	0x6d1b39	sync.(*WaitGroup).Go.func1+0x10		sync/waitgroup.go:1

2 @ 0x47a8ee
# labels: {"call":"a b"}
#	0x47a8ed	pbx/io.(*epoll).Wait+0x89			pbx/io/epoll_linux.go:91
#	0x6d1b30	pbx/media.(*loop).run+0x110			pbx/media/loop.go:108

1 @ 0x47a8ee
#	0x47a8ed	runtime.gopark+0x1	runtime/proc.go:10
#	0x47a8ee	net.(*conn).Read+0x1	net/net.go:20
#	0x47a8ef	net/http.(*Server).Serve+0x1	net/http/server.go:30

1 @ 0x47a8ee 0x1

`
	list, all := parseThreads([]byte(profile))
	var got []string
	for _, x := range list {
		got = append(got, fmt.Sprint(x))
	}
	want := []string{"{1 http.(*Server).Serve runtime.gopark proc.go 10}", "{5 media.(*loop).run io.(*epoll).Wait epoll_linux.go 91}"}
	if !slices.Equal(got, want) || all != 6 {
		t.Errorf("%d: %q, want %q", all, got, want)
	}
}

// TestLoops: the loops and what waits for them, in the layout of the field.
func TestLoops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStory(t, map[string]string{"extensions.conf": transferPlan})
		defer s.stop()
		s.play(`show "sip show peers" bob
			show "database put a b c" Updated`)
		header := fmt.Sprintf("\n%-70s  Processed   In Queue  Max Depth  Low water High water\n", "Processor")
		got := s.show("core show taskprocessors")
		if !strings.HasPrefix(got, header) || !regexp.MustCompile(`\n\d+ taskprocessors\n\n$`).MatchString(got) {
			t.Errorf("layout:\n%s", got)
		}
		for _, row := range []string{`log +\d+ +\d+ +\d+ +0 +4096`, `media/0 +\d+ +0 +\d+ +0 +0`, `sip/monitor +[1-9]\d* +0 +[1-9]\d* +0 +0`, `store/journal +[1-9]\d* +0 +[1-9]\d* +0 +0`} {
			if !regexp.MustCompile(`(?m)^` + row + `$`).MatchString(got) {
				t.Errorf("no row %s:\n%s", row, got)
			}
		}
		if got := s.show("core show taskprocessors like sip/"); !strings.Contains(got, "sip/monitor") || !strings.HasSuffix(got, "\n\n1 taskprocessors\n\n") {
			t.Errorf("like:\n%s", got)
		}
		s.play(`show "core show taskprocessors sip" Usage:
			show "core show threads" sip.(*Driver).Run
			show "core show threads" threads listed.`)
		for line, want := range map[string]string{"core show taskprocessors ": "like", "core show taskprocessors like s": "sip/monitor"} {
			if got := s.s.Commands().Complete(line); !slices.Contains(got, want) {
				t.Errorf("completion of %q: %v lacks %s", line, got, want)
			}
		}
		s.end()
	})
}
