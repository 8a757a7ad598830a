package sip

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/transaction"
)

// A record of the store is the contacts of one peer, a line each: eight fields
// divided by tabs, the protocol, then the fields that not every contact has, as
// name=value. A name that is not known is skipped.

// The names of the fields that not every contact has.
const (
	fieldInstance = "instance"
	fieldRegID    = "reg-id"
	fieldStatic   = "static"
	fieldDial     = "dial"
	fieldPath     = "path" // once for each proxy
	fieldRefers   = "refers"
)

// appendRecord writes a contact as a line of a record.
func (c *Contact) appendRecord(b []byte) []byte {
	expires := int64(0)
	if !c.Expires.IsZero() {
		expires = c.Expires.Unix()
	}
	b = strconv.AppendInt(b, expires, 10)
	b = append(b, '\t')
	b = appendRecordAddr(b, c.Addr)
	b = append(b, '\t')
	b = appendRecordAddr(b, c.Received)
	for _, n := range [...]int{c.Q, int(c.CSeq)} {
		b = append(b, '\t')
		b = strconv.AppendInt(b, int64(n), 10)
	}
	for _, s := range [...]string{c.CallID, c.URI, c.UserAgent} {
		b = appendRecordText(append(b, '\t'), s)
	}
	b = append(b, '\t')
	b = append(b, c.Protocol.String()...)
	b = appendRecordField(b, fieldInstance, c.Instance)
	if c.RegID != 0 {
		b = appendRecordField(b, fieldRegID, strconv.FormatUint(uint64(c.RegID), 10))
	}
	if c.Static {
		b = appendRecordField(b, fieldStatic, "1")
	}
	b = appendRecordField(b, fieldDial, c.Dial)
	if c.Refers {
		b = appendRecordField(b, fieldRefers, "1")
	}
	for _, uri := range c.Path {
		b = appendRecordField(b, fieldPath, uri)
	}
	return append(b, '\n')
}

// appendRecordAddr writes an address, "-" for none.
func appendRecordAddr(b []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return append(b, '-')
	}
	return a.AppendTo(b)
}

// appendRecordText writes text in which no tab or end of line is left.
func appendRecordText(b []byte, s string) []byte {
	for i := range len(s) {
		b = append(b, max(s[i], ' '))
	}
	return b
}

func appendRecordField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(append(b, '\t'), name...), '=')
	return appendRecordText(b, value)
}

// parseRecord reads the contacts of a record.
func parseRecord(b []byte) (list []*Contact, err error) {
	for line := range bytes.Lines(b) {
		f := strings.Split(string(bytes.TrimSuffix(line, []byte("\n"))), "\t")
		if len(f) < 8 {
			return nil, fmt.Errorf("a contact of %d fields", len(f))
		}
		c := &Contact{CallID: f[5], URI: f[6], UserAgent: f[7]}
		var numbers [3]int64
		for i, text := range [...]string{f[0], f[3], f[4]} {
			if numbers[i], err = strconv.ParseInt(text, 10, 64); err != nil {
				return nil, err
			}
		}
		if numbers[0] != 0 {
			c.Expires = time.Unix(numbers[0], 0)
		}
		c.Q, c.CSeq = int(numbers[1]), uint32(numbers[2])
		if c.Addr, err = parseRecordAddr(f[1]); err != nil {
			return nil, err
		}
		if c.Received, err = parseRecordAddr(f[2]); err != nil {
			return nil, err
		}
		rest := f[8:]
		if len(rest) > 0 { // records of the first version end before
			var ok bool
			if c.Protocol, ok = transaction.ParseProtocol(rest[0]); !ok {
				return nil, fmt.Errorf("a contact over %q", rest[0])
			}
			rest = rest[1:]
		}
		for _, field := range rest {
			name, value, _ := strings.Cut(field, "=")
			switch name {
			case fieldInstance:
				c.Instance = value
			case fieldRegID:
				n, err := strconv.ParseUint(value, 10, 32)
				if err != nil {
					return nil, err
				}
				c.RegID = uint32(n)
			case fieldStatic:
				c.Static = true
			case fieldRefers:
				c.Refers = true
			case fieldDial:
				c.Dial = value
			case fieldPath:
				c.Path = append(c.Path, value)
			}
		}
		list = append(list, c)
	}
	return list, nil
}

func parseRecordAddr(s string) (netip.AddrPort, error) {
	if s == "-" {
		return netip.AddrPort{}, nil
	}
	return netip.ParseAddrPort(s)
}
