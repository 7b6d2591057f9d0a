# A data root on xfs with project quotas: writable layers can have a size.
. /scene/checks.sh

truncate -s 4G /xfs.img
mkfs.xfs -q /xfs.img
mkdir -p /var/lib/gantry
mount -o prjquota /xfs.img /var/lib/gantry
dpkg -i /scene/first.deb >/dev/null
docker load -i /scene/busybox.tar >/dev/null
limited() { docker run --rm --storage-opt size=64m busybox "$@"; }
check 'a container sees its size' 65536 sh -c '
  docker run --rm --storage-opt size=64m busybox df -k / | awk "END { print \$2 }"'
check 'what is more than that is refused' '1 Disk quota exceeded' sh -c '
  docker run --rm --storage-opt size=64m busybox sh -c "dd if=/dev/zero of=/f bs=1M count=100" 2>&1 |
    grep -o "[D]isk quota exceeded\|No space left on device" | sed "s/No space left on device/Disk quota exceeded/" | sort | uniq -c | sed "s/^ *//"'
check 'what is less fits' 50 limited sh -c 'dd if=/dev/zero of=/f bs=1M count=50 2>/dev/null; du -m /f | cut -f1'
check 'others have the disk' 100 docker run --rm busybox sh -c 'dd if=/dev/zero of=/f bs=1M count=100 2>/dev/null; du -m /f | cut -f1'
docker create --name sized --storage-opt size=32m busybox sh -c 'cat /in; dd if=/dev/zero of=/f bs=1M count=20 2>/dev/null; rm /f; mv /etc/group /etc/moved && ls /etc/moved' >/dev/null
echo inside >/tmp/in
docker cp /tmp/in sized:/in
check 'files come in and move about inside of it' 'inside
/etc/moved' docker start -a sized
check 'it is told' size=32m sh -c 'docker inspect -f "{{range \$k, \$v := .HostConfig.StorageOpt}}{{\$k}}={{\$v}}{{end}}" sized'
docker commit sized sized:image >/dev/null
check 'an image of it has no limit' 40 docker run --rm sized:image sh -c 'dd if=/dev/zero of=/f bs=1M count=40 2>/dev/null; du -m /f | cut -f1'
projects() { xfs_quota -x -c 'report -p -n -N' /var/lib/gantry | awk '$4 > 0 { n++ } END { print n + 0 }'; }
check 'one limit is there' 1 projects
systemctl kill -s KILL --kill-whom=main gantry.service
check 'after a kill of the daemon it still is' 1 sh -c 'docker ps -aq | wc -l'
docker rm sized >/dev/null
eventually test "$(projects)" = 0
check 'none is left when it is removed' 0 projects
check 'a size that is none is refused' 1 sh -c 'docker create --storage-opt size=many busybox 2>&1 | grep -c "invalid size"'
check 'another option is refused' 1 sh -c 'docker create --storage-opt colour=red busybox 2>&1 | grep -c "Unknown option colour"'
dpkg --purge gantry >/dev/null 2>&1
umount /var/lib/gantry
