package devstate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/event"
)

// mailbox is what is known of one.
type mailbox struct {
	channel.Messages
	external bool // set by hand, and so kept
}

// Box is the full name of a mailbox: one without a context is in default.
func Box(name string) string {
	if name = strings.TrimSpace(name); !strings.Contains(name, "@") {
		return name + "@default"
	}
	return name
}

// Messages implements channel.Mailboxes.
func (t *Table) Messages(box string) (m channel.Messages, ok bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	b, ok := t.boxes[Box(box)]
	return b.Messages, ok
}

// SetMessages implements channel.Mailboxes.
func (t *Table) SetMessages(box string, m channel.Messages) { t.setMailbox(Box(box), m, false) }

// UpdateMailbox is SetMessages for counts that come from outside of the exchange
// and are remembered over a restart (MWIUpdate of the field).
func (t *Table) UpdateMailbox(box string, m channel.Messages) { t.setMailbox(Box(box), m, true) }

func (t *Table) setMailbox(box string, m channel.Messages, external bool) {
	t.mu.Lock()
	old, known := t.boxes[box]
	t.boxes[box] = mailbox{m, external}
	switch {
	case external:
		t.save(mailboxFamily, box, fmt.Sprintf("%d/%d", m.New, m.Old))
	case old.external:
		t.save(mailboxFamily, box, "")
	}
	t.changed(box, old.Messages, m, known)
}

// DeleteMailbox forgets a mailbox; watchers hear that it is empty. It reports
// whether it was there.
func (t *Table) DeleteMailbox(box string) bool {
	box = Box(box)
	t.mu.Lock()
	old, known := t.boxes[box]
	delete(t.boxes, box)
	if old.external {
		t.save(mailboxFamily, box, "")
	}
	t.changed(box, old.Messages, channel.Messages{}, known)
	return known
}

// changed tells of new counts. It is called with the lock and gives it back:
// watchers may look at the table.
func (t *Table) changed(box string, old, now channel.Messages, known bool) {
	if known && old == now {
		t.mu.Unlock()
		return
	}
	t.publish(event.Event{Kind: event.MessageWaiting, Name: box, State: now.New + now.UrgentNew, Priority: now.Old + now.UrgentOld})
	if !known || old.Waiting() != now.Waiting() {
		t.publish(event.Event{Kind: event.DeviceState, Name: MWI + ":" + box, Value: waitingState(now).String()})
	}
	watchers := slices.Collect(maps.Values(t.watchers))
	t.mu.Unlock()
	for _, f := range watchers {
		f(box)
	}
}

// WatchMailboxes implements channel.Mailboxes.
func (t *Table) WatchMailboxes(f func(box string)) (stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.next
	t.next++
	t.watchers[id] = f
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.watchers, id)
	}
}

// mailboxDevice is the state of MWI:box: in use when something waits.
func (t *Table) mailboxDevice(box string) channel.DeviceState {
	m, _ := t.Messages(box)
	return waitingState(m)
}

func waitingState(m channel.Messages) channel.DeviceState {
	if m.Waiting() {
		return channel.DeviceInUse
	}
	return channel.DeviceNotInUse
}

var _ channel.Mailboxes = (*Table)(nil)
