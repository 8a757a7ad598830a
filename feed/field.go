package feed

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"pbx/event"
)

// field is one member of the JSON of an event.
type field struct {
	name string
	kind string // of JSON Schema
	help string
	// add appends the value; nothing added is that the event has none.
	add func(b []byte, e *event.Event) []byte
}

// text is a field that is left out where it is empty.
func text(name, help string, get func(e *event.Event) string) field {
	return field{name, "string", help, func(b []byte, e *event.Event) []byte {
		s := get(e)
		if s == "" {
			return b
		}
		return appendString(b, s)
	}}
}

func number(name, help string, get func(e *event.Event) int) field {
	return field{name, "integer", help, func(b []byte, e *event.Event) []byte { return strconv.AppendInt(b, int64(get(e)), 10) }}
}

// count is a number that is left out where it is 0.
func count(name, help string, get func(e *event.Event) int) field {
	return field{name, "integer", help, func(b []byte, e *event.Event) []byte {
		n := get(e)
		if n == 0 {
			return b
		}
		return strconv.AppendInt(b, int64(n), 10)
	}}
}

// lines are "Header: value" lines as an object.
func lines(name, help string, get func(e *event.Event) string) field {
	return field{name, "object", help, func(b []byte, e *event.Event) []byte {
		all := get(e)
		if all == "" {
			return b
		}
		b = append(b, '{')
		first := true
		for l := range strings.SplitSeq(all, "\n") {
			n, value, ok := strings.Cut(l, ":")
			if !ok {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(appendString(b, strings.TrimSpace(n)), ':')
			b = appendString(b, strings.TrimSpace(value))
		}
		return append(b, '}')
	}}
}

// record is what an event carries that has a type of its own.
func record(help string) field {
	return field{"record", "object", help, func(b []byte, e *event.Event) []byte {
		text, err := json.Marshal(e.Detail)
		if err != nil || e.Detail == nil {
			return b
		}
		return append(b, text...)
	}}
}

// party are the fields of another channel, with a prefix.
func party(prefix, who string, get func(e *event.Event) *event.Party) []field {
	of := func(name, help string, f func(p *event.Party) string) field {
		return text(prefix+name, help+" of "+who, func(e *event.Event) string {
			if p := get(e); p != nil {
				return f(p)
			}
			return ""
		})
	}
	return []field{
		of("channel", "the name", func(p *event.Party) string { return p.Channel }),
		of("channel_id", "the id (Uniqueid)", func(p *event.Party) string { return p.Uniqueid }),
		of("state", "the state", func(p *event.Party) string { return p.StateText }),
		of("caller_number", "the number", func(p *event.Party) string { return p.CallerNum }),
		of("caller_name", "the caller's name", func(p *event.Party) string { return p.CallerName }),
	}
}

// base are the fields of every event; id and event are written by the hub.
var base = []field{
	{"id", "string", "the same in every sink; who gets one twice has it already", nil},
	{"event", "string", "what happened", nil},
	{"time", "string", "when, as in RFC 3339", func(b []byte, e *event.Event) []byte {
		b = append(b, '"')
		return append(e.Time.UTC().AppendFormat(b, time.RFC3339Nano), '"')
	}},
}

// channelFields are those of the channel that an event is about.
var channelFields = []field{
	text("channel", "the name of the channel, such as SIP/101-0000000c", func(e *event.Event) string { return e.Channel }),
	text("channel_id", "its id (Uniqueid)", func(e *event.Event) string { return e.Uniqueid }),
	text("linkedid", "the id of the first channel of the call", func(e *event.Event) string { return e.Linkedid }),
	text("state", "Down, Ring, Ringing, Up …", func(e *event.Event) string { return e.StateText }),
	text("caller_number", "whose leg it is", func(e *event.Event) string { return e.CallerNum }),
	text("caller_name", "his name", func(e *event.Event) string { return e.CallerName }),
	text("connected_number", "who he talks to", func(e *event.Event) string { return e.ConnectedNum }),
	text("connected_name", "the name of that one", func(e *event.Event) string { return e.ConnectedName }),
	text("ani", "the number that pays", func(e *event.Event) string { return e.CallerANI }),
	text("rdnis", "the number that redirected the call", func(e *event.Event) string { return e.RDNIS }),
	text("dnid", "the number that was dialled", func(e *event.Event) string { return e.DNID }),
	text("account", "the account code", func(e *event.Event) string { return e.AccountCode }),
	text("language", "of prompts", func(e *event.Event) string { return e.Language }),
	text("context", "where it is in the dialplan", func(e *event.Event) string { return e.Context }),
	text("extension", "the extension there", func(e *event.Event) string { return e.Exten }),
	count("priority", "the priority there", func(e *event.Event) int { return e.Priority }),
}

// destFields are those of the channel that is dialled, or otherwise the second one.
var destFields = party("dest_", "the other channel", func(e *event.Event) *event.Party {
	if e.Other == nil && e.Dest != "" {
		return &event.Party{Channel: e.Dest, Uniqueid: e.DestUniqueid}
	}
	return e.Other
})
