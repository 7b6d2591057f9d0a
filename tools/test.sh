#!/bin/sh
# Runs tests with the packaged Node.js: `sh tools/test.sh` all, `--quick` the quick ones, else the named files.
# They run in a mount namespace whose mounts are shared: so systemd makes them on the machines of users, and calls that
# private mounts allow, such as pivot_root(2), fail there. GANTRY_MOUNTS=private leaves them as they are.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
export UV_THREADPOOL_SIZE=8
if [ "${GANTRY_MOUNTS:-shared}" = shared ] && unshare --mount --propagation shared true 2>/dev/null; then
  exec unshare --mount --propagation shared sh tools/node tools/test.ts "$@"
fi
exec sh tools/node tools/test.ts "$@"
