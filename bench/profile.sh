#!/bin/bash
# profile.sh: samples the exchange under the kit's signalling, dialplan and relay work and writes cmd/pbx/default.pgo, by which
# `go build` decides what to inline (Go's profile-guided optimization). PBX_SRC is the checkout (default: this one). Run it when hot
# paths have changed much; the benchmarks of RESULTS.md say whether it was worth it.
cd "$(dirname "$0")"; export PBX_SRC=$(cd "${PBX_SRC:-..}" && pwd)
D=$(mktemp -d) || exit; trap 'rm -rf "$D"' EXIT
B() { setsid -w ./bench.sh -t pbx "$@"; }
GOFLAGS=-trimpath B prepare || exit # the profile names source files: those of the modules, not those of this machine
under() { # NAME WORKLOAD...: one profile of workloads one after the other
  export PBX_ARGS="--cpuprofile $D/$1.prof"; shift
  B start; sleep 1; for w in "$@"; do B $w; done; B stop
}
# Rates are high so that most samples are work; shares follow what calls cost, not how often they come.
under calls "b2bua_call 400 25" "uas_call 500 20" "ami_call 10 100 8"
under plan "dialplan 80 8 6001" "dialplan 80 5 6000"
under register "register 1500 10" "options 8000 6"
under relay "b2bua_rtp 100 15"
go tool pprof -proto -output "$PBX_SRC/cmd/pbx/default.pgo" "$D"/*.prof && ls -l "$PBX_SRC/cmd/pbx/default.pgo"
