package media

import (
	"net/netip"
	"time"
)

// far is the remote end as the loop sees it.
type far struct {
	rtp, rtcp          netip.AddrPort
	codec              int8 // that we send
	name               string
	pt                 uint8
	clock              int
	samples            int // in one block that we make
	blocks             int // that make one packet
	dir                Direction
	symmetric, away    bool
	dtmfSend, dtmfRecv uint8
	dtmfOffered        uint8
	recv               [16]struct {
		pt    uint8
		codec int8
	}
	n      int // of recv, that it takes as well
	number int // of recv, that may come
}

func (f *far) set(r Remote, ptime time.Duration) {
	f.rtp, f.rtcp = r.RTP, r.RTCP
	if !f.rtcp.IsValid() && f.rtp.IsValid() && f.rtp.Port() < 65535 {
		f.rtcp = netip.AddrPortFrom(f.rtp.Addr(), f.rtp.Port()+1)
	}
	f.codec, f.name, f.pt, f.clock = format(r.Send.Codec), r.Send.Codec, r.Send.Type, 8000
	if f.codec >= 0 {
		f.clock = formats[f.codec].Clock
	}
	if r.Ptime > 0 {
		ptime = r.Ptime
	}
	f.blocks = min(max(1, int(ptime/block)), maxPacketBlocks)
	f.samples = f.clock / int(time.Second/block)
	f.dir, f.symmetric, f.away = r.Direction, r.Symmetric, r.Away
	f.dtmfSend, f.dtmfRecv, f.dtmfOffered = r.DTMFSend, r.DTMFRecv, r.DTMFOffered
	f.number = 0
	f.add(r.Recv)
	f.n = f.number
	f.add(r.Offered)
}

// add takes payload types that may come.
func (f *far) add(list []Payload) {
	for _, p := range list {
		if f.number == len(f.recv) {
			return
		}
		f.recv[f.number].pt, f.recv[f.number].codec = p.Type, format(p.Codec)
		f.number++
	}
}

// event reports whether a payload type that comes is telephone-event.
func (f *far) event(pt uint8) bool {
	return pt != 0 && (pt == f.dtmfRecv || pt == f.dtmfOffered)
}

// held reports whether one side put the other on hold.
func (f *far) held() bool { return f.dir != SendRecv }

// codecOf is the format that a payload type stands for.
func (f *far) codecOf(pt uint8) (codec int8, ok bool) {
	for i := range f.number {
		if f.recv[i].pt == pt {
			return f.recv[i].codec, true
		}
	}
	return fmtNone, false
}

// typeOf is the payload type of a format, if the far end has it.
func (f *far) typeOf(codec int8) (pt uint8, ok bool) {
	for i := range f.n {
		if f.recv[i].codec == codec && codec >= 0 {
			return f.recv[i].pt, true
		}
	}
	return 0, false
}

// nameOf is the codec that goes out under a payload type.
func (f *far) nameOf(pt uint8) string {
	if pt == f.pt {
		return f.name
	}
	codec, _ := f.codecOf(pt)
	return name(codec)
}
