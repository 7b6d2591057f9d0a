# Processes of the service killed together, by systemd and by name: terminals stay, open stdin waits, no output is lost.
. /scene/checks.sh

dpkg -i /scene/first.deb >/dev/null
docker load -i /scene/busybox.tar >/dev/null
docker run -dt --name terminal busybox sh -c 'i=0; while [ ! -e /stop ]; do i=$((i+1)); echo $i; sleep 0.1; done; exit 7' >/dev/null
docker run -di --name reader busybox sh -c 'while read line; do echo "got $line"; done; exit 8' >/dev/null
eventually systemctl is-active gantry-keeper.scope

main() { systemctl show -P MainPID gantry.service; }
store() { systemctl show -P NFileDescriptorStore gantry.service; }
keepers() { pgrep -fc '^gantry-keeper' || :; }
check 'systemd holds four sockets' 4 store
check 'two processes keep them too' 2 keepers
check 'of these one is in the service' '1 0' sh -c '
  for file in keeper keeper-2; do grep -c gantry.service "/proc/$(cut -d" " -f1 /run/gantry/$file)/cgroup" || :; done | xargs'

# told TEXT: tells the reader, and prints what it says to that, however slow the machine is.
told() {
  mkfifo /tmp/in
  docker attach --sig-proxy=false reader </tmp/in >/tmp/said 2>&1 &
  attached=$!
  echo "$1" >/tmp/in
  eventually grep got /tmp/said
  cat /tmp/said
  kill -s KILL "$attached"
  rm /tmp/in /tmp/said
}

# tells_of_ends HOW: before Linux 6.15 only a parent is told a status; what ended while all of ours were gone is unknown.
tells_of_ends() { [ "$1" = unit_killed ] || printf '%s\n' 6.15 "$(uname -r)" | sort -CV; }
# status HOW: of the one that ended with 9, true also when it ended with a daemon there again; "unknown" is 255.
status() {
  code=$(docker wait ended)
  tells_of_ends "$1" || [ "$code" != 255 ] || code=9
  echo $code $(docker logs ended)
}

# lost_nothing HOW: after a kill, both go on.
lost_nothing() {
  docker run -d --name ended busybox sh -c 'sleep 3; echo last; exit 9' >/dev/null
  before=$(main)
  $1
  sleep 4
  eventually docker version
  check "$1: another daemon runs" yes sh -c "[ $before != $(main) ] && echo yes"
  check "$1: a terminal and an open stdin stay" 'true true' sh -c 'docker inspect -f "{{.State.Running}}" terminal reader | xargs'
  check "$1: what it is told arrives" "got $1" told "$1"
  check "$1: what ended meanwhile is known" '9 last' status "$1"
  check "$1: systemd holds four sockets" 4 store
  check "$1: two processes keep them" 2 keepers
  docker rm ended >/dev/null
}
unit_killed() { systemctl kill -s KILL --kill-whom=all gantry.service; }
all_killed() { pkill -KILL -f gantry; }
lost_nothing unit_killed
lost_nothing all_killed
lost_nothing all_killed
docker exec terminal touch /stop
check 'a terminal ends as it says' 7 docker wait terminal
check 'no line of it is lost' whole sh -c '
  docker logs terminal | tr -d "\r" | awk "\$1 != NR { bad = 1 } END { print bad ? \"a gap\" : \"whole\" }"'
docker rm -f reader terminal >/dev/null
systemctl stop gantry.service gantry.socket
check 'without a container a stop ends the keeper too' 0 keepers
eventually sh -c '! systemctl is-active gantry-keeper.scope'
check 'no cgroup of it is left' '' sh -c 'find /sys/fs/cgroup -name "*keeper*"'
