#!/bin/sh
# Unpacks Debian's docker (daemon and command line), containerd, runc and docker-registry into a cache, for tests and
# benchmarks that compare with them: the machine's own docker is neither used nor replaced. Prints the directory;
# below it the programs stand where Debian puts them (usr/bin/docker, usr/sbin/dockerd, …). Idempotent.
set -eu
here=$(dirname "$(dirname "$(readlink -f "$0")")")
cache=${GANTRY_PEERS:-$here/node_modules/.cache/gantry-peers}
[ ! -f "$cache/.complete" ] || { echo "$cache"; exit 0; }

command -v apt-get >/dev/null || { echo 'peers: needs apt-get' >&2; exit 1; }
fresh=$cache.$$
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh/deb"
cd "$fresh/deb"

# Debian 12 has the command line in docker.io, Debian 13 in docker-cli; libltdl7 and tini are docker.io's needs.
known() { [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9].*\)/\1/p')" ]; }
known docker.io || apt-get -qq update >&2 || true
for package in docker.io docker-cli containerd runc docker-registry tini; do
  known "$package" || continue
  # _apt may not write here when this is root's directory: as root apt warns and goes on.
  apt-get -qq download "$package" >&2 2>/dev/null || apt-get -qq download "$package" >&2 || exit 1
done
for deb in *.deb; do dpkg-deb -x "$deb" "$fresh"; done
rm -rf "$fresh/deb" "$fresh/usr/share/doc" "$fresh/usr/share/man"
[ -x "$fresh/usr/bin/docker" ] && [ -x "$fresh/usr/sbin/dockerd" ] || { echo 'peers: no docker in the packages' >&2; exit 1; }
: >"$fresh/.complete"
rm -rf "$cache"
mv "$fresh" "$cache"
echo "$cache"
