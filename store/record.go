package store

import (
	"encoding/binary"
	"hash/crc32"
)

// The file is the magic line and then records:
//
//	4 bytes  CRC-32C of what follows
//	4 bytes  length of what follows
//	1 byte   operation
//	uvarint  length of the family, family
//	uvarint  length of the key, key
//	…        value
//
// Numbers of fixed size are little endian. A batch has no key; its value is changes of its
// family, which are taken in together, or not at all where a crash cut it short:
//
//	1 byte   operation
//	uvarint  length of the key, key
//	uvarint  length of the value, value
const magic = "pbx journal 1\n"

const (
	opPut    = 1
	opDelete = 2
	opBatch  = 3
)

const (
	headerSize = 8
	maxRecord  = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// record is one change.
type record struct {
	op          byte
	family, key string
	value       []byte
}

// size is the number of bytes that append adds.
func (r *record) size() int {
	return headerSize + 1 + uvarintSize(len(r.family)) + len(r.family) + uvarintSize(len(r.key)) + len(r.key) + len(r.value)
}

func uvarintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// append adds the record to b.
func (r *record) append(b []byte) []byte {
	start := len(b)
	b = append(b, make([]byte, headerSize)...)
	b = append(b, r.op)
	b = binary.AppendUvarint(b, uint64(len(r.family)))
	b = append(b, r.family...)
	b = binary.AppendUvarint(b, uint64(len(r.key)))
	b = append(b, r.key...)
	b = append(b, r.value...)
	header := b[start:]
	binary.LittleEndian.PutUint32(header[4:], uint32(len(header)-headerSize))
	binary.LittleEndian.PutUint32(header, crc32.Checksum(header[4:], castagnoli))
	return b
}

// parse reads the record that b begins with and returns its size; ok is false
// when it is cut short or damaged. The size is 0 unless the length of a damaged
// record is believable.
func (r *record) parse(b []byte) (size int, ok bool) {
	if len(b) < headerSize {
		return 0, false
	}
	n := int(binary.LittleEndian.Uint32(b[4:]))
	if n < 3 || n > maxRecord || n > len(b)-headerSize {
		return 0, false
	}
	size = headerSize + n
	if crc32.Checksum(b[4:size], castagnoli) != binary.LittleEndian.Uint32(b) {
		return size, false
	}
	body := b[headerSize+1 : size]
	r.op = b[headerSize]
	if r.family, body, ok = text(body); !ok {
		return size, false
	}
	if r.key, body, ok = text(body); !ok {
		return size, false
	}
	r.value = append([]byte(nil), body...)
	switch r.op {
	case opPut, opDelete:
		return size, true
	case opBatch:
		_, ok = r.batch()
		return size, ok
	}
	return size, false
}

// add adds a change to a batch.
func (r *record) add(op byte, key string, value []byte) {
	r.value = append(r.value, op)
	r.value = binary.AppendUvarint(r.value, uint64(len(key)))
	r.value = append(r.value, key...)
	r.value = binary.AppendUvarint(r.value, uint64(len(value)))
	r.value = append(r.value, value...)
}

// batch are the changes of a batch.
func (r *record) batch() (all []record, ok bool) {
	for b := r.value; len(b) > 0; {
		one := record{op: b[0], family: r.family}
		var value string
		if one.key, b, ok = text(b[1:]); !ok {
			return nil, false
		}
		if value, b, ok = text(b); !ok || one.op != opPut && one.op != opDelete {
			return nil, false
		}
		one.value = []byte(value)
		all = append(all, one)
	}
	return all, r.key == ""
}

// text reads a string with its length before it.
func text(b []byte) (s string, rest []byte, ok bool) {
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return "", nil, false
	}
	return string(b[k : k+int(n)]), b[k+int(n):], true
}
