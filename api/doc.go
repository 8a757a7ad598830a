// Package api is the JSON interface of the exchange for programs of today: calls,
// channels, peers, contacts, registrations, reload and check over HTTP, below /api/.
//
// Every path is one entry of a table with the types of what it takes and gives; the
// OpenAPI document is made of that table, so that it tells what there is. Nobody gets
// in without a token of api.conf or the secret of a SIP device.
//
// Handlers run on the goroutines of net/http and look at published snapshots; what
// belongs to the SIP driver comes through Directory.
package api
