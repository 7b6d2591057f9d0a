#!/bin/sh
# Runs tests with the packaged Node.js: `sh tools/test.sh` all, `--quick` the quick ones, else the named files.
# GANTRY_MOUNTS=shared: on shared mounts, as systemd makes a host's.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
export UV_THREADPOOL_SIZE=8
if [ "${GANTRY_MOUNTS:-}" = shared ]; then exec sh tools/on-shared-mounts.sh sh tools/node tools/test.ts "$@"; fi
exec sh tools/node tools/test.ts "$@"
