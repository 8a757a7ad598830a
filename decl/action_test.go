package decl

import "testing"

// TestFollows: old programs take a line that ends in CRLF for the whole text, up to its
// last line, and others read up to the mark.
func TestFollows(t *testing.T) {
	for name, tt := range map[string]struct{ id, text, want string }{
		"lines":           {"7", "one\n\ntwo\n", "Response: Follows\r\nPrivilege: Command\r\nActionID: 7\r\none\n\ntwo\n--END COMMAND--\r\n\r\n"},
		"no id":           {"", "one\n", "Response: Follows\r\nPrivilege: Command\r\none\n--END COMMAND--\r\n\r\n"},
		"no end of line":  {"", "one", "Response: Follows\r\nPrivilege: Command\r\none\n--END COMMAND--\r\n\r\n"},
		"nothing":         {"", "", "Response: Follows\r\nPrivilege: Command\r\n--END COMMAND--\r\n\r\n"},
		"carriage return": {"", "one\r\n\r\nEvent: none\r\n", "Response: Follows\r\nPrivilege: Command\r\none\n\nEvent: none\n--END COMMAND--\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := NewActionRequest([]Header{{"Action", "Command"}, {"ActionID", tt.id}})
			if r.Follows(tt.text); r.Answer() != tt.want {
				t.Errorf("got  %q\nwant %q", r.Answer(), tt.want)
			}
		})
	}
}
