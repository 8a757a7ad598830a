package main

import (
	"fmt"
	"math"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

type leg struct {
	side   int // 0 caller, 1 callee
	id     int
	codec  int
	active atomic.Bool
	dst    syscall.RawSockaddrInet4
	ssrc   uint32
	seq    uint32 // packets sent since start
	winLo  uint32
	winHi  uint32
	buf    [12 + frame]byte
	// what arrived of this leg's own stream at the other end (relay mode)
	got, dup, reord uint64
	lastSeq         uint32
	jit             float64
	lastTrans       int64
	// what arrived at this leg from the PBX
	rx        uint64
	rxGaps    uint64
	rxLastSeq int32
	rxLastAt  int64
	rxMaxGap  int64
	rxJit     float64
	rxLastTS  uint32
	peerPort  int
}

var (
	mu    sync.Mutex
	legs  [2][]*leg
	byPrt [2][65536]*leg // side, PBX RTP port -> leg
	socks [2]int
	rport [2]int
	rips  [2]string

	window   atomic.Int32 // 0 before, 1 measuring, 2 after
	hist     [200001]uint32
	latMax   int64
	latN     uint64
	unknown  uint64
	cross    uint64
	badPay   uint64
	lateMax  atomic.Int64
	sendErr  uint64
	t0       = time.Now().UnixNano()
	relayDec bool
	quit     atomic.Bool
)

type mmsghdr struct {
	hdr syscall.Msghdr
	n   uint32
	_   [4]byte
}

const (
	batch  = 16
	rbatch = 64
)

func udpSock(ip string, port int) (int, int) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_NONBLOCK, 0)
	chk(err)
	syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, 33 /*SO_RCVBUFFORCE*/, 32<<20)
	syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, 32 /*SO_SNDBUFFORCE*/, 16<<20)
	syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	var a syscall.SockaddrInet4
	copy(a.Addr[:], net.ParseIP(ip).To4())
	a.Port = port
	chk(syscall.Bind(fd, &a))
	sa, _ := syscall.Getsockname(fd)
	return fd, sa.(*syscall.SockaddrInet4).Port
}

func chk(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "rtpload:", err)
		os.Exit(2)
	}
}

