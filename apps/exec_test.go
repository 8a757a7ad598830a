package apps_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"pbx/apps/appstest"
)

// TestExecOfCaller: Exec expands what the office wrote once more, and nothing that a
// caller did.
func TestExecOfCaller(t *testing.T) {
	const plan = "[t]\nexten => _a.,1,Set(A=5)\n same => n,Set(D=$)\n same => n,Exec(Log(NOTICE,${EXTEN} ${D}{A} ${EXTEN:1}))\n" +
		" same => n,TryExec(Log(NOTICE,${EXTEN:1:1}{A}))\n"
	synctest.Test(t, func(t *testing.T) {
		o := appstest.New(t, plan)
		o.Run("a${A}")
		if got, want := o.Log.Notices(), []string{"a${A} 5 ${A}", "${A}"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	})
}
