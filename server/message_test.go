package server

import "testing"

const messagePlan = `[t]
exten => 102,1,NoOp(MSG ${CHANNEL} to=${MESSAGE(to)} from=${MESSAGE(from)} body=${MESSAGE(body)} who=${MESSAGE_DATA(SIP_PEERNAME)} subject=${MESSAGE_DATA(Subject)})
 same => n,MessageSend(sip:bob,${MESSAGE(from)})
 same => n,NoOp(SENT ${MESSAGE_SEND_STATUS})
exten => 103,1,Set(MESSAGE(body)=changed)
 same => n,Set(MESSAGE_DATA(X-Ticket)=42)
 same => n,MessageSend(sip:55@carol,Office <office>,sip:team@example.com)
 same => n,NoOp(SENT ${MESSAGE_SEND_STATUS})
exten => 104,1,MessageSend(xmpp:bob)
 same => n,NoOp(SENT ${MESSAGE_SEND_STATUS})
 same => n,MessageSend(sip:nobody)
 same => n,NoOp(SENT ${MESSAGE_SEND_STATUS})
 same => n,MessageSend()
 same => n,NoOp(SENT ${MESSAGE_SEND_STATUS})
exten => 105,1,Wait(600)
exten => 200,1,Answer()
 same => n,Set(MESSAGE(body)=from a call)
 same => n,MessageSend(sip:bob)
 same => n,NoOp(SENT ${MESSAGE_SEND_STATUS})
[texts]
exten => 102,1,NoOp(TEXTS ${MESSAGE(body)})
`

const text = "Content-Type: text/plain | body "

func TestMessages(t *testing.T) {
	for name, script := range map[string]string{
		"to the dialplan and on to a phone": `
	alice > MESSAGE 102 call=M | Subject: lunch | ` + text + `It is served
	alice < 202 M
	log MSG Message/ast_msg_queue to=sip:102@127.0.60.1 from=<sip:alice@127.0.60.1> body=It is served who=alice subject=lunch
	bob < MESSAGE | It is served | From: <sip:alice@127.0.60.1>;tag= | To: <sip:127.0.60.12> | Max-Forwards: 69 | Content-Type: text/plain
	bob > 200
	log SENT SUCCESS`,
		"changed, from another name": `
	alice > MESSAGE 103 call=M | ` + text + `hello
	alice < 202 M
	carol < MESSAGE | MESSAGE sip:55@127.0.60.13 | changed | X-Ticket: 42 | From: "Office" <sip:office@ | To: <sip:team@example.com>
	carol > 404
	log SENT FAILURE`,
		"nobody answers": `
	alice > MESSAGE 102 call=M | ` + text + `hello
	alice < 202 M
	bob < MESSAGE
	bob < MESSAGE @500ms
	bob < MESSAGE @1s
	bob < MESSAGE @2s
	wait 600ms
	log SENT FAILURE`,
		"to nowhere": `
	alice > MESSAGE 104 call=M | ` + text + `hello
	alice < 202 M
	log No message technology 'xmpp' found
	log SENT INVALID_PROTOCOL
	log SENT FAILURE
	log SENT INVALID_URI`,
		"one after another, and none for ever": `
	alice > MESSAGE 105 call=M | ` + text + `hello
	alice < 202 M
	alice > MESSAGE 104 call=N | ` + text + `hello
	alice < 202 N
	show "core show channels" 1 active channel
	wait 61s
	log SENT INVALID_PROTOCOL
	show "core show channels" 0 active channels`,
		"from a call": `
	alice > INVITE 200 call=A
	alice < 100
	alice < 200 A
	alice > ACK A
	bob < MESSAGE | from a call | Max-Forwards: 70
	bob > 200
	alice < BYE A
	alice > 200
	log SENT SUCCESS`,
		"to a number that is not there": `
	alice > MESSAGE 999 call=M | ` + text + `hello
	alice < 404 M`,
		"not a text": `
	alice > MESSAGE 102 call=M | Content-Type: image/png | body x
	alice < 415 M`,
	} {
		t.Run(name, func(t *testing.T) { tell(t, map[string]string{"extensions.conf": messagePlan}, script) })
	}
}

// TestMessageSettings: where texts go, and whether they are taken.
func TestMessageSettings(t *testing.T) {
	for name, c := range map[string]struct{ conf, script string }{
		"a context of their own": {storySIP + "[alice](+)\noutofcall_message_context=texts\n", `
	alice > MESSAGE 102 call=M | ` + text + `hello
	alice < 202 M
	log TEXTS hello`},
		"not taken": {"[general](+)\naccept_outofcall_message=no\n", `
	alice > MESSAGE 102 call=M | ` + text + `hello
	alice < 405 M`},
		"proof is asked for": {storySIP + "[alice](+)\nsecret=very-secret-1\n", `
	alice > MESSAGE 102 call=M | ` + text + `hello
	alice < 401 M`},
		"proof is not asked for": {storySIP + "[alice](+)\nsecret=very-secret-1\n[general](+)\nauth_message_requests=no\n", `
	alice > MESSAGE 102 call=M | ` + text + `hello
	alice < 202 M
	log MSG Message/ast_msg_queue
	bob < MESSAGE
	bob > 200`},
		"sent in a circle": {storySIP + "[loop]\ntype=friend\nhost=127.0.60.1\ncontext=circle\n", `
	alice > MESSAGE 300 call=M | ` + text + `hello
	alice < 202 M
	wait 30s
	log Max-Forwards`},
	} {
		t.Run(name, func(t *testing.T) {
			conf := c.conf
			if conf[:9] == "[general]" {
				conf = storySIP + conf
			}
			tell(t, map[string]string{"sip.conf": conf, "extensions.conf": messagePlan + "[t](+)\nexten => 300,1,MessageSend(sip:300@loop)\n[circle]\nexten => 300,1,MessageSend(sip:300@loop)\n"}, c.script)
		})
	}
}
