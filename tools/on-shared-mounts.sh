#!/bin/sh
# Runs a command in a mount namespace whose mounts are shared among themselves, as systemd makes a host's. They are made
# private first (unshare does it): no mount there is a peer of this host's.
exec unshare --mount sh -c 'mount --make-rshared / && exec "$@"' on-shared-mounts "$@"
