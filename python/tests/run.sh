#!/bin/sh
# Runs the Python tests with every interpreter from 3.8 to 3.14 that is found, two at a time. Quiet when all is well; ends with a summary line.
set -u
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

found=""
for minor in 8 9 10 11 12 13 14; do
  for candidate in "$HOME"/.pyenv/versions/3.$minor.*/bin/python3 "$(command -v python3.$minor || true)"; do
    if [ -x "$candidate" ] && "$candidate" -c "import sys; sys.exit(sys.version_info[:2] != (3, $minor))" 2>/dev/null; then
      found="$found $candidate"
      ln -s "$candidate" "$work/3.$minor"
      break
    fi
  done
done
[ -n "$found" ] || { echo "no Python 3.8 to 3.14 found" >&2; exit 1; }

run_one() {
  python=$(readlink "$work/$1")
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="" "$python" -W error::ResourceWarning -m unittest discover -p 'test_*.py' >"$work/$1.out" 2>&1 || touch "$work/$1.failed"
}
running=0
for version in $(ls "$work" | sort -t. -k2n); do
  run_one "$version" &
  running=$((running + 1))
  if [ "$running" = 2 ]; then wait; running=0; fi
done
wait

failed=0
passed=0
names=""
for version in $(cd "$work" && ls -d ./*[0-9] | sed 's,^\./,,' | sort -t. -k2n); do
  names="$names $version"
  if [ -e "$work/$version.failed" ]; then
    printf 'Python %s:\n' "$version"
    cat "$work/$version.out"
    failed=$((failed + 1))
  fi
  ran=$(sed -n 's/^Ran \([0-9]*\) tests.*/\1/p' "$work/$version.out")
  passed=$((passed + ${ran:-0}))
done
echo "Python tests: $passed run on$names, $failed interpreters failed"
[ "$failed" = 0 ]
