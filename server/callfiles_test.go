package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

const callFilePlan = `[t]
exten => 1000,1,Answer()
 same => n,Wait(1)
 same => n,Hangup()
exten => h,1,NoOp(HEXT ${CHANNEL})
[cffail]
exten => 1,1,Wait(1)
exten => failed,1,NoOp(FAILEDEXT ch=${CHANNEL} REASON=${REASON} V=${V})
 same => n,Wait(1)
exten => h,1,NoOp(FAILED-H ch=${CHANNEL})
`

// spooled is a story with a spool.
type spooled struct {
	*story
	dir string
}

// withSpool plays a story in which files can be dropped.
func withSpool(t *testing.T, play func(s *spooled)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &spooled{story: newStory(t, map[string]string{"extensions.conf": callFilePlan, "cdr.conf": "[general]\nunanswered=yes\n[csv]\n"})}
		defer s.stop()
		s.dir = s.s.configuration().dirs.Spool
		s.phone("bob")
		play(s)
		s.end()
	})
}

// drop moves a call file into the spool whose time is so far from now.
func (s *spooled) drop(name, text string, in time.Duration) {
	s.t.Helper()
	path := filepath.Join(s.dir, "outgoing", name)
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "\t", "")), 0o600); err != nil {
		s.t.Fatal(err)
	}
	at := time.Now().Add(in)
	if err := os.Chtimes(path, at, at); err != nil {
		s.t.Fatal(err)
	}
	s.s.spoolChanges <- name
	time.Sleep(150 * time.Millisecond)
	synctest.Wait()
}

// want compares what a file holds, "" for one that is not there.
func (s *spooled) want(when, name, text string) {
	s.t.Helper()
	synctest.Wait()
	b, _ := os.ReadFile(filepath.Join(s.dir, name))
	got := string(b)
	for _, line := range strings.Split(got, "\n") { // the numbers of the process and of the clock differ
		if w := strings.Fields(line); len(w) == 4 && strings.HasSuffix(w[0], "Retry:") {
			got = strings.Replace(got, line, w[0]+" PID "+w[2]+" (T)", 1)
		}
	}
	if text == "" && got != "" || !strings.HasSuffix(got, text) {
		s.t.Errorf("%s: %s holds %q, want the end %q", when, name, got, text)
	}
}

// TestCallFileRecords: the rows are those of golden/callfiles.md.
func TestCallFileRecords(t *testing.T) {
	const again = `
		bob < INVITE call=A
		bob > 200
		bob < ACK A
		wait 900ms
		bob < BYE A
		bob > 200
		wait 1s`
	withSpool(t, func(s *spooled) {
		s.drop("busy", "Channel: SIP/bob\nContext: cffail\nExtension: 1\n", 0)
		s.play(`
			bob < INVITE call=A
			bob > 486
			bob < ACK A
			wait 2s`)
		s.drop("app", "Channel: SIP/bob\nCallerID: \"CF Name\" <321>\nApplication: Wait\nData: 1\nAccount: cfacc\n", 0)
		s.play(again)
		s.drop("exten", "Channel: SIP/bob\nContext: t\nExtension: 1000\n", 0)
		s.play(again + "\n wait 10s")
		b, err := os.ReadFile(filepath.Join(s.s.configuration().dirs.Log, "cdr-csv", "Master.csv"))
		if err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(strings.TrimSpace(string(b)), "\n")
		wants := []string{
			`"","102","","t","""Bob B"" <102>","SIP/bob-00000000","","AppDial2","(Outgoing Line)",`,
			`"","","failed","cffail",""""" <>","OutgoingSpoolFailed","","Wait","1",`,
			`"cfacc","321","","t","""CF Name"" <321>","SIP/bob-00000001","","Wait","1",`,
			`"","102","1000","t","""Bob B"" <102>","SIP/bob-00000002","","Hangup","",`,
		}
		ends := []string{`0,0,"BUSY",`, `1,0,"FAILED",`, `1,1,"ANSWERED",`, `1,1,"ANSWERED",`}
		for i, row := range rows {
			if i >= len(wants) || !strings.HasPrefix(row, wants[i]) || !strings.Contains(row, ends[i]) {
				t.Errorf("row %d: %s", i, row)
			}
		}
		if len(rows) != len(wants) {
			t.Errorf("%d rows", len(rows))
		}
	})
}

