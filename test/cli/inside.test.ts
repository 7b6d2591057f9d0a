/** What a container's process finds: its identity, rights, files, limits; the same as under dockerd. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;

/** Runs a shell script in a container made with `options` and writes down what it printed. */
const inside = (stage: Stage, options: readonly string[], script: string) =>
  stage.run(['run', '--rm', ...NONE, ...options, 'busybox', 'sh', '-c', script]);

const STATUS = 'grep -E "^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|Umask)" /proc/self/status';

/** Where a container reads its limits: in control groups of version 1, then of version 2. */
const LIMIT_FILES = [
  ...['memory/memory.limit_in_bytes', 'cpu/cpu.shares', 'cpu/cpu.cfs_period_us', 'cpu/cpu.cfs_quota_us'],
  ...['cpuset/cpuset.cpus', 'pids/pids.max'],
  ...['memory.max', 'cpu.weight', 'cpu.max', 'cpuset.cpus', 'pids.max'],
];

/** A device that no plain container has. */
function ofTheHost(): string {
  const plain = new Set(['console', 'full', 'null', 'ptmx', 'random', 'tty', 'urandom', 'zero']);
  const found = readdirSync('/dev', { withFileTypes: true }).find(
    (entry) => entry.isCharacterDevice() && !plain.has(entry.name),
  );
  return `/dev/${found?.name ?? 'null'}`;
}

