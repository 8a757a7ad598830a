package main

import (
	"os"
	"strconv"
	"strings"
)

func pids() []string { return strings.Fields(*fPID) }

func cpuMS() (t float64) {
	for _, p := range pids() {
		b, err := os.ReadFile("/proc/" + p + "/stat")
		if err != nil {
			continue
		}
		s := string(b)
		f := strings.Fields(s[strings.LastIndex(s, ")")+2:])
		u, _ := strconv.ParseFloat(f[11], 64)
		v, _ := strconv.ParseFloat(f[12], 64)
		t += (u + v) * 10
	}
	return
}

func statusKB(file, key string) (t int64) {
	for _, p := range pids() {
		b, _ := os.ReadFile("/proc/" + p + "/" + file)
		for _, ln := range strings.Split(string(b), "\n") {
			if strings.HasPrefix(ln, key+":") {
				f := strings.Fields(ln)
				v, _ := strconv.ParseInt(f[1], 10, 64)
				t += v
			}
		}
	}
	return
}

func nfds() (n int) {
	for _, p := range pids() {
		d, _ := os.ReadDir("/proc/" + p + "/fd")
		n += len(d)
	}
	return
}

func coreMS(c string) (busy, steal float64) {
	b, _ := os.ReadFile("/proc/stat")
	for _, ln := range strings.Split(string(b), "\n") {
		f := strings.Fields(ln)
		if len(f) > 8 && f[0] == "cpu"+c {
			for _, k := range []int{1, 2, 3, 6, 7, 8} {
				v, _ := strconv.ParseFloat(f[k], 64)
				busy += v * 10
				if k == 8 {
					steal = v * 10
				}
			}
		}
	}
	return
}
