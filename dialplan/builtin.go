package dialplan

import "strings"

// builtin numbers the variables that the exchange itself knows; they hide
// channel and global variables of the same name (golden/corrections.md, row 1).
type builtin uint8

const (
	noBuiltin builtin = iota
	varExten
	varContext
	varPriority
	varChannel
	varUniqueid
	varHangupCause
	varHint
	varHintName
	varCallingPres
	varCallingPlan
	varCallingANI2
	varCallingNetwork // CALLINGTNS: nothing sets it here
	varEpoch
	varSystem // SYSTEMNAME, ENTITYID and the directories
)

var builtins = map[string]builtin{
	"EXTEN": varExten, "CONTEXT": varContext, "PRIORITY": varPriority, "CHANNEL": varChannel,
	"UNIQUEID": varUniqueid, "HANGUPCAUSE": varHangupCause, "HINT": varHint, "HINTNAME": varHintName,
	"CALLINGPRES": varCallingPres, "CALLINGANI2": varCallingANI2, "CALLINGTON": varCallingPlan,
	"CALLINGTNS": varCallingNetwork, "EPOCH": varEpoch, "SYSTEMNAME": varSystem, "ENTITYID": varSystem,
	"ASTCACHEDIR": varSystem, "ASTETCDIR": varSystem, "ASTMODDIR": varSystem, "ASTVARLIBDIR": varSystem,
	"ASTDBDIR": varSystem, "ASTKEYDIR": varSystem, "ASTDATADIR": varSystem, "ASTAGIDIR": varSystem,
	"ASTSPOOLDIR": varSystem, "ASTRUNDIR": varSystem, "ASTLOGDIR": varSystem, "ASTSBINDIR": varSystem,
}

// BuiltinVariables are the names of the variables that the exchange itself
// knows.
func BuiltinVariables() []string {
	names := make([]string, 0, len(builtins))
	for n := range builtins {
		names = append(names, n)
	}
	return names
}

// validName reports whether a global may be called s.
func validName(s string) bool { return s != "" && !strings.ContainsAny(s, "${}") }
