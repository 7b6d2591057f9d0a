# Builds of today's client on cgroups of version 2, under AppArmor, by the package's engine.
. /scene/checks.sh

dpkg -i /scene/first.deb >/dev/null
docker load -i /scene/busybox.tar >/dev/null
mkdir -p "$DOCKER_CONFIG/cli-plugins" /tmp/context
cp /scene/docker-buildx "$DOCKER_CONFIG/cli-plugins/docker-buildx"
cd /tmp/context
echo hello >file
echo secret >/tmp/secret
cat >Dockerfile <<'END'
FROM busybox AS one
ARG TURN
COPY file /
RUN --mount=type=cache,target=/cache date +%s%N >>/cache/runs && wc -l </cache/runs >/runs
RUN --mount=type=secret,id=s,required cp /run/secrets/s /was-there && rm /was-there
RUN cat /proc/1/attr/current >/confined; cat /sys/fs/cgroup/pids.max >/pids; id -u >/user
FROM busybox AS two
RUN --mount=from=one,target=/one cat /one/file >/copied
FROM two
COPY --from=one /runs /confined /pids /user /
CMD ["cat", "/copied"]
END
build() { docker buildx build --progress=plain --secret id=s,src=/tmp/secret "$@" /tmp/context; }

check 'the default builder is the engine' yes sh -c 'docker buildx ls | grep -q "^default.*docker" && echo yes'
build -t app >/tmp/told 2>&1 || { cat /tmp/told; exit 1; }
check 'the image runs' hello docker run --rm app
check 'AppArmor confines its steps' 'gantry-default (enforce)' docker run --rm app cat /confined
check 'its steps are root, without a limit of processes of their own' '0
max' docker run --rm app cat /user /pids
check 'a second build does nothing again' 6 sh -c '
  docker buildx build --progress=plain --secret id=s,src=/tmp/secret /tmp/context 2>&1 | grep -c CACHED'
build --build-arg TURN=2 -t again >/tmp/told 2>&1 || { cat /tmp/told; exit 1; }
check 'a cache mount stays from one build to the next' 2 docker run --rm again cat /runs
check 'files come out' hello sh -c '
  docker buildx build -q --secret id=s,src=/tmp/secret -o /tmp/out /tmp/context >/dev/null; cat /tmp/out/copied'
check 'a failure shows the line' 'ERROR: failed to solve: process "/bin/sh -c exit 3" did not complete successfully: exit code: 3' \
  sh -c 'printf "FROM busybox\nRUN exit 3\n" | docker buildx build --progress=plain - 2>&1 | tail -1'
printf 'FROM busybox\nRUN sleep 1000\n' | docker buildx build --progress=plain - >/tmp/told 2>&1 &
eventually sh -c 'pgrep -f "^sleep 1000"'
scope() { find /sys/fs/cgroup -type d -name '*gantry-*.scope' | grep .; }
eventually scope
systemctl kill -s KILL --kill-whom=main gantry.service
wait $! || true
eventually docker info
left() {
  if pgrep -f '^sleep 1000'; then return; fi
  if [ -n "$(docker ps -aq)" ]; then docker ps -a; return; fi
  scope || echo nothing
}
eventually sh -c '! pgrep -f "^sleep 1000"'
check 'a killed daemon leaves nothing of a build' nothing left
build -t app >/tmp/told 2>&1 || { cat /tmp/told; exit 1; }
check 'and the next build works on what was there' hello docker run --rm app
check 'the engine finds nothing wrong with what it keeps' 0 sh -c 'systemctl stop gantry.service gantry.socket; gantry fsck >/tmp/fsck 2>&1; echo $?'
