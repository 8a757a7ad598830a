package dial

import (
	"pbx/apps/transfer"
	"pbx/bridge"
	"pbx/channel"
)

// codes are what the parties may dial during the call: h and H to hang up, t and T to
// transfer the other one.
func (c *call) codes(callee *channel.Channel) []bridge.Code {
	return transfer.Deps{Player: c.Player, Dialplan: c.Dialplan}.Codes(c.caller, callee,
		transfer.Rights{Transfers: c.callerTransfers, HangsUp: c.callerHangsUp, GoesOn: c.goOn},
		transfer.Rights{Transfers: c.calleeTransfers, HangsUp: c.calleeHangsUp})
}