const scenes: readonly Scene[] = [
  {
    title: 'what every container has is there, and is nobody’s change',
    async play(stage) {
      const look = 'stat -c "%A %u %s %n" /.dockerenv; readlink /etc/mtab; grep -c " / " /etc/mtab';
      await stage.run(['run', '--name', 'plain', ...NONE, 'busybox', 'sh', '-c', look]);
      await stage.run(['diff', 'plain']);
      await stage.quietly(['commit', 'plain', 'same']);
      await stage.run(['inspect', '-f', '{{len .RootFS.Layers}}', 'same']);
      await inside(stage, ['--read-only'], look);
      await stage.run([
        ...['run', '--name', 'own', ...NONE, 'busybox'],
        ...['sh', '-c', 'echo mine > /.dockerenv; rm /etc/mtab; echo own > /etc/mtab'],
      ]);
      const { stdout } = await stage.quietly(['diff', 'own']);
      stage.see(stdout.split('\n').sort().join('\n'));
      await stage.quietly(['rm', 'own', 'plain']);
      await stage.quietly(['rmi', 'same']);
    },
  },
  {
    title: 'identity, environment and directory',
    async play(stage) {
      await inside(
        stage,
        ['-h', 'box.example', '--domainname', 'dom'],
        'hostname; id; pwd; env | grep -v ^HOSTNAME | sort; umask; cat /etc/hostname; echo $HOSTNAME',
      );
      await inside(
        stage,
        ['-e', 'A=1', '-e', 'B=two words', '-e', 'PATH=/bin', '-w', '/new/dir'],
        'env | grep -v ^HOSTNAME | sort; pwd; ls -ld /new/dir | cut -c1-10',
      );
      await inside(stage, ['-u', '1234:56'], `id; echo ~; ${STATUS}`);
      await inside(stage, ['-u', 'nobody'], `id; echo $HOME; ${STATUS}`);
      await inside(stage, ['-u', 'root', '--group-add', '77', '--group-add', 'root'], 'id -G');
      await inside(stage, ['-u', 'nosuchuser'], 'id');
      await stage.run(['run', '--rm', ...NONE, '--entrypoint', 'echo', 'busybox', 'from', 'entrypoint']);
      await stage.run(['run', '--rm', ...NONE, '--entrypoint', '', 'busybox']);
    },
  },
  {
    title: 'capabilities, seccomp and new privileges',
    async play(stage) {
      await inside(stage, [], STATUS);
      await inside(stage, ['--cap-drop', 'ALL'], STATUS);
      await inside(stage, ['--cap-drop', 'ALL', '--cap-add', 'CHOWN', '--cap-add', 'cap_net_raw'], STATUS);
      await inside(
        stage,
        ['--security-opt', 'no-new-privileges', '--security-opt', 'seccomp=unconfined'],
        STATUS,
      );
      await inside(stage, ['--cap-add', 'NOSUCH'], STATUS);
      await inside(stage, ['--security-opt', 'nosuch=1'], STATUS);
      await inside(
        stage,
        [],
        'mount -t tmpfs none /mnt; unshare -U true; mknod /tmp/x b 1 1; dmesg >/dev/null; echo x > /proc/sys/kernel/hostname; date -s 2000-01-01 >/dev/null',
      );
    },
  },
  {
    title: 'mounts and devices',
    async play(stage) {
      await inside(
        stage,
        [],
        'cut -d" " -f2,3,4 /proc/mounts | grep -v -e "^/ overlay" -e "^/etc/" -e cgroup -e "^/proc/" -e "^/sys/" | sed "s/size=[0-9]*k/size/;s/,inode64//;s/nr_inodes=[0-9]*//"',
      );
      await inside(
        stage,
        [],
        'find /dev -maxdepth 1 | grep -v /core | sort; ls -l /dev | grep -v core | grep "^[cl]" | awk \'{print $1, $5, $6, $NF}\' | sort; stat -c "%a %F" /dev/shm /dev/mqueue /dev/pts',
      );
      await inside(
        stage,
        ['--read-only', '--tmpfs', '/scratch'],
        'touch /x; touch /scratch/y && ls /scratch; touch /dev/shm/z && echo ok',
      );
      await inside(
        stage,
        ['--tmpfs', '/t:size=64k,mode=700,uid=7'],
        'stat -c "%a %u" /t; head -c 100000 /dev/zero > /t/full; df -k /t | tail -1 | awk \'{print $2}\'',
      );
      await inside(stage, ['--shm-size', '1m'], "df -k /dev/shm | tail -1 | awk '{print $2}'");
      await inside(
        stage,
        ['--device', '/dev/null:/dev/mine:rw'],
        'stat -c "%t %T %F" /dev/mine; echo x > /dev/mine && echo written',
      );
    },
  },
  {
    title: 'binds of the host',
    async play(stage) {
      const dir = stage.directory();
      writeFileSync(join(dir, 'file'), 'content\n');
      await inside(
        stage,
        ['-v', `${dir}:/data`],
        'cat /data/file; echo changed > /data/file; mkdir /data/sub',
      );
      stage.see(`${readFileSync(join(dir, 'file'), 'utf8')} ${readdirSync(dir).sort()}`);
      await inside(stage, ['-v', `${dir}:/data:ro`], 'touch /data/no; cat /data/file');
      await inside(
        stage,
        ['-v', `${dir}/file:/etc/special:ro`],
        'cat /etc/special; grep -c special /proc/mounts',
      );
      await inside(stage, ['-v', `${dir}/made:/made`], 'touch /made/it');
      stage.see(readdirSync(join(dir, 'made')).join());
      await inside(stage, ['--mount', `type=bind,src=${dir},dst=/m,readonly`], 'touch /m/no; ls /m');
      await inside(stage, ['--mount', 'type=bind,src=/no/such/source,dst=/m'], 'true');
      await inside(
        stage,
        ['--mount', 'type=tmpfs,dst=/m,tmpfs-size=65536'],
        "df -k /m | tail -1 | awk '{print $2}'",
      );
      await stage.all(
        'run --rm --network none -v relative/path:/x busybox true',
        'run --rm --network none -v /a:relative busybox true',
      );
      await stage.all(`run --rm --network none -v ${dir}:/x -v ${dir}:/x busybox true`);
    },
  },
  {
    title: 'limits',
    async play(stage) {
      await inside(
        stage,
        ['--ulimit', 'nofile=100:200', '--ulimit', 'core=0'],
        'ulimit -n; ulimit -Hn; ulimit -c',
      );
      await inside(
        stage,
        [
          '-m',
          '48m',
          '--memory-swap',
          '-1',
          '--cpu-shares',
          '300',
          '--cpu-period',
          '50000',
          '--cpu-quota',
          '20000',
          '--cpuset-cpus',
          '0',
          '--pids-limit',
          '33',
        ],
        `cd /sys/fs/cgroup; for f in ${LIMIT_FILES.join(' ')}; do [ -f $f ] && echo $f $(cat $f); done; true`,
      );
      await inside(stage, ['--oom-score-adj', '500'], 'cat /proc/self/oom_score_adj');
      await inside(stage, ['-m', '1m'], 'true');
      await inside(stage, ['--cpus', '1000'], 'true');
      await inside(stage, ['--sysctl', 'kernel.msgmax=12345'], 'cat /proc/sys/kernel/msgmax');
    },
  },
  {
    title: 'a container that takes more memory than it may is killed, and inspect says why',
    alone: 'dockerd hears of the kill apart from the end: when that comes first, it never tells',
    async play(stage) {
      const limited = ['run', ...NONE, '-m', '16m', '--memory-swap', '16m'];
      const whole = await stage.run([...limited, '--name', 'whole', 'busybox', 'tail', '/dev/zero']);
      assert.equal(whole.code, 137);
      const part = [...limited, '--name', 'part', 'busybox', 'sh', '-c', 'tail /dev/zero; echo $?'];
      assert.equal((await stage.run(part)).stdout, '137\n');
      for (const name of ['whole', 'part'])
        assert.equal((await stage.run(['inspect', '-f', '{{.State.OOMKilled}}', name])).stdout, 'true\n');
    },
  },
  {
    title: 'namespaces: of the host, of another container, of its own',
    async play(stage) {
      const own = `${readlinkSync('/proc/self/ns/pid')} ${readlinkSync('/proc/self/ns/ipc')} ${readlinkSync('/proc/self/ns/uts')} ${readlinkSync('/proc/self/ns/net')}`;
      const same = async (options: readonly string[]) => {
        const { stdout, stderr } = await stage.quietly([
          'run',
          '--rm',
          ...options,
          '-e',
          `OWN=${own}`,
          'busybox',
          'sh',
          '-c',
          'for n in pid ipc uts net; do case "$OWN" in *$(readlink /proc/self/ns/$n)*) echo $n of the host;; *) echo $n of its own;; esac; done',
        ]);
        stage.see(`${options.join(' ')}:\n${stdout}${stderr}`);
      };
      await same([...NONE]);
      await same([...NONE, '--pid', 'host']);
      await same([...NONE, '--ipc', 'host', '--uts', 'host']);
      await same(['--network', 'host']);
      await stage.quietly(['run', '-d', '--name', 'other', ...NONE, 'busybox', 'sleep', '1000']);
      await stage.run(['run', '--rm', ...NONE, '--pid', 'container:other', 'busybox', 'ps', '-o', 'args']);
      await stage.run([
        'run',
        '--rm',
        '--network',
        'container:other',
        'busybox',
        'sh',
        '-c',
        'ip -o link | cut -d" " -f2',
      ]);
      await stage.run(['run', '--rm', '--network', 'container:nobody', 'busybox', 'true']);
      await inside(stage, [], 'ip -o addr | awk \'{print $2, $4}\'; cat /proc/1/cmdline | tr "\\0" " "');
    },
    differences: [
      {
        why: 'newer engines leave IPv6 on the loopback of a network without it',
        gantry: [/lo ::1\/128\n/g, ''],
      },
    ],
  },
  {
    title: 'privileged has every capability that there is, and all devices',
    alone: "dockerd's runtime wants rights that a machine within a machine may lack",
    async play(stage) {
      const device = ofTheHost();
      const { stdout } = await inside(
        stage,
        ['--privileged'],
        `${STATUS}; mkdir /m; mount -t tmpfs none /m && ls -d /m ${device}`,
      );
      const bounding = /^CapBnd:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
      assert.match(stdout, new RegExp(`^CapEff:\\s*${bounding}$`, 'm'));
      assert.match(stdout, /^Seccomp:\s*0$/m);
      assert.ok(stdout.endsWith(`${device}\n/m\n`), stdout);
    },
  },
];

playScenes(scenes);
