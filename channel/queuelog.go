package channel

// QueueLog takes lines of queue_log, which reports of call centres are made of. Add does
// not wait for the disk; any goroutine may call it. An empty field is written as NONE, but
// for data.
type QueueLog interface {
	Add(call, queue, agent, event, data string)
}
