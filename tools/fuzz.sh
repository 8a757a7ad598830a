#!/usr/bin/env bash
# Runs every fuzz target of the tree for a while each: tools/fuzz.sh [10m]. New inputs that fail stay in testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10m}
go list -f '{{.Dir}} {{.ImportPath}}' ./... | while read -r dir pkg; do
  for target in $(grep -ho 'func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go 2>/dev/null | sed 's/func //' | sort -u); do
    echo "== $pkg $target"
    go test "$pkg" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 1s -parallel "${PARALLEL:-2}"
  done
done
