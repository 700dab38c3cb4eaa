#!/bin/sh
# The gate: `npm run check`. Each step is quiet when all is well; the first that fails shows its output and ends the run.
set -u
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
log=$(mktemp)
trap 'rm -f "$log"' EXIT

step() {
  name=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    cat "$log"
    echo "check: $name failed" >&2
    exit 1
  fi
}

step "format and lint" biome check --error-on-warnings .
step "types" tsc -p tsconfig.json
step "imports" node tools/check-imports.ts
step "generated files" node tools/generate.ts --check
step "golden vectors" python3 tools/make-vectors.py --check
exec tools/test.sh
