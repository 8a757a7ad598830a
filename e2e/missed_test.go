package e2e

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"pbx/missed/smtptest"
	"pbx/webhook"
)

const missedOffice = `
-- sip.conf --
[general]
bindaddr=@PBX@
allowguest=yes
context=in
[anna]
type=peer
host=@3@
port=5070
[ben]
type=peer
host=@4@
port=5070
-- extensions.conf --
[in]
exten => 200,1,Dial(SIP/anna,2)
exten => 201,1,Dial(SIP/anna&SIP/ben,5)
-- missed.conf --
[general]
server=@MAIL@
from=Telephone <pbx@example.com>
cafile=ca.pem
username=pbx
password=secret
subject=${REASON} ${DIALED}
webhook_secret=key
[anna]
name=Anna
mail=anna@example.com
webhook=http://@WEB@/missed
[ben]
mail=ben@example.com
-- ca.pem --
@CA@
`

// ringing is a phone that rings until it is cancelled.
func ringing() scenario {
	return scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), recvRequest("CANCEL"),
		answerInDialog("200 OK", empty),
		send(`SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:];tag=[pid]uas[call_number]
[last_Call-ID:]
CSeq: 102 INVITE
` + empty),
		recvRequest("ACK"),
	}
}

// TestMissedCalls: a phone that is busy, one that nobody answers, a caller who gives up,
// a call that a colleague takes, a phone that is not there; each told once by mail and by a
// post, through servers that fail at first, and across a kill of the exchange.
func TestMissedCalls(t *testing.T) {
	t.Parallel()
	n := newNetwork()
	mails := smtptest.New(t, smtptest.Options{Addr: n.host(9) + ":0", Auth: "PLAIN"})
	posts := make(chan *http.Request, 20)
	refuse := make(chan bool, 1)
	listen, err := net.Listen("tcp", n.host(9)+":0")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-refuse:
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		default:
		}
		b, _ := io.ReadAll(r.Body)
		r.Header.Set("X-Body", string(b))
		posts <- r
	})}
	go func() { _ = web.Serve(listen) }()
	defer web.Close()
	archive := strings.NewReplacer("@MAIL@", mails.Addr, "@WEB@", listen.Addr().String(), "@CA@", string(mails.CA)).Replace(missedOffice)
	x := newExchangeOn(t, n, archive)

	mail := func(to, subject string) {
		t.Helper()
		select {
		case m := <-mails.Mails:
			if m.To[0] != to || !strings.Contains(m.Data, "Subject: "+subject+"\n") || !m.Secure || m.Auth != "PLAIN |pbx|secret" {
				t.Errorf("mail %+v, want %s to %s", m, subject, to)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no mail %s:\n%s\n%s", subject, x.console("missed show"), x.out)
		}
	}
	post := func(reason string) {
		t.Helper()
		select {
		case r := <-posts:
			var got struct{ Event, User, Name, Reason, Dialled string }
			body := r.Header.Get("X-Body")
			if err := json.Unmarshal([]byte(body), &got); err != nil || got.Event != "missed_call" || got.User != "anna" || got.Name != "Anna" || got.Reason != reason {
				t.Errorf("post %s, want %s", body, reason)
			}
			if sign := r.Header.Get(webhook.SignatureHeader); !strings.HasPrefix(sign, "t=") || r.Header.Get(webhook.DeliveryHeader) == "" {
				t.Errorf("post with %v", r.Header)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no post %s:\n%s\n%s", reason, x.console("missed show"), x.out)
		}
	}

	anna := x.serve("busy", 3, scenario{recvRequest("INVITE"), answer("486 Busy Here", empty), recvRequest("ACK")})
	x.call("to-busy", "200", scenario{invite(), optional(100), recv(486), ackFailure(1)}).ok()
	anna.ok()
	mail("anna@example.com", "busy 200")
	post("busy")

	refuse <- true // the first try fails
	anna = x.serve("rings", 3, ringing())
	x.call("to-nobody", "200", scenario{invite(), optional(100), recv(180), recv(603), ackFailure(1)}).ok()
	anna.ok()
	mail("anna@example.com", "no answer 200")
	post("no answer")

	anna = x.serve("cancelled", 3, ringing())
	cancel := send(strings.Replace(caller("CANCEL", 1, false), "branch=[branch]", "branch=[branch-3]", 1) + empty)
	x.call("gives-up", "200", scenario{invite(), optional(100), recv(180), cancel, recv(200), recv(487), ackFailure(1)}).ok()
	anna.ok()
	mail("anna@example.com", "cancelled 200")
	post("cancelled")

	anna = x.serve("loses", 3, ringing())
	ben := x.serve("wins", 4, scenario{
		recvRequest("INVITE"), answer("180 Ringing", empty), pause(300 * time.Millisecond), answer("200 OK", withSDP("", "sendrecv")), recvRequest("ACK"),
		recvRequest("BYE"), answerInDialog("200 OK", empty),
	})
	x.call("to-both", "201", scenario{invite(), optional(100), optional(180), optional(183), recv(200), ack(1), pause(200 * time.Millisecond), bye(2), recv(200)}).ok()
	anna.ok()
	ben.ok()

	// The mail server is away, and the exchange is killed: what it has to tell is told by
	// the next one.
	mails.Answer("MAIL", "451 not now")
	refuse <- true
	anna = x.serve("busy-again", 3, scenario{recvRequest("INVITE"), answer("486 Busy Here", empty), recvRequest("ACK")})
	x.call("to-busy-again", "200", scenario{invite(), optional(100), recv(486), ackFailure(1)}).ok()
	anna.ok()
	eventually(t, 10*time.Second, "two deliveries that wait", func() bool { return strings.Contains(x.console("missed show"), "2 waiting") })
	x.kill()
	mails.Answer("MAIL", "")
	x.start()
	mail("anna@example.com", "busy 200")
	post("busy")
	eventually(t, 10*time.Second, "nothing that waits", func() bool { return strings.Contains(x.console("missed show"), "0 waiting") })
	select {
	case m := <-mails.Mails:
		t.Errorf("one mail too many: %+v", m)
	case r := <-posts:
		t.Errorf("one post too many: %v", r.Header)
	default:
	}
	x.idle()
}
