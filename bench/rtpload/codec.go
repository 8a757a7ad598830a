package main

const frame = 160

var (
	levels = [16]int{-28000, -18000, -11000, -6500, -3600, -1900, -900, -350, 350, 900, 1900, 3600, 6500, 11000, 18000, 28000}
	encTab [3][16]byte // codec -> nibble -> byte
	decTab [2][256]byte
)

const (
	cU = iota
	cA
	cG
)

var (
	codecName = map[string]int{"ulaw": cU, "alaw": cA, "g722": cG}
	codecPT   = [3]byte{0, 8, 9}
	codecRtp  = [3]string{"PCMU", "PCMA", "G722"}
)

func ulawDec(b byte) int {
	b = ^b
	t := (int(b&0x0f)<<3 + 0x84) << ((b & 0x70) >> 4)
	if b&0x80 != 0 {
		return 0x84 - t
	}
	return t - 0x84
}

func alawDec(b byte) int {
	b ^= 0x55
	t := int(b&0x0f) << 4
	seg := (b & 0x70) >> 4
	switch seg {
	case 0:
		t += 8
	case 1:
		t += 0x108
	default:
		t += 0x108
		t <<= seg - 1
	}
	if b&0x80 != 0 {
		return t
	}
	return -t
}

func initTabs() {
	dec := [2]func(byte) int{ulawDec, alawDec}
	for c := 0; c < 2; c++ {
		for b := 0; b < 256; b++ {
			v, best, bd := dec[c](byte(b)), 0, 1<<30
			for i, l := range levels {
				d := v - l
				if d < 0 {
					d = -d
				}
				if d < bd {
					best, bd = i, d
				}
			}
			decTab[c][b] = byte(best)
		}
		for i, l := range levels {
			bb, bd := 0, 1<<30
			for b := 0; b < 256; b++ {
				d := dec[c](byte(b)) - l
				if d < 0 {
					d = -d
				}
				if d < bd {
					bb, bd = b, d
				}
			}
			encTab[c][i] = byte(bb)
		}
	}
}
