#!/bin/sh
# Runs tests with the packaged Node.js: `sh tools/test.sh` all, `--quick` the quick ones, else the named files.
# GANTRY_MOUNTS=shared: in a mount namespace whose mounts are shared among themselves, as systemd makes a host's.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
export UV_THREADPOOL_SIZE=8
if [ "${GANTRY_MOUNTS:-}" = shared ]; then
  # Private first: no mount of ours may be a peer of the host's.
  exec unshare --mount sh -c 'mount --make-rshared / && exec "$0" "$@"' sh tools/node tools/test.ts "$@"
fi
exec sh tools/node tools/test.ts "$@"
