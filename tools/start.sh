#!/bin/sh
# `npm start`: the person example, with its Python packages found or fetched.
set -eu
cd "$(dirname "$0")/.."
python=$(node_modules/.bin/node tools/prepare-example.ts examples/person)
exec bin/propylon run examples/person --python "$python" "$@"
