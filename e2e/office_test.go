package e2e

// office is the configuration of the sipp tests: .2 calls without a password,
// .3 to .5 are called, alice registers with one.
const office = `
-- sip.conf --
[general]
context=nowhere
udpbindaddr=@PBX@:5060
disallow=all
allow=ulaw,alaw
realm=e2e
minexpiry=60
maxexpiry=3600
t1min=100
timert1=100

[caller]
type=peer
host=@2@
insecure=port,invite
context=office

[one]
type=peer
host=@3@
port=5070
context=office

[two]
type=peer
host=@4@
port=5070
context=office

[three]
type=peer
host=@5@
port=5070
context=office

[alice]
type=friend
host=dynamic
secret=correct-horse-battery
context=office

[bob]
type=friend
host=dynamic
secret=staple-paperclip-stamp
context=office
-- extensions.conf --
[general]
static=yes

[nowhere]

[office]
exten => 100,1,Answer()
 same => n,Wait(30)
 same => n,Hangup()
; the exchange hangs up after a second
exten => 101,1,Answer()
 same => n,Wait(1)
 same => n,Hangup()
exten => 200,1,Dial(SIP/one,20)
 same => n,NoOp(${DIALSTATUS})
exten => 201,1,Dial(SIP/one,2)
 same => n,Hangup()
exten => 300,1,Dial(SIP/one&SIP/two&SIP/three,20)
 same => n,Hangup()
exten => 400,1,Set(GLOBAL(RUNS)=$[0${RUNS} + 1])
 same => n,Wait(0.5)
 same => n,Answer()
 same => n,Wait(30)
exten => 500,1,Busy()
exten => 501,1,Congestion()
exten => 502,1,Hangup(1)
exten => 600,1,Answer()
 same => n,Echo()
-- rtp.conf --
[general]
rtpstart=20000
rtpend=20999
`
