/** Every flag of `create`, by all that inspect tells of what it made. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { arranged, OWN } from '../plain.ts';
import type { Difference, Scene, Stage } from '../scenes.ts';

const ARCH = process.arch === 'x64' ? 'amd64' : process.arch;
export const NONE = ['--network', 'none'] as const;

/** Makes a container and shows all of it, or why there is none. */
export async function made(stage: Stage, flags: readonly string[]): Promise<void> {
  const { code } = await stage.run(['create', '--name', 'made', ...flags, 'busybox', 'true']);
  if (code !== 0) return;
  const [container] = JSON.parse((await stage.quietly(['inspect', 'made'])).stdout) as [Inspected];
  // The command line sends these in no order, and dockerd has those in none.
  container.HostConfig.Binds?.sort();
  container.Mounts.sort((a, b) => (a.Destination < b.Destination ? -1 : 1));
  delete container.Config.MacAddress; // from 1.44 on an endpoint's, which has one while it runs
  stage.see(arranged(JSON.stringify(container), TOLD).replace(SOCKET, '/<socket>"'));
  await stage.quietly(['rm', 'made']);
}

interface Inspected {
  readonly Config: { MacAddress?: string };
  readonly HostConfig: { readonly Binds: string[] | null };
  readonly Mounts: { readonly Destination: string }[];
}

/** A scene of its own shows how logs are kept. */
const TOLD = { ...OWN, LogConfig: '<log>', MacAddress: '<address>', DNSNames: '<names>' };
/** Where each engine listens. */
const SOCKET = /\/(gantry\.sock|s)"/g;

/** The words of some flags with their values, `--flag value` by one blank. */
export const words = (text: string): string[] => text.trim().split(/\s+/);

/** Words of engines after 26.1, which Gantry has. */
export const NEWER_WORDS = 'the words of newer engines';

/** What runtimes say of the kernel. */
export const RUNTIMES_WORDS: Difference = {
  why: 'what a runtime says of the kernel is its own: crun’s here, runc’s there',
  gantry: [/OCI runtime create failed: .*/g, '<of the runtime>'],
  dockerd: [/failed to create shim task: OCI runtime create failed: .*/g, '<of the runtime>'],
};

/** Of `command`. */
export const noSizes = (command: string): Difference => ({
  why: 'sizes of writable layers need project quotas: dockerd takes those of xfs, Gantry of any file system, as its words say',
  about: [`container ${command} --storage-opt`],
  gantry: [/, or another file system with project quotas, from Linux 5\.14 on/, ''],
});

