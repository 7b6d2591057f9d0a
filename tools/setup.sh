#!/bin/sh
# Sets up a checkout: Debian packages, npm packages, the build. Idempotent; when nothing is missing it takes no time.
#   sh tools/setup.sh            what running needs
#   sh tools/setup.sh --images   also what `gantry make-image` needs
#   sh tools/setup.sh --tests    also what the tests need
#   sh tools/setup.sh --old-clients  also what the suites of old clients need
#   sh tools/setup.sh --machines also what virtual machines need
#   sh tools/setup.sh --bench    also the engines that the benchmarks compare with
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."

say() { echo "setup: $*" >&2; }

# Debian 12 alone has Compose 1, which is written in Python; later releases call Compose 2 by the same name.
compose=
! grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || compose=' /usr/lib/python3/dist-packages/compose/__init__.py:docker-compose'

# Debian packages by the command, or the Python or Ruby module, that proves them: what is there already, from wherever, is not installed again.
needed='crun:crun xz:xz-utils bzip2:bzip2 git:git modprobe:kmod update-ca-certificates:ca-certificates tini-static:tini'
for argument in "$@"; do
  case $argument in
    --images) needed="$needed mmdebstrap:mmdebstrap busybox:busybox-static" ;;
    --tests) needed="$needed mmdebstrap:mmdebstrap busybox:busybox-static tmux:tmux ip:iproute2 nft:nftables runc:runc ps:procps tar:tar skopeo:skopeo podman:podman iptables-legacy:iptables strace:strace chromium:chromium curl:curl sshd:openssh-server /usr/lib/python3/dist-packages/docker/__init__.py:python3-docker$compose" ;;
    --old-clients) needed="$needed pytest-3:python3-pytest /usr/lib/python3/dist-packages/pytest_timeout.py:python3-pytest-timeout /usr/lib/python3/dist-packages/dockerpycreds/__init__.py:python3-dockerpycreds rspec:ruby-rspec /usr/lib/ruby/vendor_ruby/rspec/its.rb:ruby-rspec-its /usr/lib/ruby/vendor_ruby/multi_json.rb:ruby-multi-json /usr/lib/ruby/vendor_ruby/docker.rb:ruby-docker-api" ;;
    --machines) needed="$needed qemu-system-x86_64:qemu-system-x86 mke2fs:e2fsprogs mmdebstrap:mmdebstrap" ;;
    --bench) needed="$needed mmdebstrap:mmdebstrap busybox:busybox-static ip:iproute2 runc:runc podman:podman /usr/lib/podman/netavark:netavark /usr/lib/podman/aardvark-dns:aardvark-dns hyperfine:hyperfine" ;;
    *) say "unknown argument $argument (know --images, --tests, --old-clients, --machines, --bench)"; exit 2 ;;
  esac
done

# Prints the packages whose command is on neither the PATH nor in the administrator's directories.
missing_packages() {
  for pair in $needed; do
    case $pair in
      *.py:* | *.rb:*) [ -e "${pair%%:*}" ] || echo "${pair#*:}" ;;
      *) PATH="$PATH:/usr/sbin:/sbin" command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}" ;;
    esac
  done | sort -u
}

# While packages are configured, no service is started: invoke-rc.d and systemd's helper ask this file. One that the
# machine has already is kept as it is.
policy=/usr/sbin/policy-rc.d
forbid_services() {
  if [ -e "$policy" ] && ! grep -q 'gantry setup' "$policy"; then return; fi
  trap allow_services EXIT
  trap 'exit 130' INT TERM HUP
  printf '#!/bin/sh\n# Made by gantry setup, which removes it again.\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}
allow_services() {
  if grep -qs 'gantry setup' "$policy"; then rm -f "$policy"; fi
}

install_debian() {
  packages=$(missing_packages | tr '\n' ' ')
  [ -n "$packages" ] || return 0
  if ! command -v apt-get >/dev/null; then
    say "these Debian packages (or your system's names for them) are missing: $packages"
    say 'there is no apt-get here: install them by your own means, then run this again'
    exit 1
  elif [ "$(id -u)" != 0 ]; then
    say "these Debian packages are missing: $packages"
    say "run this as root, or: sudo apt-get install --no-install-recommends $packages"
    exit 1
  fi
  say "installing Debian packages: $packages"
  forbid_services
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # a list of words
  if ! install_quietly $packages 2>/dev/null; then
    # Lists of packages are often missing or old: their complaints are worth hearing only with fresh ones.
    apt_quietly update || say 'apt-get update failed; going on with what is known'
    install_quietly $packages || {
      say "apt-get could not install: $packages (its own words are above)"
      exit 1
    }
  fi
  allow_services
}
apt_quietly() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" >/dev/null; }
install_quietly() { apt_quietly install -y --no-install-recommends "$@"; }

# npm packages: the stamp holds the lock file's sum, and goes with node_modules.
install_npm() {
  stamp=node_modules/.gantry-setup
  sum=$(cksum package-lock.json)
  [ "$(cat "$stamp" 2>/dev/null)" != "$sum" ] || return 0
  if ! command -v npm >/dev/null; then
    say 'npm is missing: install Node.js 20 or newer with npm (Debian: apt-get install npm)'
    exit 1
  fi
  say 'installing npm packages'
  # Not `npm ci`: it insists on every platform's optional packages being in the lock file, and mirrors of the registry
  # lack some of them. What is in the lock file is installed at its version and checked against its hash all the same.
  npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  echo "$sum" >"$stamp"
}

build() {
  [ -f dist/gantry.js ] && [ -z "$(find src tools/build.ts package-lock.json -type f ! -name '*.test.ts' -newer dist/gantry.js)" ] && return 0
  say 'building'
  sh tools/node tools/build.ts >&2
}

install_debian
install_npm
build