// TestCallFiles are the experiments of golden/callfiles.md.
func TestCallFiles(t *testing.T) {
	stories := map[string]func(s *spooled){
		"an application": func(s *spooled) {
			s.drop("a.call", "Channel: SIP/bob\nCallerID: \"CF Name\" <321>\nApplication: Wait\nData: 1\nSet: V=1\n", 0)
			s.want("while it rings", "outgoing/a.call", "\nStartRetry: PID 1 (T)\n")
			s.play(`
				bob < INVITE call=A | From: "CF Name" <sip:321@
				bob > 200
				bob < ACK A
				log Attempting call on SIP/bob for application Wait(1) (Retry 1)
				wait 900ms
				bob < BYE A
				bob > 200
				log Call completed to SIP/bob`)
			s.want("after it", "outgoing/a.call", "")
		},
		"an extension, archived": func(s *spooled) {
			s.drop("noext", "Channel: SIP/bob\nContext: t\nExtension: 1000\nPriority: 1\nArchive: yes\n", 0)
			s.play(`
				bob < INVITE call=A
				bob > 200
				bob < ACK A
				log Executing [1000@t:1] Answer("SIP/bob-00000000", "")
				wait 900ms
				bob < BYE A
				bob > 200
				log Executing [h@t:1] NoOp("SIP/bob-00000000", "HEXT SIP/bob-00000000")`)
			s.want("after it", "outgoing/noext", "")
			s.want("after it", "outgoing_done/noext", "\nStartRetry: PID 1 (T)\nStatus: Completed\n")
		},
		"an archived file, dropped again": func(s *spooled) {
			s.drop("twice", "Channel: SIP/bob\nContext: t\nExtension: 1000\nMaxRetries: 1\nRetryTime: 1\nArchive: yes\n\nStartRetry: 1 1 (1)\nStatus: Expired\n", 0)
			s.play(`
				bob < INVITE call=A
				bob > 200
				bob < ACK A
				wait 900ms
				bob < BYE A
				bob > 200`)
			s.want("after it", "outgoing_done/twice", "Status: Expired\n\nStartRetry: PID 2 (T)\nStatus: Completed\n")
		},
		"busy, and again": func(s *spooled) {
			s.drop("b.call", "Channel: SIP/bob\nContext: cffail\nExtension: 1\nMaxRetries: 1\nRetryTime: 2\nArchive: yes\nSet: V=x\n", 0)
			s.play(`
				bob < INVITE call=A
				bob > 486
				bob < ACK A
				log Executing [failed@cffail:1] NoOp("OutgoingSpoolFailed", "FAILEDEXT ch=OutgoingSpoolFailed REASON=5 V=x")`)
			s.play("wait 1s\n log Executing [h@cffail:1] NoOp(\"OutgoingSpoolFailed\", \"FAILED-H ch=OutgoingSpoolFailed\")\n log Call failed to go through, reason (5) Remote end is Busy")
			s.want("between", "outgoing/b.call", "\nStartRetry: PID 1 (T)\n\nEndRetry: PID 1 (T)\n")
			s.play(`
				wait 900ms
				bob < INVITE call=B
				bob > 486
				bob < ACK B
				wait 2s
				log Queued call to SIP/bob expired without completion after 1 attempt
				wait 10m
				bob < nothing 1s`)
			s.want("after it", "outgoing_done/b.call", "EndRetry: PID 1 (T)\n\nStartRetry: PID 2 (T)\nStatus: Expired\n")
		},
		"nobody answers": func(s *spooled) {
			s.drop("c.call", "Channel: SIP/bob\nContext: cffail\nExtension: 1\nWaitTime: 1\n", 0)
			s.play(`
				bob < INVITE call=A
				bob > 180
				wait 900ms
				bob < CANCEL A
				bob > 200
				wait 2s
				log NoOp("OutgoingSpoolFailed", "FAILEDEXT ch=OutgoingSpoolFailed REASON=3 V=")
				log Call failed to go through, reason (3) Remote end Ringing
				log Queued call to SIP/bob expired without completion after 0 attempts`)
			s.want("after it", "outgoing/c.call", "")
		},
		"at a time to come": func(s *spooled) {
			s.drop("d.call", "Channel: SIP/bob\nApplication: Wait\nData: 1\n", time.Hour)
			s.play(`
				wait 59m
				bob < nothing 1s
				wait 59s
				bob < INVITE call=A
				bob > 404
				bob < ACK A
				log Call failed to go through, reason (0) Call Failure`)
			s.want("after it", "outgoing/d.call", "")
		},
		"mistakes": func(s *spooled) {
			s.drop("e.call", "; a comment\n# another\nCHANNEL: SIP/bob\nbogus: x\nthis line has no colon\nCallerid: 5\nApplication: Wait\nData:1\nMaxRetries: x\nAlwaysDelete: no\nEarlyMedia: no\n", 0)
			s.play(`
				bob < INVITE call=A | <sip:5@
				log Unknown keyword 'bogus' at line 4 of
				log Syntax error at line 5 of
				log Invalid max retries at line 9 of
				log Unknown keyword 'EarlyMedia' at line 11 of
				bob > 200
				bob < ACK A
				wait 900ms
				bob < BYE A
				bob > 200
				wait 1s`)
			s.want("it stays", "outgoing/e.call", "\nStartRetry: PID 1 (T)\n")
			s.play("wait 2h\n bob < nothing 1s")
		},
		"no call": func(s *spooled) {
			s.drop("f.call", "Application: Wait\nData: 1\n", 0)
			s.want("after it", "outgoing/f.call", "")
			s.drop("g.call", "Channel: SIP/bob\n", 0)
			s.want("after it", "outgoing/g.call", "")
			s.drop("kept.call", "Channel: SIP/bob\nArchive: yes\n", 0)
			s.want("after it", "outgoing_done/kept.call", "Archive: yes\nStatus: Failed\n")
			s.play("bob < nothing 5s")
		},
		"unknown peers": func(s *spooled) {
			s.drop("h.call", "Channel: SIP/nosuchpeer\nApplication: Wait\nData: 1\nArchive: yes\n", 0)
			s.drop("i.call", "Channel: NOSUCH/x\nApplication: Wait\nData: 1\nArchive: yes\n", 0)
			s.want("after it", "outgoing_done/h.call", "\nStartRetry: PID 1 (T)\nStatus: Expired\n")
			s.want("after it", "outgoing_done/i.call", "\nStartRetry: PID 1 (T)\nStatus: Expired\n")
		},
		"a local channel": func(s *spooled) {
			s.drop("j.call", "Channel: Local/1000@t\nContext: t\nExtension: 1000\nArchive: yes\n", 0)
			s.play("wait 3s")
			s.want("after it", "outgoing_done/j.call", "\nStartRetry: PID 1 (T)\nStatus: Completed\n")
		},
		"the exchange was killed": func(s *spooled) {
			s.drop("k.call", "Channel: SIP/bob\nApplication: Wait\nData: 1\nArchive: yes\n\nStartRetry: 1 1 (5)\n", 0)
			s.want("at once", "outgoing_done/k.call", "StartRetry: PID 1 (T)\nStatus: Expired\n")
			s.play("bob < nothing 1m")
		},
		"not finished": func(s *spooled) {
			s.drop(".l.call", "Channel: SIP/bob\nApplication: Wait\nData: 1\n", 0)
			s.play("bob < nothing 1m")
		},
	}
	for name, play := range stories {
		t.Run(name, func(t *testing.T) { withSpool(t, play) })
	}
}
