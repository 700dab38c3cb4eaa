#!/bin/sh
# Runs the tests: `npm test`; `npm run test:long` adds the long suites. Fails on a failed test, on a warning of Node's, and
# on a process of ours that outlives the tests. The last line is the sum.
set -u
cd "$(dirname "$0")/.."
root=$PWD
PATH=$root/node_modules/.bin:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1

# Tests of the command line run what users run.
if [ ! -f dist/main.js ] || [ -n "$(find src -name '*.ts' -newer dist/main.js -print -quit)" ]; then tools/build.sh || exit 1; fi

export TESTED_PROGRAM="$root/dist/main.js"

ours() { pgrep -f "propylon: |$root/(src|dist|python)/" | sort; }
ours >"$work/before"

files=$(find src bench test -name '*.test.ts' -not -path 'test/long/*' | sort)
[ "${1:-}" = long ] && files="$files $(find test/long -name '*.test.ts' 2>/dev/null | sort)"
# shellcheck disable=SC2086  # a list of paths without spaces
node --test --test-concurrency=2 --test-timeout=120000 --test-reporter=dot --test-reporter-destination=stderr \
  --test-reporter=tap --test-reporter-destination="$work/tap" $files 2>"$work/dots"
failed_run=$?
if [ $failed_run != 0 ]; then grep -v '^[.X]*$' "$work/dots" | head -400; fi
passed=$(sed -n 's/^# pass //p' "$work/tap" | tail -1)
failed=$(sed -n 's/^# fail //p' "$work/tap" | tail -1)
skipped=$(sed -n 's/^# skipped //p' "$work/tap" | tail -1)
grep -hE '# (SKIP|Python interpreters|corpora)' "$work/tap" | sort -u | head -20

problems=0
if grep -E '\(node:[0-9]+\) .*Warning:' "$work/dots" "$work/tap"; then
  echo "test: Node warned (above)" >&2
  problems=$((problems + 1))
fi
python/tests/run.sh || problems=$((problems + 1))

ours >"$work/after"
leaked=$(comm -13 "$work/before" "$work/after")
if [ -n "$leaked" ]; then
  echo "test: processes outlived the tests:" >&2
  ps -o pid,args -p "$(echo "$leaked" | paste -sd,)" >&2
  problems=$((problems + 1))
fi
[ "${failed:-1}" = 0 ] && [ $failed_run != 0 ] && problems=$((problems + 1))
failed=$((${failed:-1} + problems))
echo "${passed:-0} passed, $failed failed, ${skipped:-0} skipped"
[ "$failed" = 0 ]
