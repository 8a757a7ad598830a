// Package config reads the configuration dialect of the field, the one of
// sip.conf and extensions.conf, into sections that keep their order, and every
// value its file and line and the template it came through. Decode fills a
// settings struct from a section.
//
// Nothing here depends on the exchange, and nothing is kept between calls: a
// Loader may be used from any goroutine, and what it returns belongs to the
// caller. What the dialect forgives is forgiven aloud, as a Finding; what makes
// a file unusable is the error of Load.
package config
