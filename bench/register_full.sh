#!/bin/bash
# register_full.sh [RATE] [SECS] [RUNS]: registrations at full tilt with digest, by kamailio's registrar (in memory) and by ours (which
# writes each to disk before the 200), one after the other on the same core. Prints each step, the medians and their ratio, which is to
# be 1.5 at most. A first pair of steps warms up and does not count. Needs PBX_SRC or PBX, as targets/pbx.sh does.
cd "$(dirname "$0")" || exit 1
rate=${1:-1000} secs=${2:-8} runs=${3:-3}
export OUT=${OUT:-$PWD/../out}
mkdir -p "$OUT"
B() { TARGET_NAME=pbx setsid -w ./bench.sh "$@"; }
B -t pbx prepare || exit 1
costs=$(mktemp)
trap 'rm -f "$costs"' EXIT
for n in $(seq 0 "$runs"); do
  for t in kamailio pbx; do
    B -t "$t" start >/dev/null; sleep 1
    line=$(RUNNO=$n B -t "$t" register "$rate" "$secs"); echo "$line"
    B -t "$t" stop
    [ "$n" = 0 ] || echo "$t $(sed -n 's/.*cpu_ms_per_op=\([0-9.]*\).*/\1/p' <<<"$line")" >>"$costs"
    sleep 1
  done
done
median() { awk -v t="$1" '$1==t{print $2}' "$costs" | sort -n | awk '{v[NR]=$1} END{print (NR%2)?v[(NR+1)/2]:(v[NR/2]+v[NR/2+1])/2}'; }
k=$(median kamailio) p=$(median pbx)
echo "test=register_full rate=$rate runs=$runs kamailio_ms=$k pbx_ms=$p ratio=$(awk -v p="$p" -v k="$k" 'BEGIN{printf "%.2f",p/k}')" | tee -a "$OUT/results.kv"
