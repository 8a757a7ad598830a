package e2e

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

// programs are scripts as people write them: with nothing, with a library, in
// several languages. Each answers, plays, reads and sets a variable.
const programs = `-- plain.sh --
#!/bin/sh
while read -r line && [ -n "$line" ]; do
  case $line in agi_extension:*) exten=${line#agi_extension: };; esac
done
ask() { printf '%s\n' "$1"; read -r code result rest; }
ask ANSWER
ask 'STREAM FILE beep ""'
ask 'GET VARIABLE CALLERID(num)'
ask "SET VARIABLE RESULT \"$exten $rest $SIP_USER $1\""
-- library.pl --
#!/usr/bin/perl
use strict;
use Asterisk::AGI;
my $agi = Asterisk::AGI->new;
my %in = $agi->ReadParse;
$agi->answer;
$agi->stream_file('beep');
$agi->database_put('agi', 'who', $in{callerid});
my $who = $agi->database_get('agi', 'who');
my $number = $agi->get_variable('CALLERID(num)');
$agi->verbose("library.pl for $who", 1);
$agi->exec('Set', 'FROMEXEC=1');
$agi->set_variable('RESULT', "$in{extension} ($number) $ENV{SIP_USER} $ARGV[0]") if $who eq $number && $agi->get_variable('FROMEXEC') == 1;
-- plain.py --
#!/usr/bin/python3
import os, sys
env = {}
for line in iter(sys.stdin.readline, "\n"):
    name, _, value = line.rstrip("\n").partition(": ")
    env[name] = value
def ask(command):
    print(command, flush=True)
    return sys.stdin.readline().rstrip("\n")
assert ask("ANSWER") == "200 result=0"
assert ask('STREAM FILE beep ""').startswith("200 result=0 endpos=")
assert ask("BOGUS").startswith("510")
number = ask("GET VARIABLE CALLERID(num)").split(" ", 2)[2]
ask('SET VARIABLE RESULT "%s %s %s %s"' % (env["agi_extension"], number, os.environ["SIP_USER"], env["agi_arg_1"]))
-- plain.js --
#!/usr/bin/node
const lines = require('readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => (await lines.next()).value;
(async () => {
  const env = {};
  for (let line = await next(); line; line = await next()) {
    const i = line.indexOf(': ');
    env[line.slice(0, i)] = line.slice(i + 2);
  }
  const ask = async (command) => { console.log(command); return next(); };
  if (await ask('ANSWER') !== '200 result=0') process.exit(1);
  await ask('STREAM FILE beep ""');
  const number = (await ask('GET VARIABLE CALLERID(num)')).split(' ')[2];
  await ask('SET VARIABLE RESULT "' + [env.agi_extension, number, process.env.SIP_USER, process.argv[2]].join(' ') + '"');
  process.exit(0);
})();
-- listen.py --
#!/usr/bin/python3
# EAGI: a second of what the caller says, as a file.
import os, sys
for line in iter(sys.stdin.readline, "\n"):
    pass
print("ANSWER", flush=True)
sys.stdin.readline()
audio = b""
while len(audio) < 16000:
    block = os.read(3, 16000)
    if not block:
        break
    audio += block
with open(sys.argv[1], "wb") as f:
    f.write(audio)
-- record.sh --
#!/bin/sh
while read -r line && [ -n "$line" ]; do :; done
ask() { printf '%s\n' "$1"; read -r answer; }
ask ANSWER
ask "RECORD FILE $1 wav # 30000"
ask "SET VARIABLE RESULT \"$answer\""
-- hup.sh --
#!/bin/sh
file=$1
trap 'echo hup >>"$file"' HUP
while read -r line && [ -n "$line" ]; do :; done
ask() { printf '%s\n' "$1"; read -r answer || read -r answer; } # the first is interrupted by HUP
ask ANSWER
until [ -s "$file" ]; do sleep 0.05; done
ask 'STREAM FILE beep ""'
echo "$answer" >>"$file"
-- ivr.py --
#!/usr/bin/python3
# ExternalIVR: a sound to its end, a key, and the name of who called.
import sys
def say(line):
    print(line, flush=True)
def hear():
    return sys.stdin.readline().rstrip("\n").split(",")
say("A,beep")
assert hear()[0] == "F"
open(sys.argv[1], "w").write("played")
key = hear()[0]
say("G,CALLERID(num)")
name = hear()[2]
say("V,RESULT=%s %s" % (key, name))
say("E,done")
-- once.sh --
#!/bin/sh
while read -r line && [ -n "$line" ]; do :; done
echo "$SIP_TID" >>"$1"
exit 2
`

