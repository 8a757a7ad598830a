package channel

import "strings"

// Message is a text outside of a call (RFC 3428): the one that made a channel, or
// one that its dialplan writes to send it.
type Message struct {
	To, From, Body string
	// Tainted says that the texts came from the network.
	Tainted bool
	// Hops is how often the message may still be sent on, negative for no limit
	// known.
	Hops int
	Data []MessageData
}

// MessageData is a header of a message, or another fact about it.
type MessageData struct {
	Name, Value string
	Tainted     bool
	// Outbound sends it along when the message is sent.
	Outbound bool
}

// Lookup finds a fact by its name, in any case.
func (m *Message) Lookup(name string) (MessageData, bool) {
	for _, d := range m.Data {
		if strings.EqualFold(d.Name, name) {
			return d, true
		}
	}
	return MessageData{}, false
}

// messageData bounds the facts of one message.
const messageData = 64

// Set stores a fact. An empty value removes it.
func (m *Message) Set(d MessageData) {
	for i := range m.Data {
		if !strings.EqualFold(m.Data[i].Name, d.Name) {
			continue
		}
		if d.Value == "" {
			m.Data = append(m.Data[:i], m.Data[i+1:]...)
		} else {
			m.Data[i] = d
		}
		return
	}
	if d.Value != "" && len(m.Data) < messageData {
		m.Data = append(m.Data, d)
	}
}

type messageKey struct{}

// Message is the channel's message, an empty one at first. It belongs to the
// channel's goroutine.
func (c *Channel) Message() *Message {
	if m, ok := c.Data(messageKey{}).(*Message); ok {
		return m
	}
	m := &Message{Hops: -1}
	c.SetMessage(m)
	return m
}

// SetMessage gives the channel its message.
func (c *Channel) SetMessage(m *Message) { c.SetData(messageKey{}, m) }

// Messenger is a Technology that carries messages.
type Messenger interface {
	// Scheme is what addresses of its own begin with, "sip".
	Scheme() string
	// SendMessage sends a message to an address and waits, not for ever, until
	// the far end has taken it. from and toHeader are what the far end is shown,
	// "" for what the driver makes of it.
	SendMessage(to, from, toHeader string, m *Message) error
}

// Inbox takes the messages that drivers receive.
type Inbox interface {
	// Receive runs the dialplan for m at a place. It returns at once, and false
	// when too many wait already. Any goroutine may call it.
	Receive(m *Message, at Location) bool
}

// Messenger finds the technology whose addresses begin with scheme, nil without
// one.
func (r *Registry) Messenger(scheme string) Messenger {
	for _, t := range r.Technologies() {
		if m, ok := t.(Messenger); ok && strings.EqualFold(m.Scheme(), scheme) {
			return m
		}
	}
	return nil
}
