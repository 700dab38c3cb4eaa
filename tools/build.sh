#!/bin/sh
# Compiles src/ to dist/. Runs at the end of `npm ci`.
set -eu
cd "$(dirname "$0")/.."
rm -rf dist
exec node_modules/.bin/tsc -p tsconfig.build.json