const programOffice = `
-- sip.conf --
[general]
udpbindaddr=@PBX@
allowguest=yes
context=t
-- extensions.conf --
[t]
exten => 701,1,AGI(plain.sh,argument)
 same => n,Goto(result,1)
exten => 702,1,AGI(library.pl,argument)
 same => n,Goto(result,1)
exten => 703,1,AGI(plain.py,argument)
 same => n,Goto(result,1)
exten => 704,1,AGI(plain.js,argument)
 same => n,Goto(result,1)
exten => 705,1,AGI(agi://@3@/menu?lang=de,argument)
 same => n,Goto(result,1)
exten => 710,1,EAGI(listen.py,${GLOBAL(FILE)})
 same => n,Goto(result,1)
exten => 711,1,AGI(record.sh,${GLOBAL(FILE)})
 same => n,Goto(result,1)
exten => 720,1,AGI(hup.sh,${GLOBAL(FILE)})
exten => 730,1,Set(PROGRAM_REPLY=2=486)
 same => n,AGI(once.sh,${GLOBAL(FILE)})
exten => 740,1,ExternalIVR(ivr.py(${GLOBAL(FILE)}))
 same => n,Goto(result,1)
exten => result,1,Set(GLOBAL(STATUS)=${AGISTATUS})
 same => n,Set(GLOBAL(RESULT)=${RESULT})
 same => n,Hangup()
exten => h,1,Set(GLOBAL(ENDED)=${AGISTATUS})
`

// newProgramOffice has the scripts in its AGI directory, and a file that they may
// write.
func newProgramOffice(t *testing.T) (x *exchange, file string) {
	t.Helper()
	x = newExchange(t, programOffice)
	dir := filepath.Join(x.state, "agi-bin")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range txtar.Parse([]byte(programs)).Files {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file = filepath.Join(t.TempDir(), "file")
	x.console("dialplan set global FILE " + file)
	return x, file
}

// TestPrograms: scripts in four languages, one with the library of Debian, and a
// server run calls.
func TestPrograms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ exten, needs, result string }{
		{"701", "sh", "701 (caller) 701 argument"},
		{"702", "perl", "702 (caller) 702 argument"},
		{"703", "python3", "703 (caller) 703 argument"},
		{"704", "node", "704 (caller) 704 argument"},
		{"705", "sh", "menu?lang=de argument"},
	} {
		t.Run(tt.exten, func(t *testing.T) {
			t.Parallel()
			tool(t, tt.needs)
			if tt.needs == "perl" && exec.Command("perl", "-MAsterisk::AGI", "-e", "1").Run() != nil {
				tool(t, "Asterisk::AGI of libasterisk-agi-perl")
			}
			x, _ := newProgramOffice(t)
			if tt.exten == "705" {
				serveFastAGI(t, x.net.host(3))
			}
			l := newTalker(t, x.net.host(2), typePCMU, 101, 440).calls(x, tt.exten)
			if m, ok := l.await("BYE ", "", limit); ok {
				l.reply(m, "200 OK", "")
			} else {
				t.Error("no BYE")
			}
			globals := x.console("dialplan show globals")
			for _, want := range []string{"STATUS=SUCCESS", "RESULT=" + tt.result} {
				if !strings.Contains(globals, want) {
					t.Errorf("%s is not in\n%s", want, globals)
				}
			}
			x.idle()
			noChildren(t, x)
		})
	}
}

// serveFastAGI is a server for one call.
func serveFastAGI(t *testing.T, host string) {
	t.Helper()
	l, err := net.Listen("tcp", host+":4573")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewScanner(conn)
		env := map[string]string{}
		for in.Scan() && in.Text() != "" {
			name, value, _ := strings.Cut(in.Text(), ": ")
			env[name] = value
		}
		for _, c := range []string{"ANSWER", `STREAM FILE beep ""`, fmt.Sprintf("SET VARIABLE RESULT \"%s %s\"", env["agi_network_script"], env["agi_arg_1"])} {
			fmt.Fprintln(conn, c)
			in.Scan()
		}
	}()
}

// noChildren looks that the exchange has no process left, not even a dead one.
func noChildren(t *testing.T, x *exchange) {
	t.Helper()
	eventually(t, 5*time.Second, "no process is left", func() bool {
		list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", x.cmd.Process.Pid))
		return err != nil || strings.TrimSpace(string(list)) == ""
	})
}

