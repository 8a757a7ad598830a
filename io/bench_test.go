package io

import (
	"net"
	"net/netip"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// BenchmarkEcho is a datagram to an echoing loop and back to a thread that
// blocks in the kernel for it, as another process would. BenchmarkEchoNet has
// the loop read by way of package net.
func BenchmarkEcho(b *testing.B) {
	n := System()
	server := listen(b, n, "127.0.0.1:0")
	defer echo(b, n, server)()
	ping(b, server.Local())
}

func BenchmarkEchoNet(b *testing.B) {
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	go func() {
		buf := make([]byte, 2048)
		for {
			n, from, err := server.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	ping(b, server.LocalAddr().(*net.UDPAddr).AddrPort())
}

// ping sends a datagram and waits for it to come back, again and again.
func ping(b *testing.B, to netip.AddrPort) {
	client := listen(b, System(), "127.0.0.1:0")
	if err := unix.SetNonblock(client.FD(), false); err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	buf := make([]byte, 512)
	b.ReportAllocs()
	for b.Loop() {
		if err := client.Send(buf[:400], to); err != nil {
			b.Fatal(err)
		}
		if _, _, err := unix.Syscall(unix.SYS_READ, uintptr(client.FD()), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf))); err != 0 {
			b.Fatal(err)
		}
	}
}

// BenchmarkSend and BenchmarkSendBatch are a datagram sent and received, one by
// one and 32 at a time.
func BenchmarkSend(b *testing.B) {
	n := System()
	s := listen(b, n, "127.0.0.1:0")
	buf := make([]byte, 512)
	b.ReportAllocs()
	for b.Loop() {
		_ = s.Send(buf[:200], s.Local())
		_, _, _ = s.Recv(buf)
	}
}

func BenchmarkSendBatch(b *testing.B) {
	n := System()
	s := listen(b, n, "127.0.0.1:0")
	out, in := make([]Datagram, 32), make([]Datagram, 32)
	for i := range out {
		out[i] = Datagram{Buf: make([]byte, 200), N: 200, Addr: s.Local()}
		in[i].Buf = make([]byte, 512)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%32 == 0 {
			_, _ = s.SendBatch(out)
			_, _ = s.RecvBatch(in)
		}
	}
}

func BenchmarkPost(b *testing.B) {
	c := newContext(b)
	f := func() {}
	b.ReportAllocs()
	for b.Loop() {
		c.Post(f)
		_, _ = c.Wait(0)
	}
}
