package e2e

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// baresip is one headless softphone that says a tone and records what it hears.
type baresip struct {
	t      *testing.T
	dir    string
	cmd    *exec.Cmd
	out    *output
	ctl    net.Conn
	events *output // the JSON events, one a line
}

// startBaresip registers user with the exchange from host. Calls to it are
// answered when answer is set; it says a tone of freq Hz. Without codecs it
// speaks PCMU.
func startBaresip(t *testing.T, host, exchange, user, password string, freq float64, answer bool, codecs ...string) *baresip {
	t.Helper()
	return startBaresipAt(t, "", "", host, exchange, user, password, freq, answer, codecs...)
}

// startBaresipAt starts it at another site, with lines of its list of contacts, whose
// presence it watches.
func startBaresipAt(t *testing.T, at site, contacts, host, exchange, user, password string, freq float64, answer bool, codecs ...string) *baresip {
	t.Helper()
	path := tool(t, "baresip")
	b := &baresip{t: t, dir: t.TempDir(), out: newOutput(), events: newOutput()}
	tone := filepath.Join(b.dir, "tone.wav")
	writeTone(t, tone, freq, 60)
	if err := os.Mkdir(filepath.Join(b.dir, "heard"), 0o700); err != nil {
		t.Fatal(err)
	}
	var control int
	at.do(t, func() { control = freePort(t, "127.0.0.1") })
	listen, network := host+":5080", "net_interface "+host
	if strings.Contains(host, ":") {
		listen, network = fmt.Sprintf("[%s]:%d", host, freePort(t, host)), "net_interface "+host
	}
	config := fmt.Sprintf(`poll_method epoll
sip_listen %[6]s
%[7]s
call_max_calls 4
call_local_timeout 30
sip_verify_server no
audio_source aufile,%[2]s
audio_player aubridge,nil
audio_alert aubridge,nil
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
audio_txmode poll
rtp_ports 30000-30100
snd_path %[3]s
ctrl_tcp_listen 127.0.0.1:%[4]d
module_path %[5]s
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module uuid.so
module_app account.so
module_app contact.so
module_app presence.so
module_app menu.so
module_app ctrl_tcp.so
`, host, tone, filepath.Join(b.dir, "heard"), control, modulePath(t), listen, network)
	mode := "manual"
	if answer {
		mode = "auto"
	}
	b.write("config", config)
	b.write("accounts", fmt.Sprintf("<sip:%s@%s>;auth_user=%s;auth_pass=%s;answermode=%s;regint=600;ptime=20;audio_codecs=%s\n", user, exchange, user, password, mode, strings.Join(append(codecs, "PCMU")[:max(1, len(codecs))], ",")))
	b.write("contacts", contacts)
	b.cmd = at.command(path, "-f", b.dir)
	b.cmd.Stdout, b.cmd.Stderr = b.out, b.out
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = b.cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = b.cmd.Process.Kill()
		<-done
		if t.Failed() {
			t.Logf("baresip %s printed:\n%s\nevents:\n%s", user, b.out, b.events)
		}
	})
	b.connect(at, fmt.Sprintf("127.0.0.1:%d", control))
	return b
}

func (b *baresip) write(name, text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// connect opens the control connection and collects its events.
func (b *baresip) connect(at site, addr string) {
	b.t.Helper()
	eventually(b.t, 10*time.Second, "baresip's control port", func() bool {
		var err error
		at.do(b.t, func() { b.ctl, err = net.Dial("tcp", addr) })
		return err == nil
	})
	b.t.Cleanup(func() { b.ctl.Close() })
	go func() {
		for r := bufio.NewReader(b.ctl); ; {
			length, err := r.ReadString(':')
			if err != nil {
				return
			}
			n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
			if err != nil {
				return
			}
			text := make([]byte, n+1) // with the comma
			if _, err := io.ReadFull(r, text); err != nil {
				return
			}
			fmt.Fprintf(b.events, "%s\n", text[:n])
		}
	}()
}

// do sends a command of baresip's menu.
func (b *baresip) do(command, params string) {
	b.t.Helper()
	text, err := json.Marshal(map[string]string{"command": command, "params": params})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.ctl, "%d:%s,", len(text), text); err != nil {
		b.t.Fatal(err)
	}
}

// await waits for an event such as REGISTER_OK or CALL_ESTABLISHED.
func (b *baresip) await(event string) {
	b.t.Helper()
	b.events.waitFor(b.t, `"`+event+`"`, 20*time.Second)
}