// TestProgramsHear: EAGI reads what the caller says, RECORD FILE keeps it until a
// key.
func TestProgramsHear(t *testing.T) {
	t.Parallel()
	tool(t, "python3")
	for _, exten := range []string{"710", "711"} {
		t.Run(exten, func(t *testing.T) {
			t.Parallel()
			x, file := newProgramOffice(t)
			k := newTalker(t, x.net.host(2), typePCMU, 101, 440)
			l := k.calls(x, exten)
			header := 0
			if exten == "711" {
				file, header = file+".wav", 44
				eventually(t, limit, "a second is recorded", func() bool {
					info, err := os.Stat(file)
					return err == nil && info.Size() > 20000
				})
				k.press("#")
			}
			if m, ok := l.await("BYE ", "", limit); ok {
				l.reply(m, "200 OK", "")
			} else {
				t.Error("no BYE")
			}
			audio, err := os.ReadFile(file)
			if err != nil || len(audio) < header+16000 {
				t.Fatalf("%d bytes, %v", len(audio), err)
			}
			var samples []float64
			for i := header; i+1 < len(audio); i += 2 {
				samples = append(samples, float64(int16(binary.LittleEndian.Uint16(audio[i:]))))
			}
			if f, share := frequency(samples); f < 435 || f > 445 || share < 0.9 {
				t.Errorf("the program heard %.0f Hz, %.2f of it", f, share)
			}
			if globals := x.console("dialplan show globals"); exten == "711" && !strings.Contains(globals, fmt.Sprintf("RESULT=200 result=35 (dtmf) endpos=%d", len(samples))) {
				t.Errorf("%d samples, and\n%s", len(samples), globals)
			}
			x.idle()
			noChildren(t, x)
		})
	}
}

// TestProgramHangup: the caller hangs up, the script gets SIGHUP and goes on with a
// dead call.
func TestProgramHangup(t *testing.T) {
	t.Parallel()
	x, file := newProgramOffice(t)
	l := newTalker(t, x.net.host(2), typePCMU, 101, 440).calls(x, "720")
	if err := l.bye(); err != nil {
		t.Error(err)
	}
	want := "hup\n511 Command Not Permitted on a dead channel or intercept routine\n"
	eventually(t, limit, "the script is told and refused", func() bool {
		text, _ := os.ReadFile(file)
		return string(text) == want
	})
	x.idle()
	if globals := x.console("dialplan show globals"); !strings.Contains(globals, "ENDED=HANGUP") {
		t.Errorf("the extension h saw\n%s", globals)
	}
	noChildren(t, x)
}

// TestProgramMenu: ExternalIVR has a script told of the end of a sound and of a key,
// and does what it says.
func TestProgramMenu(t *testing.T) {
	t.Parallel()
	tool(t, "python3")
	x, file := newProgramOffice(t)
	k := newTalker(t, x.net.host(2), typePCMU, 101, 440)
	l := k.calls(x, "740")
	eventually(t, limit, "the sound is over", func() bool {
		text, _ := os.ReadFile(file)
		return string(text) == "played"
	})
	k.press("5")
	if m, ok := l.await("BYE ", "", limit); ok {
		l.reply(m, "200 OK", "")
	} else {
		t.Error("no BYE")
	}
	if globals := x.console("dialplan show globals"); !strings.Contains(globals, "RESULT=5 CALLERID(num)=caller") {
		t.Errorf("the script left\n%s", globals)
	}
	x.idle()
	noChildren(t, x)
}

// TestProgramOnce: a retransmitted INVITE runs its program once, whose exit status
// is the answer.
func TestProgramOnce(t *testing.T) {
	t.Parallel()
	x, file := newProgramOffice(t)
	a := newAgent(t, x.net.host(2)+":5061", x.addr(), nil)
	k := newTalker(t, x.net.host(2), typePCMU, 101, 440)
	l := a.call("once", "730")
	for range 5 {
		l.request("INVITE", 1, k.sdp("0"))
	}
	if _, ok := l.await("SIP/2.0 486", "1 INVITE", limit); !ok {
		t.Fatal("no 486")
	}
	l.request("ACK", 1, "")
	x.idle()
	if text, _ := os.ReadFile(file); string(text) != "z9hG4bK-once-1\n" {
		t.Errorf("the program ran as %q", text)
	}
	noChildren(t, x)
}
