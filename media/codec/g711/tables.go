package g711

// The tables, computed once when the program starts; nothing writes them after.
var (
	ulawToLinear = table(func(b uint8) int16 {
		b = ^b
		v := ((int16(b&0xf)<<3 + 0x84) << (b >> 4 & 7)) - 0x84
		if b&0x80 != 0 {
			return -v
		}
		return v
	})
	alawToLinear = table(func(b uint8) int16 {
		b ^= 0x55
		v := int16(b&0xf)<<4 + 8
		if segment := b >> 4 & 7; segment > 0 {
			v = (v + 0x100) << (segment - 1)
		}
		if b&0x80 == 0 {
			return -v
		}
		return v
	})
	ulawToAlaw = table(func(b uint8) uint8 {
		if v := ulawToLinear[b]; v != 0 || b&0x80 != 0 {
			return EncodeAlawFrame(v)
		}
		return EncodeAlawFrame(-1) // µ-law has a negative zero
	})
	alawToUlaw = table(func(b uint8) uint8 { return EncodeUlawFrame(alawToLinear[b]) })
)

func table[T int16 | uint8](f func(uint8) T) (t [256]T) {
	for i := range t {
		t[i] = f(uint8(i))
	}
	return t
}
