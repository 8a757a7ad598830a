// Package presence holds the rules and the documents of the event packages that
// phones subscribe to: dialog (RFC 4235), presence (RFC 3856 with PIDF and what
// older phones take), message-summary (RFC 3842) and reg (RFC 3680).
//
// It is pure: it does no I/O, reads no clock and keeps nothing. Documents are
// appended to the caller's buffer, byte for byte as phones of the field know
// them; what phones send is parsed within bounds.
package presence
