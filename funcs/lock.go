package funcs

import (
	"time"

	"pbx/channel"
	"pbx/decl"
)

// lockWait is how long LOCK() waits for a lock that another channel has.
const lockWait = 3 * time.Second

func lockFunctions(d Deps) []channel.Function {
	name := []decl.Arg{arg("lockname", "any name; all channels share it")}
	lock := func(wait time.Duration) readFunc {
		return func(t channel.Thread, a *decl.Args) (string, error) {
			a.Tainted = false
			return flag(d.Engine.Locks().Lock(t.Channel(), a.Raw, wait)), nil
		}
	}
	return []channel.Function{
		{
			Name: "LOCK", Synopsis: "Take a named lock, waiting for it", Args: name, Raw: true, SeeAlso: []string{"TRYLOCK", "UNLOCK"},
			Help: "Waits up to three seconds; 1 when the channel has the lock then. A lock is free again when the channel gave it back as often as it took it, or is over.",
			Read: lock(lockWait),
		},
		{
			Name: "TRYLOCK", Synopsis: "Take a named lock if it is free", Args: name, Raw: true, SeeAlso: []string{"LOCK", "UNLOCK"},
			Help: "1 when the channel has the lock then.",
			Read: lock(0),
		},
		{
			Name: "UNLOCK", Synopsis: "Give a named lock back", Args: name, Raw: true, SeeAlso: []string{"LOCK", "TRYLOCK"},
			Help: "1 when the channel had it.",
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				a.Tainted = false
				return flag(d.Engine.Locks().Unlock(t.Channel(), a.Raw)), nil
			},
		},
	}
}
