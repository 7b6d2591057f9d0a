#!/bin/sh
# Unpacks Debian's docker (daemon and command line), containerd, runc and docker-registry into a cache, for tests and
# benchmarks that compare with them: the machine's own docker is neither used nor replaced. Prints the directory;
# below it the programs stand where Debian puts them (usr/bin/docker, usr/sbin/dockerd, …). Idempotent.
#   sh tools/peers.sh        those of this machine's release (Debian 12: docker 20.10)
#   sh tools/peers.sh 13     those of Debian 13 (docker 26.1, buildx 0.13, compose 2.26), whichever release this is
#   sh tools/peers.sh sid    the newest buildx and Compose that Debian has, without a daemon
set -eu
here=$(dirname "$(dirname "$(readlink -f "$0")")")
release=${1:-}
cache=${GANTRY_PEERS:-$here/node_modules/.cache/gantry-peers}
last= # what came to the packages last: a cache without it is of before
suite=trixie
case $release in
  '') packages='docker.io docker-cli containerd runc docker-registry tini' ;;
  13) packages='docker.io docker-cli docker-buildx docker-compose containerd' cache=$cache-13 last=usr/libexec/docker/cli-plugins/docker-buildx ;;
  sid) packages='docker-buildx docker-compose' cache=$cache-sid suite=sid ;;
  *) echo "peers: unknown release $release (know 13, sid)" >&2; exit 2 ;;
esac
if [ -f "$cache/.complete" ] && [ -e "$cache/$last" ]; then echo "$cache"; exit 0; fi

command -v apt-get >/dev/null || { echo 'peers: needs apt-get' >&2; exit 1; }
fresh=$cache.$$
trap 'rm -rf "$fresh"' EXIT
mkdir -p "$fresh/deb"
cd "$fresh/deb"

# Packages of another release are found by lists of their own; the machine's are neither read nor changed.
apt() { apt-get -qq "$@"; }
if [ -n "$release" ]; then
  other=$fresh/apt
  mkdir -p "$other/lists/partial" "$other/cache/archives/partial"
  echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian '$suite' main' >"$other/sources.list"
  apt() {
    apt-get -qq -o Dir::State::lists="$other/lists" -o Dir::State::status=/dev/null -o Dir::Cache="$other/cache" \
      -o Dir::Etc::SourceList="$other/sources.list" -o Dir::Etc::SourceParts=- -o APT::Sandbox::User=root "$@"
  }
  apt update >&2
fi

# Debian 12 has the command line in docker.io, Debian 13 in docker-cli; libltdl7 and tini are docker.io's needs.
known() { [ -n "$(apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9].*\)/\1/p')" ]; }
[ -n "$release" ] || known docker.io || apt update >&2 || true
for package in $packages; do
  [ -n "$release" ] || known "$package" || continue
  # _apt may not write here when this is root's directory: as root apt warns and goes on.
  apt download "$package" >&2 2>/dev/null || apt download "$package" >&2 || exit 1
done
for deb in *.deb; do dpkg-deb -x "$deb" "$fresh"; done
rm -rf "$fresh/deb" "$fresh/apt" "$fresh/usr/share/doc" "$fresh/usr/share/man"
[ "$release" = sid ] || { [ -x "$fresh/usr/bin/docker" ] && [ -x "$fresh/usr/sbin/dockerd" ]; } || { echo 'peers: no docker in the packages' >&2; exit 1; }
if [ "$release" = 13 ]; then
  # Debian 13's runc and tini need its C library: those of this machine's release serve.
  own=$(sh "$here/tools/peers.sh")
  for program in usr/sbin/runc usr/bin/tini usr/bin/tini-static; do
    [ ! -e "$own/$program" ] || cp "$own/$program" "$fresh/$program"
  done
fi
: >"$fresh/.complete"
rm -rf "$cache"
mv "$fresh" "$cache"
echo "$cache"
