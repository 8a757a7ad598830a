package io_test

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	pbxio "pbx/io"
)

// A loop that answers what arrives on a UDP socket, and ends when another
// goroutine posts that it should.
func Example() {
	network := pbxio.NewMemory() // or pbxio.System()
	local := netip.MustParseAddrPort("127.0.0.1:5060")
	server, err := network.ListenUDP(local, pbxio.SocketOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	poller, err := network.NewPoller()
	if err != nil {
		fmt.Println(err)
		return
	}
	loop := pbxio.NewContext(poller)
	defer loop.Close()

	buf := make([]byte, 65536)
	_, err = loop.Add(server.FD(), pbxio.In, func(id pbxio.ID, ev pbxio.Events) bool {
		for range 32 { // the rest is for the next turn
			n, from, err := server.Recv(buf)
			if errors.Is(err, pbxio.ErrAgain) {
				break
			}
			if err == nil {
				fmt.Printf("%s from %s\n", buf[:n], from)
			}
		}
		return true
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	go func() {
		client, err := network.ListenUDP(netip.MustParseAddrPort("127.0.0.2:5062"), pbxio.SocketOptions{})
		if err != nil {
			return
		}
		defer client.Close()
		_ = client.Send([]byte("hello"), local)
		loop.Post(func() { fmt.Println("posted") })
	}()
	for ran := 0; ran < 2; {
		n, err := loop.Wait(time.Second)
		if err != nil {
			fmt.Println(err)
			return
		}
		ran += n
	}
	// Unordered output:
	// hello from 127.0.0.2:5062
	// posted
}

// Losing and delaying datagrams, to see what becomes of a protocol. In a
// testing/synctest bubble the delay takes no time.
func ExampleMemory_SetRoute() {
	network := pbxio.NewMemory()
	n := 0
	network.SetRoute(func(from, to netip.AddrPort, b []byte) []time.Duration {
		n++
		if n%2 == 1 {
			return nil // lost
		}
		return []time.Duration{0, 5 * time.Millisecond} // doubled
	})
	s, _ := network.ListenUDP(netip.MustParseAddrPort("192.0.2.1:5060"), pbxio.SocketOptions{})
	_ = s.Send([]byte("first"), s.Local())
	_ = s.Send([]byte("second"), s.Local())
	buf := make([]byte, 100)
	k, _, _ := s.Recv(buf)
	fmt.Printf("%s\n", buf[:k])
	// Output: second
}
