// Package web is the HTTP server of http.conf: its addresses, its certificate and
// one http.ServeMux for whoever answers a path. SIP over WebSocket is one of them.
//
// Serve opens the listeners, each with a goroutine of its own that ends with Close;
// net/http makes one a connection. Apply takes in a new configuration. All may be
// called from any goroutine, one at a time.
package web
