package dial

import (
	"pbx/apps/feature"
	"pbx/bridge"
	"pbx/channel"
)

// codes are what the parties may dial during the call: h and H to hang up, t and T to
// transfer the other one, and what DYNAMIC_FEATURES names.
func (c *call) codes(callee *channel.Channel) []bridge.Code {
	return feature.Deps{Player: c.Player, Dialplan: c.Dialplan, Execute: c.Execute}.Codes(c.caller, callee,
		feature.Rights{Transfers: c.callerTransfers, HangsUp: c.callerHangsUp, GoesOn: c.goOn},
		feature.Rights{Transfers: c.calleeTransfers, HangsUp: c.calleeHangsUp, GoesOn: c.calleeGoesOn})
}
