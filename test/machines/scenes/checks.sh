# What every scene begins with: docker talks to the engine, and what is wanted is said and looked for.
set -eu
export PATH="/scene:$PATH" HOME=/root DOCKER_CONFIG=/root/.docker
mkdir -p "$DOCKER_CONFIG"

# check WHAT EXPECTED COMMAND…: runs it; what it prints must be that.
check() {
  what=$1 expected=$2
  shift 2
  found=$("$@" 2>&1) || found="$found (status $?)"
  if [ "$found" = "$expected" ]; then
    echo "ok: $what"
  else
    echo "NOT ok: $what: expected '$expected', found '$found'"
    exit 1
  fi
}

# eventually COMMAND…: until it succeeds, a minute at most.
eventually() {
  tries=0
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || { echo "NOT ok: never: $*"; "$@" || exit 1; }
    sleep 0.1
  done
}
