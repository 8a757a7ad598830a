package channel

// Messages are the counts of a mailbox.
type Messages struct {
	New, Old             int
	UrgentNew, UrgentOld int
}

// Waiting reports whether there is anything to listen to.
func (m Messages) Waiting() bool { return m.New > 0 || m.UrgentNew > 0 }

// Mailboxes knows how many messages wait in the mailboxes of the exchange,
// which are named box@context. Whoever keeps messages feeds it; drivers read it.
// Its methods may be called from any goroutine and do not block.
type Mailboxes interface {
	// Messages returns the counts of a mailbox; ok is false when nobody has told
	// of it.
	Messages(box string) (m Messages, ok bool)
	// SetMessages tells the counts of a mailbox as they are now.
	SetMessages(box string, m Messages)
	// WatchMailboxes has f called with the name of every mailbox whose counts
	// have changed, until stop. f must not block.
	WatchMailboxes(f func(box string)) (stop func())
}
