package callfile

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"pbx/channel"
	"pbx/channel/originate"
)

// Dialplan is where calls go.
type Dialplan interface {
	originate.Dialplan
	// Resolve reads a priority or label at a place.
	Resolve(ch *channel.Channel, from channel.Location, spec string) (channel.Location, error)
	Match(context, exten string, priority int, callerNumber string) channel.Match
	// Write sets a function; fenced refuses those that can harm the system.
	Write(ch *channel.Channel, name string, v channel.Value, fenced bool) error
}

// failedName is the channel that runs the extension failed.
const failedName = "OutgoingSpoolFailed"

// Caller places the calls that Files describe, wherever the files came from. Its
// methods may be called from any goroutine, which they block while the call is up.
type Caller struct {
	Registry *channel.Registry
	Dialplan Dialplan
	Log      *slog.Logger
	// failing is held while a channel of the name that failed calls share is up.
	failing sync.Mutex
}

// Await waits until all calls are over, no longer than limit.
func Await(calls *sync.WaitGroup, limit time.Duration) {
	over := make(chan struct{})
	go func() {
		calls.Wait()
		close(over)
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-over:
	case <-timer.C:
	}
}

// place is where the call goes.
func (c *Caller) place(f *File) (channel.Location, error) {
	return c.Dialplan.Resolve(nil, channel.Location{Context: f.Context, Exten: f.Exten, Priority: 1}, f.Priority)
}

// Call places the call and waits for its end.
func (c *Caller) Call(f *File) originate.Reason {
	var at channel.Location
	if f.App == "" {
		var err error
		if at, err = c.place(f); err != nil {
			c.Log.Warn(fmt.Sprintf("call to %s: %v", f.Dest, err))
			return originate.Failed
		}
	}
	variables := make([]channel.Variable, 0, len(f.Variables))
	for i := range f.Variables {
		variables = append(variables, f.Variables[len(f.Variables)-1-i]) // originate takes the last one first
	}
	how := originate.Place(c.Registry, c.Dialplan, originate.Request{
		Dest: f.Dest, Location: at, App: f.App, Data: channel.Clean(f.Data), Caller: f.Caller, Timeout: f.WaitTime,
		Variables: variables, Account: f.Account, Formats: f.Formats, EarlyMedia: f.EarlyMedia,
		// Who may write into the spool may change the configuration.
		Set: func(ch *channel.Channel, name string, v channel.Value) error {
			return c.Dialplan.Write(ch, name, v, false)
		},
	})
	if how.Channel != nil {
		<-how.Channel.Done()
		return originate.Answered
	}
	if how.Err != nil {
		c.Log.Warn(fmt.Sprintf("call to %s: %v", f.Dest, how.Err))
	}
	reason := how.Reason
	if reason == originate.Gone {
		reason = originate.Failed // a device that refuses is no more than that here
	}
	if f.App == "" {
		c.failed(f, reason)
	}
	return reason
}

// failed runs the extension failed of the file's context, if there is one.
func (c *Caller) failed(f *File, reason originate.Reason) {
	at := channel.Location{Context: f.Context, Exten: "failed", Priority: 1}
	if c.Registry.Closing() || !c.Dialplan.Match(at.Context, at.Exten, 1, "").Exists() {
		return
	}
	c.failing.Lock()
	defer c.failing.Unlock()
	ch := c.deviceless(f, failedName, at)
	ch.SetVar("REASON", channel.Clean(fmt.Sprint(int(reason))))
	done := ch.Done()
	c.Dialplan.Start(ch)
	<-done
}

// Run has the extension of f run on a channel that has no device, and waits for its
// end. The name is that of the channel.
func (c *Caller) Run(f *File, name string) error {
	at, err := c.place(f)
	if err != nil {
		return err
	}
	if !c.Dialplan.Match(at.Context, at.Exten, at.Priority, "").Exists() {
		return fmt.Errorf("there is no %s,%s,%d", at.Context, at.Exten, at.Priority)
	}
	ch := c.deviceless(f, name, at)
	if f.Caller != nil {
		ch.UpdateIdentity(func(id *channel.Identity) { id.Caller, id.ANI = *f.Caller, f.Caller.Number })
	}
	for _, v := range f.Variables {
		if strings.HasSuffix(v.Name, ")") {
			if err := c.Dialplan.Write(ch, v.Name, v.Value, false); err != nil {
				c.Log.Warn(fmt.Sprintf("%s: %v", name, err))
			}
		}
	}
	done := ch.Done()
	c.Dialplan.Start(ch)
	<-done
	return nil
}

// deviceless makes a channel without a device that has what f says of variables.
func (c *Caller) deviceless(f *File, name string, at channel.Location) *channel.Channel {
	ch := c.Registry.NewDeviceless(name, at)
	for _, v := range f.Variables {
		if !strings.HasSuffix(v.Name, ")") {
			ch.SetVar(v.Prefixed(), v.Value)
		}
	}
	if f.Account != "" {
		ch.SetSettings(func(set *channel.Settings) { set.Account = f.Account })
	}
	return ch
}
