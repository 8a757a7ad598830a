package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// scenario is a sipp scenario, a step at a time.
type scenario []string

// Steps that expect a message.
func recv(status int) string { return fmt.Sprintf(`<recv response="%d" rrs="true"/>`, status) }

func recvAuth(status int) string {
	return fmt.Sprintf(`<recv response="%d" auth="true"/>`, status)
}

func optional(status int) string {
	return fmt.Sprintf(`<recv response="%d" optional="true"/>`, status)
}

func recvRequest(method string) string { return fmt.Sprintf(`<recv request="%s"/>`, method) }

// recvKeeping keeps the headers that an answer repeats, for an answer that is not
// sent at once.
func recvKeeping(method string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<recv request="%s"><action>`, method)
	for _, h := range []string{"Via", "From", "To", "CSeq"} {
		fmt.Fprintf(&b, `<ereg regexp="[^ ].*" search_in="hdr" header="%s:" assign_to="%s"/>`, h, strings.ToLower(h))
	}
	b.WriteString(`</action></recv>`)
	return b.String()
}

func pause(d time.Duration) string {
	return fmt.Sprintf(`<pause milliseconds="%d"/>`, d.Milliseconds())
}

// within fails the call when the next step takes longer than d.
func within(d time.Duration, step string) string {
	return strings.Replace(step, "<recv ", fmt.Sprintf(`<recv timeout="%d" `, d.Milliseconds()), 1)
}

func send(text string) string {
	return "<send><![CDATA[\n" + strings.TrimLeft(text, "\n") + "\n]]></send>"
}

const sdpBody = `v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 8 101
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=%s`

func withSDP(headers, direction string) string {
	return headers + "Content-Type: application/sdp\nContent-Length: [len]\n\n" + fmt.Sprintf(sdpBody, direction)
}

const empty = "Content-Length: 0\n\n"

// caller is the calling side's headers: a request outside or inside its dialog.
func caller(method string, cseq int, inDialog bool) string {
	uri, to, route := "sip:[service]@[remote_ip]:[remote_port]", "", ""
	if inDialog {
		uri, to, route = "[next_url]", "[peer_tag_param]", "[routes]\n"
	}
	return fmt.Sprintf(`%s %s SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
%sFrom: <sip:caller@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>%s
Call-ID: [call_id]
CSeq: %d %s
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
`, method, uri, route, to, cseq, method)
}

func invite() string { return send(withSDP(caller("INVITE", 1, false), "sendrecv")) }

func reinvite(cseq int, direction string) string {
	return send(withSDP(caller("INVITE", cseq, true), direction))
}

func ack(cseq int) string {
	return send(strings.Replace(caller("ACK", cseq, true), "\n\n", "\n", 1) + empty)
}

func bye(cseq int) string { return send(caller("BYE", cseq, true) + empty) }

// ackFailure acknowledges a final answer other than 2xx: same branch, same URI.
func ackFailure(cseq int) string {
	return send(strings.Replace(caller("ACK", cseq, false), "To: <sip:[service]@[remote_ip]:[remote_port]>",
		"To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]", 1) + empty)
}

// answer replies to the request received last.
func answer(status, extra string) string {
	return send("SIP/2.0 " + status + `
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[pid]uas[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port];transport=[transport]>
` + extra)
}

// answerInDialog replies to a request inside the dialog, whose To has its tag.
func answerInDialog(status, extra string) string {
	return strings.Replace(answer(status, extra), ";tag=[pid]uas[call_number]", "", 1)
}

func (s scenario) xml() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"e2e\">\n")
	for _, step := range s {
		b.WriteString(step)
		b.WriteByte('\n')
	}
	b.WriteString("</scenario>\n")
	return b.String()
}

// sipp is one running sipp.
type sipp struct {
	t    *testing.T
	name string
	cmd  *exec.Cmd
	out  *bytes.Buffer
	dir  string
	done chan error
}

// startSIPp runs a scenario from an address. Callers get a target and an
// extension; a server listens at port 5070 for one call.
func startSIPp(t *testing.T, name string, s scenario, host string, args ...string) *sipp {
	t.Helper()
	path := tool(t, "sipp")
	p := &sipp{t: t, name: name, dir: t.TempDir(), out: new(bytes.Buffer), done: make(chan error, 1)}
	file := filepath.Join(p.dir, name+".xml")
	if err := os.WriteFile(file, []byte(s.xml()), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	args = append([]string{
		"-sf", file, "-i", host, "-mi", host, "-m", "1", "-nostdin", "-timeout", "60s", "-timeout_error",
		"-trace_msg", "-message_file", filepath.Join(p.dir, "messages.log"), "-trace_err", "-error_file", filepath.Join(p.dir, "errors.log"),
	}, args...)
	p.cmd = exec.CommandContext(ctx, path, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("sipp %s:\n%s", name, p.messages())
		}
	})
	return p
}

func (x *exchange) call(name, exten string, s scenario, args ...string) *sipp {
	return startSIPp(x.t, name, s, x.net.host(2), append([]string{x.addr(), "-s", exten, "-p", "5061"}, args...)...)
}

func (x *exchange) serve(name string, host int, s scenario) *sipp {
	x.t.Helper()
	p := startSIPp(x.t, name, s, x.net.host(host), "-p", "5070")
	awaitBound(x.t, x.net.host(host), 5070)
	return p
}

// awaitBound waits until somebody listens on a UDP port.
func awaitBound(t *testing.T, host string, port int) {
	t.Helper()
	var raw [4]byte
	fmt.Sscanf(host, "%d.%d.%d.%d", &raw[0], &raw[1], &raw[2], &raw[3])
	want := fmt.Sprintf("%02X%02X%02X%02X:%04X", raw[3], raw[2], raw[1], raw[0], port)
	eventually(t, 5*time.Second, "listener on "+host, func() bool {
		table, err := os.ReadFile("/proc/net/udp")
		return err == nil && bytes.Contains(table, []byte(want))
	})
}

// ok waits for the scenario's end and fails the test if a step went wrong.
func (p *sipp) ok() {
	p.t.Helper()
	err, wrong := <-p.done, p.file("errors.log")
	if err != nil || strings.Contains(wrong, "Unable to bind") { // which it ends well after
		p.t.Errorf("sipp %s: %v\n%s", p.name, err, wrong)
	}
}

// messages is the trace of what went over the wire.
func (p *sipp) messages() string { return p.file("messages.log") }

func (p *sipp) file(name string) string {
	b, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		return ""
	}
	return string(b)
}