export const scenes: readonly Scene[] = [
  {
    title: 'create: who it is and what it runs',
    async play(stage) {
      const dir = stage.directory();
      writeFileSync(join(dir, 'env'), 'B=2\n# no\nLANG\n');
      writeFileSync(join(dir, 'labels'), 'two=2\n');
      await made(stage, [
        ...NONE,
        ...words('--hostname box --domainname example --user 1:2 --workdir /tmp --env A=1'),
        ...words(`--env-file ${dir}/env --label one=1 --label-file ${dir}/labels --annotation note=yes`),
        ...words('--entrypoint /bin/echo --stop-signal USR1 --stop-timeout 7 --group-add 9 --expose 81/udp'),
        ...words('--tty --interactive --read-only --init --restart on-failure:2 --no-healthcheck'),
      ]);
      await made(
        stage,
        words(`--network none --platform linux/${ARCH} --pull never --quiet --attach stdout`),
      );
      await made(stage, words(`--network none --cidfile ${dir}/cid --rm`));
      await made(stage, [...NONE, '--disable-content-trust']);
      await stage.run(['create', '--cidfile', join(dir, 'cid'), 'busybox']);
      await stage.all(
        'create --platform linux/s390x --pull never busybox',
        'create --pull sometimes busybox',
      );
      await stage.all('create --pull never nosuch', 'create --attach nosuch busybox');
    },
    differences: [
      {
        why: NEWER_WORDS,
        gantry: [/was found but its platform .* specified platform \(linux\/s390x\)/, '<is of another>'],
        dockerd: [/was found but does not match the specified platform: .*/, '<is of another>'],
      },
    ],
  },
  {
    title: 'create: limits',
    async play(stage) {
      await made(stage, [
        ...NONE,
        ...words('--cpu-period 50000 --cpu-quota 25000 --cpu-shares 512 --cpuset-cpus 0 --cpuset-mems 0'),
        ...words('--memory 64m --memory-reservation 32m --memory-swap 128m --memory-swappiness 10'),
        ...words(
          '--oom-kill-disable --oom-score-adj 100 --pids-limit 50 --shm-size 8m --ulimit nofile=64:65',
        ),
      ]);
      await made(stage, words('--network none --cpus 0.5'));
      await made(stage, [
        ...NONE,
        ...words('--device-read-bps /dev/zero:1mb --device-read-iops /dev/zero:10'),
        ...words('--device-write-bps /dev/zero:2mb --device-write-iops /dev/zero:20'),
      ]);
      await made(stage, words('--network none --kernel-memory 32m'));
      await made(stage, words('--network none --cpu-rt-period 100000 --cpu-rt-runtime 1000'));
    },
  },
  {
    title: 'create: limits that mean nothing',
    async play(stage) {
      for (const flag of [
        ...['--cpus 1000', '--cpus=-1', '--cpus 1 --cpu-quota 5000', '--cpu-period 10', '--cpu-quota 10'],
        ...['--cpuset-cpus 9999', '--cpuset-mems 9999', '--cpuset-cpus x', '--memory 1m', '--memory x'],
        ...['--memory 64m --memory-swap 32m', '--memory-swap 64m', '--memory-swappiness 101'],
        ...[
          '--memory 16m --memory-reservation 32m',
          '--oom-score-adj 1001',
          '--pids-limit=-5',
          '--shm-size=-1',
        ],
        ...['--ulimit nofile', '--ulimit nosuch=1', '--ulimit nofile=5:1'],
        ...['--blkio-weight-device /dev/zero', '--device-read-bps /dev/zero:x', '--device-read-bps nosuch:1'],
        ...['--stop-signal NOSUCH', '--restart always:x', '--kernel-memory 1'],
      ])
        await stage.run(['create', '--pull', 'never', ...NONE, ...flag.split(' '), 'busybox']);
    },
    differences: [
      { why: NEWER_WORDS, dockerd: [/Range of CPUs/g, 'range of CPUs'] },
      { why: NEWER_WORDS, gantry: [/value of '9999' is out of range/g, 'value of out range'] },
    ],
  },
  {
    title: 'weights of block devices',
    alone:
      'dockerd looks for the files of CFQ, which kernels have no more; Gantry sets those of BFQ and of version 2 too',
    async play(stage) {
      const weights = ['--blkio-weight', '300', '--blkio-weight-device', '/dev/zero:200'];
      const { code } = await stage.run(['create', '--name', 'weighed', ...NONE, ...weights, 'busybox']);
      assert.equal(code, 0);
      await stage.run(['run', '--rm', ...NONE, ...weights, 'busybox', 'true']);
      assert.equal(
        (await stage.run(['run', '--rm', ...NONE, '--blkio-weight', '300', 'busybox', 'true'])).code,
        0,
      );
      assert.equal((await stage.run(['update', '--blkio-weight', '200', 'weighed'])).code, 0);
    },
  },
  {
    title: 'create: limits of another system',
    async play(stage) {
      for (const flag of ['--cpu-count 1', '--cpu-percent 50', '--io-maxbandwidth 1m', '--io-maxiops 10'])
        await made(stage, [...NONE, ...flag.split(' ')]);
      await made(stage, words('--network none --isolation default'));
      await stage.run(['create', '--isolation', 'hyperv', 'busybox']);
    },
    differences: [
      { why: NEWER_WORDS, dockerd: [/Invalid isolation: "hyperv" - /, 'invalid isolation (hyperv): '] },
    ],
  },
  {
    title: 'create: rights and namespaces',
    async play(stage) {
      await made(stage, [
        ...NONE,
        ...words('--cap-add NET_ADMIN --cap-drop MKNOD --cap-drop cap_chown --device /dev/zero:/dev/nil:r'),
        ...['--device-cgroup-rule', 'c 1:3 rwm'],
        ...words('--security-opt no-new-privileges --sysctl kernel.msgmax=4096 --cgroup-parent /walk'),
        ...words('--cgroupns private --ipc private --pid host --uts host --userns host --runtime runc'),
      ]);
      await made(stage, words('--network none --privileged --cgroupns host --ipc shareable'));
      await made(stage, words('--network none --gpus all'));
      await made(stage, ['--network', 'none', '--gpus', '"device=0,1",capabilities=utility']);
      for (const flag of [
        ...['--cap-add NOSUCH', '--device /dev/nosuch', '--device-cgroup-rule x', '--security-opt x=y'],
        ...[
          '--sysctl x',
          '--cgroupns x',
          '--ipc x',

          '--pid x',
          '--pid x:y',
        ],
        ...['--uts x', '--userns x', '--runtime nosuch', '--gpus x=1', '--group-add', '--user nobody:nosuch'],
      ])
        await stage.run(['create', '--pull', 'never', ...NONE, ...flag.split(' '), 'busybox']);
    },
  },
  {
    title: 'create: files',
    async play(stage) {
      const dir = stage.directory();
      await stage.quietly(['create', '--name', 'other', '-v', '/of-other', ...NONE, 'busybox']);
      await made(stage, [
        ...NONE,
        ...words(
          `--volume ${dir}:/bound:ro --volume kept:/kept --volume /nameless --tmpfs /t:size=1m,mode=700`,
        ),
        ...words('--volume-driver local --volumes-from other:ro --mount type=tmpfs,target=/m,tmpfs-size=64k'),
        ...words(`--mount type=bind,source=${dir},target=/b,readonly,bind-propagation=rslave`),
        ...words('--mount type=volume,source=kept,target=/k,volume-nocopy,volume-label=x=y'),
      ]);
      await made(stage, words('--network none --storage-opt size=1G'));
      await stage.all('volume ls --filter name=kept', 'volume rm kept');
      for (const flag of [
        ...['--volume a:b:c:d', '--volume relative/x:/y', '--volume x:relative', '--volume /a:/b:nosuch'],
        ...['--mount type=nosuch,target=/x', '--mount target=relative', '--mount type=bind,target=/x'],
        ...['--mount type=bind,source=/nosuch,target=/x', '--tmpfs relative'],
        ...['--volumes-from nobody', '--storage-opt nosuch=1', '--volume-driver nosuch -v n:/n'],
      ])
        await stage.run(['create', '--pull', 'never', ...NONE, ...flag.split(' '), 'busybox']);
    },
    differences: [
      noSizes('create'),
      {
        why: 'the whole specification is told',
        gantry: [/invalid volume specification: '\/a:\/b:nosuch': /, ''],
      },
      {
        why: 'the type of the mount is told',
        gantry: [/invalid mount config for type "tmpfs": (?=invalid mount path)/, ''],
      },
    ],
  },
  {
    title: 'create: the socket of the engine inside',
    often: true,
    async play(stage) {
      await made(stage, words('--network none --use-api-socket'));
    },
  },
  {
    title: 'create: logs and health',
    async play(stage) {
      await made(
        stage,
        words('--network none --log-driver json-file --log-opt max-size=1m --log-opt max-file=2'),
      );
      await made(stage, [
        ...NONE,
        ...['--health-cmd', 'test -e /up', '--health-interval', '5s', '--health-retries', '2'],
        ...words('--health-start-interval 1s --health-start-period 3s --health-timeout 4s'),
      ]);
      for (const flag of [
        ...[
          '--log-driver nosuch',
          '--log-opt nosuch=1',
          '--health-interval 5',
          '--health-retries=-1 --health-cmd x',
        ],
        ...[
          '--health-interval 1us --health-cmd x',
          '--no-healthcheck --health-cmd x',
          '--health-interval=-5s',
        ],
      ])
        await stage.run(['create', '--pull', 'never', ...NONE, ...flag.split(' '), 'busybox']);
    },
  },
];
