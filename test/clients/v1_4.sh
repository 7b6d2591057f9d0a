#!/bin/sh
# Every request that the document of API 1.4 (2013) shows, sent by curl: its status, and the members of its answer.
# Usage: v1_4.sh SOCKET REGISTRY, where the engine has busybox. Prints what is wrong; the last line counts.
set -u
SOCKET=$1 REGISTRY=$2
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
right=0 wrong=0

# ask STATUS METHOD PATH [curl arguments]: the answer stands in $DIR/body.
ask() {
  want=$1 method=$2 path=$3 what="$2 $3"
  shift 3
  status=$(curl -s -m 60 --unix-socket "$SOCKET" -X "$method" -o "$DIR/body" -w '%{http_code}' "http://docker/v1.4$path" "$@") || true
  judge "$want" "$status"
}
judge() {
  if [ "$1" = "$2" ]; then right=$((right + 1)); else
    wrong=$((wrong + 1))
    echo "$what: $2 instead of $1: $(head -c 300 "$DIR/body")"
  fi
}
# has MEMBER...: members that the document shows.
has() {
  for member; do
    grep -q "\"$member\":" "$DIR/body" && judge 1 1 || judge "$member" "no such member"
  done
}
says() { grep -q -- "$1" "$DIR/body" && judge 1 1 || judge "$1" "something else"; }
JSON='Content-Type: application/json'
idOf() { sed -n 's/.*"Id":"\([0-9a-f]*\)".*/\1/p' "$DIR/body" | head -1; }

create() {
  ask 201 POST /containers/create -H "$JSON" -d '{"Hostname":"","User":"","Memory":0,"MemorySwap":0,"AttachStdin":false,"AttachStdout":true,"AttachStderr":true,"PortSpecs":null,"Privileged":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":["sh","-c","'"$1"'"],"Dns":null,"Image":"busybox","Volumes":{},"VolumesFrom":"","WorkingDir":""}'
  has Id  # and Warnings when there are some
  id=$(idOf)
}

create 'echo hello; echo data >/made; trap exit TERM; while :; do sleep 0.1; done'
ask 204 POST "/containers/$id/start" -H "$JSON" -d '{"Binds":["/tmp:/tmp"],"LxcConf":[]}'
ask 200 GET '/containers/json?all=1&size=1'
has Id Image Command Created Status Ports SizeRw SizeRootFs
ask 200 GET "/containers/$id/json"
has ID Created Path Args Config State Image NetworkSettings SysInitPath ResolvConfPath Volumes
has Hostname User Memory MemorySwap AttachStdin PortSpecs Tty OpenStdin StdinOnce Env Cmd Dns VolumesFrom WorkingDir
has Running Pid ExitCode StartedAt Ghost IPAddress IPPrefixLen Gateway Bridge PortMapping
ask 200 GET "/containers/$id/top"
has Titles Processes
ask 200 GET "/containers/$id/top?ps_args=aux"
says '"USER"'
ask 200 GET "/containers/$id/changes"
has Path Kind
ask 200 GET "/containers/$id/export"
tar -tf "$DIR/body" >/dev/null && judge 1 1 || judge 'an archive' 'none'
ask 204 POST "/containers/$id/restart?t=5"
ask 204 POST "/containers/$id/stop?t=5"
ask 204 POST "/containers/$id/start"
ask 204 POST "/containers/$id/kill"
ask 200 POST "/containers/$id/attach?logs=1&stream=0&stdout=1"
says '^hello$'
ask 200 POST "/containers/$id/wait"
has StatusCode
ask 200 POST "/containers/$id/copy" -H "$JSON" -d '{"Resource":"/made"}'
[ "$(tar -xOf "$DIR/body" made)" = data ] && judge 1 1 || judge 'the file' 'no archive of it'
ask 201 POST "/commit?container=$id&m=message&repo=myrepo" -H "$JSON" -d '{"Cmd":["cat","/made"],"PortSpecs":["22"]}'
has Id
ask 204 DELETE "/containers/$id?v=1"
for verb in start 'stop?t=5' 'restart?t=5' kill 'attach?logs=1' wait; do ask 404 POST "/containers/nobody/$verb"; done
for what in json top changes export; do ask 404 GET "/containers/nobody/$what"; done
ask 404 DELETE '/containers/nobody?v=1'
ask 404 POST /containers/create -H "$JSON" -d '{"Image":"nobody","Cmd":["true"]}'

ask 200 GET '/images/json?all=0'
has Repository Tag Id Created Size VirtualSize
ask 200 GET /images/viz
says '^digraph docker {'
ask 200 GET /images/myrepo/json
has id parent created container container_config Size
ask 200 GET /images/myrepo/history
has Id Created CreatedBy
ask 201 POST "/images/myrepo/tag?repo=$REGISTRY/app&force=0"
ask 200 POST "/images/$REGISTRY/app/push" -H "$JSON" -d '{}'
says '"status":'
grep -q '"error"' "$DIR/body" && judge 'a push' "$(cat "$DIR/body")"
ask 200 DELETE "/images/$REGISTRY/app"
says '"Untagged"'
ask 200 POST "/images/create?fromImage=$REGISTRY/app"
says '"status":'
ask 200 GET "/images/$REGISTRY/app/json"
for what in json history; do ask 404 GET "/images/nobody/$what"; done
ask 404 POST '/images/nobody/tag?repo=x'
ask 404 DELETE /images/nobody

printf 'FROM busybox\nRUN echo built >/built\n' >"$DIR/Dockerfile"
tar -C "$DIR" -cf "$DIR/context.tar" Dockerfile
ask 200 POST '/build?t=built&q=0' -H 'Content-Type: application/tar' --data-binary "@$DIR/context.tar"
says '^Step 1'
says '^Successfully built'
ask 500 POST '/build' -H 'Content-Type: application/tar' --data-binary @/dev/null
ask 200 GET /info
has Debug Containers Images NFd NGoroutines MemoryLimit SwapLimit IPv4Forwarding
ask 200 GET /version
has Version GitCommit GoVersion
# It goes on until the client leaves.
what='GET /events' status=$(curl -s -m 2 --unix-socket "$SOCKET" -o "$DIR/body" -w '%{http_code}' 'http://docker/v1.4/events?since=1374067924')
judge 200 "$status"
has status id from time
echo "right: $right, wrong: $wrong"
[ "$wrong" = 0 ]
