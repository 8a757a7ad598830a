package server

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRemoved: what older versions had is told with what does the same, and that is
// there.
func TestRemoved(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "sip.conf"), "[general]\n")
	write(t, filepath.Join(dir, "extensions.conf"), "[default]\nexten => 1,1,NoOp()\n")
	r, err := ReadRoutes(Options{ConfigDir: dir, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	catalog := r.flow.Catalog()
	called := regexp.MustCompile(`([A-Za-z_]+[A-Za-z])\(|^it was removed; write ([A-Za-z]+)$`)
	for _, name := range strings.Fields(`SetVar SetGlobalVar SetCIDNum SetCallerID SetRDNIS SetCallerPres DigitTimeout ResponseTimeout AbsoluteTimeout SetAccount
		SetLanguage SetMusicOnHold WaitMusicOnHold SetTransferCapability SetCDRUserField AppendCDRUserField DBget DBput DBdel SetGroup GetGroupCount CheckGroup
		Cut Math MD5 Sort Eval Curl Random StripMSD Prefix LookupCIDName LookupBlacklist EnumLookup TXTCIDName SIPGetHeader RealTime ReadFile HasVoicemail
		MailboxExists RxFAX TxFAX ZapBarge DPickup AgentCallbackLogin`) {
		hint := catalog.ApplicationHint(name)
		if !strings.HasPrefix(hint, "it was removed; write ") {
			t.Errorf("%s: %q", name, hint)
		}
		for _, m := range called.FindAllStringSubmatch(hint, -1) {
			word := m[1] + m[2]
			_, app := catalog.Application(word)
			_, function := catalog.Function(word)
			if !app && !function && !slices.Contains(strings.Fields(fieldApplications+fieldFunctions), word) {
				t.Errorf("%s: %q names %s, which is not there either", name, hint, word)
			}
		}
	}
	for name, want := range map[string]string{
		"LANGUAGE": "it was removed; write CHANNEL(language)", "TOUPPR": "did you mean TOUPPER?", "NOTHINGLIKEIT": "",
	} {
		if got := catalog.FunctionHint(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
