package manager

import "testing"

// TestSecurityLine: no name of a user ends its quotes and tells another address.
func TestSecurityLine(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{
			"Severity: Error\nAccountID: crm\nRemoteAddress: IPV4/TCP/192.0.2.1/5038",
			`SecurityEvent="InvalidPassword",Severity="Error",AccountID="crm",RemoteAddress="IPV4/TCP/192.0.2.1/5038"`,
		},
		{
			"AccountID: x\",RemoteAddress=\"IPV4/TCP/192.0.2.9/1\nRequestType: Action: Ping",
			`SecurityEvent="InvalidPassword",AccountID="x?,RemoteAddress=?IPV4/TCP/192.0.2.9/1",RequestType="Action: Ping"`,
		},
		{"AccountID: ", `SecurityEvent="InvalidPassword",AccountID=""`},
	} {
		if got := securityLine("InvalidPassword", tt.text); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
