package devstate

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pbx/channel"
	"pbx/decl"
	"pbx/event"
)

// memory is a store that forgets nothing.
type memory map[string]string

func (m memory) Put(family, key string, value []byte, done func(error)) {
	m[family+"/"+key] = string(value)
	done(nil)
}

func (m memory) Delete(family, key string, done func(error)) {
	delete(m, family+"/"+key)
	done(nil)
}

func (m memory) Range(family string, f func(string, []byte) bool) {
	for k, v := range m {
		if key, ok := strings.CutPrefix(k, family+"/"); ok && !f(key, []byte(v)) {
			return
		}
	}
}

func run(t *testing.T, table *Table, line string) string {
	t.Helper()
	for _, c := range table.Commands() {
		rest, ok := strings.CutPrefix(line, c.Words)
		if !ok {
			continue
		}
		var out bytes.Buffer
		if err := c.Run(context.Background(), &decl.Request{Args: strings.Fields(rest), Line: line, Out: &out}); err != nil {
			return err.Error()
		}
		return out.String()
	}
	t.Fatalf("no command %q", line)
	return ""
}

// function calls a dialplan function: a read, or a write when value is given.
func function(t *testing.T, table *Table, r *channel.Registry, name, args string, value ...string) (string, error) {
	t.Helper()
	for _, f := range table.Functions(r) {
		if f.Name != name {
			continue
		}
		a := &decl.Args{Raw: args, Pos: decl.Split(args, 0)}
		if len(value) > 0 {
			return "", f.Write(nil, a, value[0])
		}
		return f.Read(nil, a)
	}
	t.Fatalf("no function %s", name)
	return "", nil
}

func TestStatesSurviveRestart(t *testing.T) {
	bus := &event.Bus{}
	sub := bus.Subscribe(16, event.DeviceState, event.PresenceState, event.MessageWaiting)
	defer sub.Close()
	r := channel.NewRegistry(bus, slog.New(slog.DiscardHandler), time.Now, "")
	store := memory{"CustomDevstate/broken": "LOUD"}
	table := New(Deps{Store: store, Bus: bus})
	table.Register(r)
	if _, err := function(t, table, r, "DEVICE_STATE", "Custom:lamp", "INUSE"); err != nil {
		t.Fatal(err)
	}
	if _, err := function(t, table, r, "PRESENCE_STATE", "CustomPresence:anna", "dnd,lunch,back, at two"); err != nil {
		t.Fatal(err)
	}
	table.UpdateMailbox("107", channel.Messages{New: 2, Old: 1})
	table.SetMessages("8@other", channel.Messages{New: 5})
	var heard []string
	for len(sub.C) > 0 {
		e := <-sub.C
		heard = append(heard, e.Name+"="+e.Value)
	}
	if want := []string{"Custom:lamp=INUSE", "CustomPresence:anna=dnd", "107@default=", "MWI:107@default=INUSE", "8@other=", "MWI:8@other=INUSE"}; !slices.Equal(heard, want) {
		t.Errorf("the bus heard %q, want %q", heard, want)
	}

	table = New(Deps{Store: store})
	table.Register(r)
	for _, c := range []struct{ name, args, want string }{
		{"DEVICE_STATE", "Custom:lamp", "INUSE"},
		{"DEVICE_STATE", "custom:lamp", "INUSE"},
		{"DEVICE_STATE", "Custom:never", "UNKNOWN"},
		{"DEVICE_STATE", "Custom:broken", "UNKNOWN"},
		{"DEVICE_STATE", "MWI:107@default", "INUSE"},
		{"DEVICE_STATE", "MWI:8@other", "NOT_INUSE"}, // who keeps messages counts them again
		{"DEVICE_STATE", "Nosuch:x", "INVALID"},
		{"PRESENCE_STATE", "CustomPresence:anna", "dnd"},
		{"PRESENCE_STATE", "CustomPresence:anna,subtype", "lunch"},
		{"PRESENCE_STATE", "CustomPresence:anna,message", "back, at two"},
		{"PRESENCE_STATE", "CustomPresence:anna,message,e", "YmFjaywgYXQgdHdv"},
	} {
		if got, err := function(t, table, r, c.name, c.args); got != c.want || err != nil {
			t.Errorf("%s(%s) = %q, %v; want %q", c.name, c.args, got, err, c.want)
		}
	}
}

func TestWritesThatAreRefused(t *testing.T) {
	r := channel.NewRegistry(nil, slog.New(slog.DiscardHandler), time.Now, "")
	table := New(Deps{})
	for _, c := range [][3]string{
		{"DEVICE_STATE", "SIP/100", "INUSE"},
		{"DEVICE_STATE", "Custom:x", "LOUD"},
		{"PRESENCE_STATE", "SIP:100", "away"},
		{"PRESENCE_STATE", "CustomPresence:x", "asleep"},
		{"PRESENCE_STATE", "CustomPresence:x", "away,%%%,x,e"},
	} {
		if _, err := function(t, table, r, c[0], c[1], c[2]); err == nil {
			t.Errorf("%s(%s)=%s went through", c[0], c[1], c[2])
		}
	}
}

func TestCommands(t *testing.T) {
	table := New(Deps{})
	for _, c := range [][2]string{
		{"devstate change Custom:abc INUSE", "Changing Custom:abc to INUSE\n"},
		{"devstate change SIP/100 INUSE", "The devstate command can only be used to set 'Custom:' device states."},
		{"devstate list", "\n" + ruler + "--- Custom Device States --------------------------------------------\n" + ruler + "---\n--- Name: 'Custom:abc'  State: 'INUSE'\n---\n" + ruler + ruler + "\n"},
		{"presencestate change CustomPresence:p away,,gone", "Changing CustomPresence:p to away,,gone\n"},
		{"mwi show mailbox 7", "Mailbox 7@default is not known"},
		{"mwi update mailbox 7 3 1", "Updated mailbox 7@default.\n"},
		{"mwi update mailbox 7 many", `"many" is not a number of messages`},
		{"mwi show mailbox 7@default", "Mailbox: 7@default\nNew Messages: 3\nOld Messages: 1\n"},
		{"mwi list", "   New    Old Mailbox\n     3      1 7@default\n"},
		{"mwi list like ^8", "   New    Old Mailbox\n"},
		{"mwi delete mailbox 7", "Deleted mailbox 7@default.\n"},
		{"mwi list all", "   New    Old Mailbox\n"},
	} {
		if got := run(t, table, c[0]); got != c[1] {
			t.Errorf("%s:\n%q, want\n%q", c[0], got, c[1])
		}
	}
}

func TestMailboxWatchers(t *testing.T) {
	table := New(Deps{})
	var heard []string
	stop := table.WatchMailboxes(func(box string) {
		m, ok := table.Messages(box)
		heard = append(heard, box)
		if !ok || m.New != 1 {
			t.Errorf("%s: %v %v", box, m, ok)
		}
	})
	table.SetMessages("1", channel.Messages{New: 1})
	table.SetMessages("1@default", channel.Messages{New: 1}) // no news
	stop()
	table.SetMessages("1", channel.Messages{})
	if !slices.Equal(heard, []string{"1@default"}) {
		t.Errorf("heard %q", heard)
	}
}
