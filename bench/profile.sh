#!/bin/bash
# profile.sh: makes cmd/pbx/default.pgo, the profile that the compiler builds the exchange by, from the kit's own workloads.
# Run it when the hot paths have changed; the result is committed.
cd "$(dirname "$0")" || exit 1
export PBX_SRC=${PBX_SRC:-$(cd .. && pwd)} OUT=${OUT:-${TMPDIR:-/tmp}/pbx-profile}; mkdir -p "$OUT"
. ./lib.sh; TARGET_NAME=profile; . targets/pbx.sh
[ -x bin/sipping ] || (cd rtpload && go build -o ../bin/rtpload . && go build -o ../bin/sipping ./sipping)
target_prepare
B() { ./bench.sh -t targets/attach.sh "$@"; }
taskset -c $PBX_CPU "$PBX" run --config "$RUN/etc" --state "$RUN/state" --cpuprofile "$OUT/cpu.pprof" >"$RUN/stdout.log" 2>&1 </dev/null &
export PBX_PID=$!
bin/sipping -target $TARGET -since $(date +%s%N) >/dev/null
B uas_call 100 10; B b2bua_call 100 10; B register 400 8; B options 2000 5; B dialplan 10 5 6000; B dialplan 10 5 6001
B b2bua_rtp 100 8; B transcode 50 5 alaw; B playback 50 5 wav
kill $PBX_PID; wait $PBX_PID
cp "$OUT/cpu.pprof" ../cmd/pbx/default.pgo; ls -la ../cmd/pbx/default.pgo
