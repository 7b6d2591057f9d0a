# The machine has been switched off and on; then the package goes.
. /scene/checks.sh

eventually docker version
check 'what restarts always runs again' 'true' sh -c '
  until [ "$(docker inspect -f "{{.State.Running}}" counter)" = true ]; do sleep 0.2; done; echo true'
check 'what does not is known as ended' 'exited' docker inspect -f '{{.State.Status}}' once
check 'volumes are there' data docker run --rm -v kept:/k busybox cat /k/f
check 'ports are published again' root:x:0:0 sh -c 'curl -s --retry 20 --retry-connrefused http://127.0.0.1:8080/passwd | head -1 | cut -c 1-10'
check 'nothing failed while booting' '' sh -c 'systemctl --failed --no-legend --plain | grep -i gantry || :'

pid=$(docker inspect -f '{{.State.Pid}}' counter)
dpkg -r gantry >/dev/null 2>&1
check 'a removal ends containers' '' sh -c "[ ! -d /proc/$pid ] || echo alive"
check 'no process is left' '' sh -c 'pgrep -af "[/]lib/gantry/"; pgrep -l "gantry|keeper" || :'
check 'no interface is left' lo sh -c 'ip -o link | cut -d: -f2 | tr -d " "'
check 'no rule is left' '' nft list ruleset
check 'no mount is left' '' sh -c 'grep -E " /(var/lib|run)/gantry" /proc/self/mountinfo || :'
check 'no unit is left' '' sh -c 'systemctl list-units --all --no-legend --plain | grep -i "gantry.*loaded" || :'
check 'no cgroup is left' '' sh -c 'find /sys/fs/cgroup -iname "*gantry*" -o -name "docker-*" | head -3'
dpkg --purge gantry >/dev/null 2>&1
check 'settings are gone' '' sh -c 'ls -d /etc/gantry /etc/default/gantry 2>/dev/null || :'
check 'data stay' yes sh -c '[ -d /var/lib/gantry ] && echo yes'
