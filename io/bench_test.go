package io

import (
	"net"
	"testing"
)

// BenchmarkEcho is a datagram to an echoing loop and back, where both sides
// sleep for each. BenchmarkEchoNet is the same by way of package net.
func BenchmarkEcho(b *testing.B) {
	n := System()
	server, client := listen(b, n, "127.0.0.1:0"), listen(b, n, "127.0.0.1:0")
	defer echo(b, n, server)()
	c := newContext(b)
	buf := make([]byte, 512)
	got := false
	_, _ = c.Add(client.FD(), In, func(ID, Events) bool {
		_, _, err := client.Recv(buf)
		got = err == nil
		return true
	})
	b.ReportAllocs()
	for b.Loop() {
		if err := client.Send(buf[:400], server.Local()); err != nil {
			b.Fatal(err)
		}
		for got = false; !got; {
			if _, err := c.Wait(-1); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEchoNet(b *testing.B) {
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		return c
	}
	server, client := open(), open()
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := server.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			_, _ = server.WriteToUDPAddrPort(buf[:n], from)
		}
	}()
	to := server.LocalAddr().(*net.UDPAddr).AddrPort()
	buf := make([]byte, 512)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.WriteToUDPAddrPort(buf[:400], to); err != nil {
			b.Fatal(err)
		}
		if _, _, err := client.ReadFromUDPAddrPort(buf); err != nil {
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
