#!/bin/sh
# Runs tests with the packaged Node.js: `sh tools/test.sh` all, `--quick` the quick ones, else the named files.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
export UV_THREADPOOL_SIZE=8
exec sh tools/node tools/test.ts "$@"
