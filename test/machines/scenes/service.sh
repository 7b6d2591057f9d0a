# The Debian package under systemd: installed, used, upgraded and killed over a running container.
. /scene/checks.sh

dpkg -i /scene/first.deb >/dev/null
check 'its socket is open' active systemctl is-active gantry.socket
check 'its service runs' active systemctl is-active gantry.service
check 'both start with the machine' 'enabled
enabled' systemctl is-enabled gantry.socket gantry.service
docker load -i /scene/busybox.tar >/dev/null
check 'cgroups are systemd'"'"'s, of version 2' 'systemd 2' docker info -f '{{.CgroupDriver}} {{.CgroupVersion}}'
check 'a container runs' hello docker run --rm busybox echo hello
check 'its limits are in its cgroup' '67108864
50
150000 100000' docker run --rm -m 64m --memory-swap 64m --pids-limit 50 --cpus 1.5 busybox \
  sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max'
check 'what has no limit has none' 'max
max
max 100000' docker run --rm busybox sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max /sys/fs/cgroup/cpu.max'
check 'AppArmor confines it' 'gantry-default (enforce)' docker run --rm busybox cat /proc/1/attr/current
check 'memory that it may not have kills it' 'true 137' sh -c '
  docker run --name greedy -m 16m --memory-swap 16m busybox sh -c "x=x; while :; do x=\$x\$x; done" >/dev/null 2>&1
  docker inspect -f "{{.State.OOMKilled}} {{.State.ExitCode}}" greedy; docker rm greedy >/dev/null'
check 'memory kills one process of it, and it ends by itself' 'true 3' sh -c '
  docker run --name partly -m 16m --memory-swap 16m busybox sh -c "sh -c \"x=x; while :; do x=\\\$x\\\$x; done\"; sleep 1; exit 3" >/dev/null 2>&1
  docker inspect -f "{{.State.OOMKilled}} {{.State.ExitCode}}" partly; docker rm partly >/dev/null'
docker run -d --name counter --restart always --pids-limit 99 -p 8080:80 busybox \
  sh -c 'httpd -h /etc; i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done' >/dev/null
check 'a published port answers' root:x:0:0 sh -c 'curl -s --retry 20 --retry-connrefused http://127.0.0.1:8080/passwd | head -1 | cut -c 1-10'
check 'it can be paused' paused sh -c 'docker pause counter >/dev/null; docker inspect -f "{{.State.Status}}" counter; docker unpause counter >/dev/null'
check 'its use is told' yes sh -c 'docker stats --no-stream --format "{{.MemUsage}}" counter | grep -q "[1-9].*iB / " && echo yes'
docker update -m 128m --memory-swap 128m counter >/dev/null
check 'a limit is changed while it runs' 134217728 docker exec counter cat /sys/fs/cgroup/memory.max
check 'copies go out and come in' hello sh -c '
  echo hello >/tmp/f; docker cp /tmp/f counter:/f; docker cp counter:/f - | tar -xO'
check 'the host keeps its mounts when its directories are bound twice' yes sh -c '
  docker run -d --name one -v /dev:/host busybox sleep 100 >/dev/null; docker run --rm -v /dev:/host busybox true
  docker rm -f one >/dev/null; [ -e /dev/pts/ptmx ] && echo yes'

pid=$(docker inspect -f '{{.State.Pid}}' counter)
alive() { docker inspect -f '{{.State.Pid}}' counter; }
# Numbers from 1 on, each once.
whole() { docker logs counter | awk '$1 != NR { bad = 1 } END { print bad ? "a gap" : "whole" }'; }

dpkg -i /scene/second.deb >/dev/null
check 'an upgrade leaves the container' "$pid" alive
check 'the new version runs' 0.1.0-2 dpkg-query -W -f '${Version}' gantry
check 'no line of its log is lost' whole whole
systemctl kill -s KILL --kill-whom=main gantry.service
check 'a killed daemon is started again, and clients wait meanwhile' "$pid" alive
systemctl stop gantry.service
check 'a stopped daemon leaves the container' yes sh -c "[ -d /proc/$pid ] && echo yes"
check 'a client starts the daemon' "$pid" alive
check 'still no line is lost' whole whole
systemctl daemon-reload
check 'systemd, reloaded, leaves the limits' '134217728
99' docker exec counter sh -c 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max'
docker volume create kept >/dev/null
docker run --rm -v kept:/k busybox sh -c 'echo data >/k/f'
docker run -d --name once busybox sleep 1000 >/dev/null