func (l *leg) build(now int64) {
	b := &l.buf
	l.seq++
	b[0], b[1] = 0x80, codecPT[l.codec]
	b[2], b[3] = byte(l.seq>>8), byte(l.seq)
	ts := l.seq * frame
	b[4], b[5], b[6], b[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
	b[8], b[9], b[10], b[11] = byte(l.ssrc>>24), byte(l.ssrc>>16), byte(l.ssrc>>8), byte(l.ssrc)
	if l.codec == cG {
		return
	}
	e := &encTab[l.codec]
	p := b[12:]
	us := uint64((now - t0) / 1000)
	var sum byte
	k := 0
	put := func(n byte) { p[k] = e[n&15]; sum += (n & 15) * byte(2*k+1); k++ }
	put(0xA)
	put(5)
	put(byte(l.side))
	for s := 12; s >= 0; s -= 4 {
		put(byte(l.id >> s))
	}
	for s := 20; s >= 0; s -= 4 {
		put(byte(l.seq >> s))
	}
	for s := 36; s >= 0; s -= 4 {
		put(byte(us >> s))
	}
	c := sum
	put(c >> 4)
	put(c)
}

func decode(codec int, p []byte) (side, id int, seq uint32, us int64, ok bool) {
	if len(p) < 25 {
		return
	}
	d := &decTab[codec]
	var sum byte
	k := 0
	get := func() byte { n := d[p[k]]; sum += n * byte(2*k+1); k++; return n }
	if get() != 0xA || get() != 5 {
		return
	}
	side = int(get())
	for i := 0; i < 4; i++ {
		id = id<<4 | int(get())
	}
	for i := 0; i < 6; i++ {
		seq = seq<<4 | uint32(get())
	}
	for i := 0; i < 10; i++ {
		us = us<<4 | int64(get())
	}
	c := sum
	h := d[p[k]]
	lo := d[p[k+1]]
	ok = h == c>>4 && lo == c&15 && side < 2
	return
}

func mediaLoop(sides int) {
	runtime.LockOSThread()
	var sm [batch]mmsghdr
	var siov [batch]syscall.Iovec
	var rm [rbatch]mmsghdr
	var riov [rbatch]syscall.Iovec
	var rbuf [rbatch][512]byte
	var roob [rbatch][64]byte
	var rsa [rbatch]syscall.RawSockaddrInet4
	next := time.Now().UnixNano()
	slot := 0
	for !quit.Load() {
		now := time.Now().UnixNano()
		for next <= now {
			if late := now - next; late > lateMax.Load() && window.Load() == 1 {
				lateMax.Store(late)
			}
			for s := 0; s < sides; s++ {
				mu.Lock()
				ls := legs[s]
				mu.Unlock()
				n := 0
				flush := func() {
					off := 0
					for off < n {
						r, _, e := syscall.Syscall6(307 /*sendmmsg*/, uintptr(socks[s]), uintptr(unsafe.Pointer(&sm[off])), uintptr(n-off), 0, 0, 0)
						if e != 0 {
							sendErr++
							off++
							continue
						}
						off += int(r)
					}
					n = 0
				}
				var st int64
				for i := slot; i < len(ls); i += 20 {
					l := ls[i]
					if !l.active.Load() {
						continue
					}
					if n == 0 {
						st = time.Now().UnixNano()
					}
					l.build(st)
					siov[n] = syscall.Iovec{Base: &l.buf[0], Len: uint64(len(l.buf))}
					sm[n].hdr = syscall.Msghdr{Name: (*byte)(unsafe.Pointer(&l.dst)), Namelen: 16, Iov: &siov[n], Iovlen: 1}
					n++
					if n == batch {
						flush()
					}
				}
				if n > 0 {
					flush()
				}
			}
			slot = (slot + 1) % 20
			next += 1e6
			now = time.Now().UnixNano()
		}
		for s := 0; s < sides; s++ {
			for {
				for i := range rm {
					riov[i] = syscall.Iovec{Base: &rbuf[i][0], Len: 512}
					rm[i].hdr = syscall.Msghdr{Name: (*byte)(unsafe.Pointer(&rsa[i])), Namelen: 16, Iov: &riov[i], Iovlen: 1, Control: &roob[i][0], Controllen: 64}
				}
				r, _, e := syscall.Syscall6(299 /*recvmmsg*/, uintptr(socks[s]), uintptr(unsafe.Pointer(&rm[0])), rbatch, syscall.MSG_DONTWAIT, 0, 0)
				if e != 0 || r == 0 {
					break
				}
				for i := 0; i < int(r); i++ {
					at := time.Now().UnixNano()
					if rm[i].hdr.Controllen >= 32 {
						ts := (*syscall.Timespec)(unsafe.Pointer(&roob[i][16]))
						at = ts.Nano()
					}
					pp := rsa[i].Port
					onRTP(s, int(pp>>8|pp<<8), rbuf[i][:rm[i].n], at)
				}
				if r < rbatch {
					break
				}
			}
		}
		if d := next - time.Now().UnixNano(); d > 0 {
			ts := syscall.NsecToTimespec(d)
			syscall.Nanosleep(&ts, nil)
		}
	}
}

func onRTP(side, port int, b []byte, at int64) {
	if len(b) < 12 {
		return
	}
	w := window.Load()
	l := byPrt[side][port]
	if l == nil {
		unknown++
		return
	}
	seq := int32(b[2])<<8 | int32(b[3])
	ts := uint32(b[4])<<24 | uint32(b[5])<<16 | uint32(b[6])<<8 | uint32(b[7])
	if w == 1 {
		l.rx++
		if l.rxLastSeq >= 0 {
			if d := int16(uint16(seq) - uint16(l.rxLastSeq)); d > 1 && d < 1000 {
				l.rxGaps += uint64(d - 1)
			}
		}
		if l.rxLastAt > 0 {
			g := at - l.rxLastAt
			if g > l.rxMaxGap {
				l.rxMaxGap = g
			}
			d := float64(g)/1e3 - float64(int32(ts-l.rxLastTS))*125
			l.rxJit += (math.Abs(d) - l.rxJit) / 16
		}
		l.rxLastAt, l.rxLastTS = at, ts
	}
	l.rxLastSeq = seq
	if !relayDec || l.codec == cG {
		return
	}
	ss, id, sq, us, ok := decode(l.codec, b[12:])
	if !ok {
		if w == 1 {
			badPay++
		}
		return
	}
	if ss == side || id >= len(legs[ss]) {
		cross++
		return
	}
	src := legs[ss][id]
	if src.peerPort == 0 {
		src.peerPort = port
	} else if src.peerPort != port {
		cross++
	}
	if sq < src.winLo || sq >= src.winHi {
		return
	}
	if sq <= src.lastSeq {
		src.reord++
	}
	src.lastSeq = sq
	src.got++
	lat := at - t0 - us*1000
	if lat < 0 {
		lat = 0
	}
	if lat > latMax {
		latMax = lat
	}
	h := lat / 5000 // 5 us buckets, up to 1 s
	if h > 200000 {
		h = 200000
	}
	hist[h]++
	latN++
	if src.lastTrans != 0 {
		d := float64(lat - src.lastTrans)
		src.jit += (math.Abs(d)/1e3 - src.jit) / 16
	}
	src.lastTrans = lat
}

func pctl(q float64) float64 {
	var c uint64
	want := uint64(math.Ceil(q * float64(latN)))
	for i, n := range hist {
		c += uint64(n)
		if c >= want {
			return float64(i) * 5
		}
	}
	return 0
}
