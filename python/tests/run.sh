#!/bin/sh
# Runs the Python tests with every interpreter from 3.8 to 3.14 that is found. Quiet when all is well; ends with a summary line.
set -u
cd "$(dirname "$0")"
found=""
for minor in 8 9 10 11 12 13 14; do
  for candidate in "$HOME"/.pyenv/versions/3.$minor.*/bin/python3 "$(command -v python3.$minor || true)"; do
    if [ -x "$candidate" ] && "$candidate" -c "import sys; sys.exit(sys.version_info[:2] != (3, $minor))" 2>/dev/null; then
      found="$found $candidate"
      break
    fi
  done
done
[ -n "$found" ] || { echo "no Python 3.8 to 3.14 found" >&2; exit 1; }
failed=0
passed=0
for python in $found; do
  output=$(PYTHONDONTWRITEBYTECODE=1 PYTHONPATH= "$python" -W error::ResourceWarning -m unittest discover -p 'test_*.py' 2>&1) || { printf '%s\n%s\n' "$python:" "$output"; failed=$((failed + 1)); }
  passed=$((passed + $(printf '%s\n' "$output" | sed -n 's/^Ran \([0-9]*\) tests.*/\1/p')))
done
echo "Python tests: $passed run on$(for python in $found; do printf ' %s' "$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"; done), $failed interpreters failed"
[ "$failed" = 0 ]
