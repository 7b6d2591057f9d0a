/** Every flag of `run`, by what its process finds. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scene, Stage } from '../scenes.ts';
import { NONE, noSizes, RUNTIMES_WORDS, words } from './create.ts';

/** Runs a script in a container made with these flags and shows what it printed. */
const inside = (stage: Stage, flags: readonly string[], script: string) =>
  stage.run(['run', '--rm', ...NONE, ...flags, 'busybox', 'sh', '-c', script]);

/** A line for each of these files of control groups that there is: of version 1, then of version 2. */
const limits = (...files: readonly string[]): string =>
  `cd /sys/fs/cgroup; for f in ${files.join(' ')}; do [ ! -e $f ] || echo $f $(cat $f); done`;

/** A disk whose rates may be bounded: nobody uses it. Rates of what is no disk are refused. */
const DISK = ['/dev/loop0', '/dev/null'].find((file) => existsSync(file));

export const scenes: readonly Scene[] = [
  {
    title: 'run: who it is',
    often: true,
    async play(stage) {
      const dir = stage.directory();
      writeFileSync(join(dir, 'env'), 'B=2\n');
      writeFileSync(join(dir, 'labels'), 'two=2\n');
      await inside(
        stage,
        words(
          '--hostname box --domainname example --user 1:2 --group-add 9 --workdir /tmp --name who --init',
        ),
        'hostname; cat /proc/sys/kernel/domainname; id; pwd; cat /proc/1/comm',
      );
      await inside(
        stage,
        words(`--env A=1 --env-file ${dir}/env --env LANG --stop-signal USR1 --stop-timeout 7 --expose 81`),
        'env | grep -v HOSTNAME | sort',
      );
      await stage.run(['run', '--rm', ...NONE, '--entrypoint', 'echo', 'busybox', 'said']);
      await stage.run([
        ...['run', '-d', '--name', 'kept', ...NONE, '--label', 'one=1', '--label-file', join(dir, 'labels')],
        ...words('--annotation note=yes --restart no --quiet --pull missing'),
        ...words(`--cidfile ${dir}/cid --no-healthcheck --platform linux busybox sleep 1000`),
      ]);
      await stage.run(['inspect', '-f', '{{json .Config.Labels}} {{json .HostConfig.Annotations}}', 'kept']);
      await inside(stage, ['--disable-content-trust'], 'echo ran');
      await stage.run(['run', '--rm', '--cidfile', join(dir, 'cid'), 'busybox']);
      await stage.all('run --pull never nosuch', 'run --rm --isolation default --network none busybox true');
    },
  },
  {
    title: 'run: what is attached',
    async play(stage) {
      const both = ['busybox', 'sh', '-c', 'echo out; echo err >&2; cat'];
      await stage.run(['run', '--rm', ...NONE, '--attach', 'stdout', ...both], { input: 'in\n' });
      await stage.run(['run', '--rm', ...NONE, '-a', 'stderr', ...both], { input: 'in\n' });
      await stage.run(['run', '--rm', ...NONE, '-a', 'stdin', '-a', 'stdout', '-i', ...both], {
        input: 'in\n',
      });
      await stage.run(['run', '--rm', ...NONE, '--interactive', ...both], { input: 'in\n' });
      await stage.run(['run', '--rm', ...NONE, '-t', 'busybox', 'tty']);
      await stage.run(['run', '--detach', '-a', 'stdout', 'busybox']);
      await stage.run(['run', '--detach', '--rm', ...NONE, ...both]);
    },
  },
  {
    title: 'run: keys that detach, and signals that do not go on',
    async play(stage) {
      const shell = stage.terminal([
        'run',
        '-it',
        '--name',
        'left',
        ...NONE,
        '--detach-keys',
        'ctrl-x,y',
        'busybox',
      ]);
      await shell.shows(/# /);
      shell.type('\x18y');
      await shell.ended;
      stage.see(await stage.until(['ps', '--format', '{{.Names}}'], /left/));
      const run = stage.start([
        ...['run', '--name', 'deaf', '--sig-proxy=false', ...NONE, 'busybox'],
        ...['sh', '-c', 'trap "echo heard" TERM; echo up; while :; do sleep 0.1; done'],
      ]);
      await run.prints(/up/);
      run.process.kill('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 500));
      await stage.run(['logs', 'deaf']);
    },
  },
  {
    title: 'run: limits',
    async play(stage) {
      await inside(
        stage,
        words(
          '--memory 64m --memory-reservation 32m --memory-swap 64m --memory-swappiness 10 --oom-score-adj 100',
        ),
        `${limits('memory/memory.limit_in_bytes', 'memory/memory.soft_limit_in_bytes', 'memory/memory.swappiness', 'memory.max', 'memory.low')}; cat /proc/self/oom_score_adj`,
      );
      await inside(
        stage,
        words(
          '--cpu-period 50000 --cpu-quota 25000 --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0 --pids-limit 50',
        ),
        limits(
          ...['cpu/cpu.cfs_period_us', 'cpu/cpu.cfs_quota_us', 'cpu/cpu.shares', 'cpuset/cpuset.cpus'],
          ...['cpuset/cpuset.mems', 'pids/pids.max', 'cpu.max', 'cpu.weight', 'cpuset.cpus', 'pids.max'],
        ),
      );
      await inside(stage, words('--cpus 0.5'), limits('cpu/cpu.cfs_quota_us', 'cpu.max'));
      await inside(
        stage,
        words('--ulimit nofile=64:65 --ulimit core=0 --shm-size 8m'),
        'ulimit -n; ulimit -Hn; ulimit -c; df -k /dev/shm | tail -1 | awk "{print \\$2}"',
      );
      await inside(
        stage,
        words('--oom-kill-disable --memory 64m'),
        'head -1 /sys/fs/cgroup/memory/memory.oom_control',
      );
      await inside(stage, words('--kernel-memory 32m'), 'true');
      await inside(stage, words('--cpu-rt-period 100000 --cpu-rt-runtime 1000'), 'true');
      await inside(
        stage,
        words(`--device-read-bps ${DISK}:1mb --device-write-bps ${DISK}:2mb`),
        limits('blkio/blkio.throttle.read_bps_device', 'blkio/blkio.throttle.write_bps_device'),
      );
      await inside(
        stage,
        words(`--device-read-iops ${DISK}:10 --device-write-iops ${DISK}:20`),
        limits('blkio/blkio.throttle.read_iops_device', 'blkio/blkio.throttle.write_iops_device'),
      );
    },
    differences: [RUNTIMES_WORDS],
  },
  {
    title: 'run: limits of another system',
    async play(stage) {
      for (const flag of ['--cpu-count 1', '--cpu-percent 50', '--io-maxbandwidth 1m', '--io-maxiops 10'])
        await inside(stage, words(flag), 'echo ran');
    },
  },
  {
    title: 'run: rights and namespaces',
    async play(stage) {
      const rights = 'grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status';
      await inside(
        stage,
        words('--cap-add NET_ADMIN --cap-drop MKNOD --security-opt no-new-privileges'),
        rights,
      );
      await inside(stage, ['--privileged'], 'grep -E "^(NoNew|Seccomp:)" /proc/self/status; ls -d /dev/kmsg');
      await inside(
        stage,
        ['--device', '/dev/zero:/dev/nil:r', '--device-cgroup-rule', 'c 10:200 rwm'],
        'stat -c "%t %T %F" /dev/nil; echo x >/dev/nil; mknod /dev/made c 10 200 && echo made',
      );
      await inside(
        stage,
        words('--sysctl kernel.msgmax=4096 --sysctl net.core.somaxconn=99'),
        ['cat /proc/sys/kernel/msgmax /proc/sys/net/core/somaxconn'].join(),
      );
      const of = (name: string): string =>
        `[ $(readlink /proc/self/ns/${name}) = $(readlink /proc/1/ns/${name}) ]`;
      await inside(
        stage,
        words('--pid host --uts host --userns host --cgroupns host --cap-add SYS_PTRACE'),
        ['pid', 'uts', 'user', 'cgroup'].map((name) => `${of(name)}; echo ${name}: $?`).join('; '),
      );
      await inside(stage, words('--ipc none'), 'ls -d /dev/shm; ls /dev/shm');
      await inside(stage, words('--cgroupns private'), 'head -1 /proc/self/cgroup | cut -d: -f2-');
      await stage.run([
        'run',
        '-d',
        '--name',
        'base',
        ...NONE,
        '--ipc',
        'shareable',
        'busybox',
        'sleep',
        '1000',
      ]);
      await inside(stage, words('--ipc container:base --pid container:base'), 'ps -o comm | head -2');
      await inside(stage, words('--runtime runc'), 'echo ran');
      await inside(stage, words('--runtime nosuch'), 'echo ran');
      await inside(stage, words('--gpus all'), 'echo ran');
    },
  },
  {
    title: 'run: control groups below one of our own',
    async play(stage) {
      await inside(
        stage,
        words('--cgroup-parent /walk --cgroupns host'),
        'grep -qE "(:pids:|^0::)/walk/[0-9a-f]{64}$" /proc/self/cgroup && echo below',
      );
      await inside(stage, words('--cgroup-parent ../walk'), 'true');
    },
    differences: [
      {
        why: 'a path that climbs is refused',
        about: ['container run --cgroup-parent'],
        gantry: [/^! docker: Error response from daemon: invalid cgroup parent .*\n.*\n.*\n\[125\]/m, '[0]'],
      },
    ],
  },
  {
    title: 'run: files',
    async play(stage) {
      const dir = stage.directory();
      writeFileSync(join(dir, 'file'), 'content\n');
      await stage.quietly(['create', '--name', 'other', '-v', '/of-other', ...NONE, 'busybox']);
      const flagged =
        'grep -E " /(bound|kept|nameless|t|of-other|m|b|k|v) " /proc/mounts | cut -d" " -f2,4 | cut -c1-20 | sort';
      await inside(
        stage,
        [
          ...words(
            `--volume ${dir}:/bound:ro --volume kept:/kept --volume /nameless --tmpfs /t:size=1m,mode=700`,
          ),
          ...words(`--volumes-from other:ro --mount type=bind,source=${dir},target=/b,readonly`),
          ...words('--mount type=tmpfs,target=/m,tmpfs-size=64k --mount type=volume,source=kept,target=/k'),
          ...words('--volume-driver local --volume driven:/v --read-only'),
        ],
        `${flagged}; cat /b/file; touch /root/no; touch /kept/yes && ls /k; df -k /m /t | awk "{print \\$2}"`,
      );
      await stage.all('volume ls --filter name=kept', 'volume rm kept driven');
      await inside(stage, words('--tmpfs /x:nosuch'), 'true');
      await inside(stage, words('--storage-opt size=100m'), 'df -k / | tail -1 | awk "{print \\$2}"');
      await stage.run(['run', '--rm', ...NONE, '--use-api-socket', 'busybox', 'ls', '/var/run/docker.sock']);
    },
    differences: [noSizes('run')],
  },
  {
    title: 'run: logs, health and restart',
    async play(stage) {
      await stage.run([
        ...['run', '-d', '--name', 'well', ...NONE, '--health-cmd', 'echo fine'],
        ...words('--health-interval 1s --health-retries 2 --health-start-period 1s --health-timeout 5s'),
        ...words(
          '--health-start-interval 1s --restart on-failure:1 --log-driver json-file --log-opt max-size=1m',
        ),
        ...['busybox', 'sh', '-c', 'echo started; sleep 1000'],
      ]);
      await stage.until(['inspect', '-f', '{{.State.Health.Status}}', 'well'], /^healthy/);
      await stage.all('logs well', 'inspect -f {{.HostConfig.LogConfig}}{{.Config.Healthcheck}} well');
      await stage.run(['run', '--rm', ...NONE, '--log-driver', 'none', 'busybox', 'echo', 'unkept']);
    },
  },
];
