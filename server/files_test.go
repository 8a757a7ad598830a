package server

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"pbx/config"
)

// TestRTPConf: what rtp.conf comes to, beyond the bounds of its options too.
func TestRTPConf(t *testing.T) {
	for text, want := range map[string]rtpSettings{
		"":                                   {Start: 10000, End: 20000, Strict: true, Probation: 4},
		"rtpstart=80\nrtpend=70000":          {Start: 1024, End: 65535, Strict: true, Probation: 4},
		"rtpstart=30000":                     {Start: 30000, End: 31000, Strict: true, Probation: 4},
		"rtpend=9000":                        {Start: 5000, End: 9000, Strict: true, Probation: 4},
		"rtpstart=12000\nrtpend=9000":        {Start: 10000, End: 20000, Strict: true, Probation: 4},
		"rtpstart=16384 UDP\nstrictrtp=sure": {Start: 16384, End: 20000, Strict: true, Probation: 4},
		"rtcpinterval=100\nprobation=8":      {Start: 10000, End: 20000, Strict: true, Probation: 8, RTCPInterval: 500 * time.Millisecond},
		"rtcpinterval=0\nstrictrtp=seqno":    {Start: 10000, End: 20000, Strict: true, Probation: 4, RTCPInterval: -1},
		"dtmftimeout=3000\nstrictrtp=no":     {Start: 10000, End: 20000, Probation: 4, DTMFTimeout: 375 * time.Millisecond},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "rtp.conf"), []byte("[general]\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, _, err := readRTP(&config.Loader{Dir: dir})
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
}
