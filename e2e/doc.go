// Package e2e runs the built binary with real phones: sipp, baresip, linphone and
// sipsak, on loopback addresses of its own. It holds tests only; `make e2e` runs
// them, install.sh fetches the phones.
package e2e
