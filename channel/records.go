package channel

// Records are the call detail records, as the dialplan reads and changes them; channels
// are named by their Uniqueid. Any goroutine may call its methods.
type Records interface {
	// Field is a column of the record of the moment; options are those of CDR().
	Field(uniqueid, name, options string) (value string, ok bool)
	// SetField sets userfield or a column of the dialplan's own.
	SetField(uniqueid, name, value string) error
	// Fork opens another record: a has it answered, e ends the open one, r begins it now,
	// v gives it the variables.
	Fork(uniqueid string, a, e, r, v bool) error
	// Reset begins the open records anew; keep leaves them their variables.
	Reset(uniqueid string, keep bool) error
	// Disable takes the channel's records out.
	Disable(uniqueid string, off bool) error
	// PreferA makes the channel the first party of its records.
	PreferA(uniqueid string, on bool) error
}

// NoRecords is an exchange without call records.
type NoRecords struct{}

// Field implements Records.
func (NoRecords) Field(string, string, string) (string, bool) { return "", false }

// SetField implements Records.
func (NoRecords) SetField(string, string, string) error { return nil }

// Fork implements Records.
func (NoRecords) Fork(string, bool, bool, bool, bool) error { return nil }

// Reset implements Records.
func (NoRecords) Reset(string, bool) error { return nil }

// Disable implements Records.
func (NoRecords) Disable(string, bool) error { return nil }

// PreferA implements Records.
func (NoRecords) PreferA(string, bool) error { return nil }
