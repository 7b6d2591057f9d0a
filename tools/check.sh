#!/bin/sh
# Format, lint, types, layers, house rules, quick tests: what must hold before each commit. Under a minute.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
node_modules/.bin/biome check --error-on-warnings
node_modules/.bin/tsc -p .
sh tools/node tools/layers.ts
sh tools/node tools/rules.ts
exec sh tools/test.sh --quick