// registered waits until the exchange shows the phone.
func (b *baresip) registered(x *exchange, user, host string) {
	b.t.Helper()
	eventually(b.t, 15*time.Second, user+" registered", func() bool {
		for _, line := range strings.Split(x.console("sip show peers"), "\n") {
			if strings.HasPrefix(line, user) && strings.Contains(line, host) {
				return true
			}
		}
		return false
	})
}

// heard returns what the phone heard so far, 8 kHz.
func (b *baresip) heard() []float64 {
	b.t.Helper()
	files, _ := filepath.Glob(filepath.Join(b.dir, "heard", "dump-*-dec.wav"))
	var samples []float64
	for _, f := range files {
		samples = append(samples, readWAV(b.t, f)...)
	}
	return samples
}

func modulePath(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/baresip/modules", "/usr/lib/*/baresip/modules", "/usr/local/lib/baresip/modules"} {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatal("baresip's modules are not where they should be")
	return ""
}

func freePort(t *testing.T, host string) int {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// writeTone writes seconds of a sine as 8 kHz mono 16-bit wav.
func writeTone(t *testing.T, path string, freq float64, seconds int) {
	t.Helper()
	n := 8000 * seconds
	b := make([]byte, 44, 44+2*n)
	copy(b, "RIFF")
	binary.LittleEndian.PutUint32(b[4:], uint32(36+2*n))
	copy(b[8:], "WAVEfmt ")
	for i, v := range []uint16{16, 0, 1, 1, 8000, 0, 16000, 0, 2, 16} {
		binary.LittleEndian.PutUint16(b[16+2*i:], v)
	}
	copy(b[36:], "data")
	binary.LittleEndian.PutUint32(b[40:], uint32(2*n))
	for i := range n {
		v := int16(12000 * math.Sin(2*math.Pi*freq*float64(i)/8000))
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// readWAV reads the samples of a mono 16-bit wav whose header may not have been
// completed.
func readWAV(t *testing.T, path string) []float64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) < 44 {
		return nil
	}
	b = b[44:]
	out := make([]float64, len(b)/2)
	for i := range out {
		out[i] = float64(int16(binary.LittleEndian.Uint16(b[2*i:])))
	}
	return out
}

const oneSecond = 8000 // samples

// frequency returns the strongest frequency of the last second, in Hz, and its
// share of the energy there.
func frequency(samples []float64) (freq, share float64) {
	if len(samples) < oneSecond {
		return 0, 0
	}
	part := samples[len(samples)-oneSecond:]
	all := energy(part)
	if all == 0 {
		return 0, 0
	}
	strongest := 0.0
	for f := 100.0; f < 2000; f++ {
		if p := goertzel(part, f); p > strongest {
			strongest, freq = p, f
		}
	}
	return freq, strongest / all
}

func energy(s []float64) (e float64) {
	for _, v := range s {
		e += v * v
	}
	return e
}

// goertzel is the energy of s at frequency f.
func goertzel(s []float64, f float64) float64 {
	c := 2 * math.Cos(2*math.Pi*f/8000)
	var a, b float64
	for _, v := range s {
		a, b = v+c*a-b, a
	}
	return 2 * (a*a + b*b - c*a*b) / float64(len(s))
}

// isTone reports whether the last second of samples is a tone of freq Hz, give or take
// within, which has more than half of the energy: no other one can be the strongest then,
// and those need not be looked for.
func isTone(samples []float64, freq, within, share float64) bool {
	if len(samples) < oneSecond {
		return false
	}
	part := samples[len(samples)-oneSecond:]
	all := energy(part)
	for f := freq - within; f <= freq+within; f++ {
		if goertzel(part, f) > share*all {
			return true
		}
	}
	return false
}

// hearTone waits until the last second of what is heard is such a tone.
func hearTone(t *testing.T, freq, within, share float64, heard func() []float64) {
	t.Helper()
	var last []float64
	defer func() {
		if t.Failed() {
			got, share := frequency(last)
			t.Logf("heard last: %.0f Hz with %.0f %% of the energy", got, 100*share)
		}
	}()
	eventually(t, 30*time.Second, fmt.Sprintf("a tone of %.0f Hz", freq), func() bool {
		last = heard()
		return isTone(last, freq, within, share)
	})
}

// hears waits until a second of what the phone hears is a tone of freq Hz.
func (b *baresip) hears(freq float64) {
	b.t.Helper()
	hearTone(b.t, freq, 5, 0.5, b.heard)
}
