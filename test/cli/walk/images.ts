/** Images that do not travel: made, listed, shown, packed and removed, with every flag. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxRootfs } from '../../harness/image.ts';
import { file, loadLayered } from '../../harness/layered.ts';
import type { Scene, Stage } from '../scenes.ts';
import { tidy } from '../tidy.ts';
import { NONE, words } from './create.ts';

const ARCH = process.arch === 'x64' ? 'amd64' : process.arch;
/** The builder that is in the engine: BuildKit is another program's. */
const CLASSIC = { DOCKER_BUILDKIT: '0' };

const load = (stage: Stage, tag: string): Promise<void> =>
  loadLayered(stage.engine.api(), tag, [file(tag.replace(/\W/g, '-'), tag.repeat(1000))], {
    Labels: { a: 'b' },
  });

/** Builds what stands in `Dockerfile`, and shows it. */
async function builds(stage: Stage, flags: readonly string[], dockerfile: readonly string[]): Promise<void> {
  const dir = join(stage.directory(), 'context');
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'Dockerfile'), `${dockerfile.join('\n')}\n`);
  await stage.run(['build', ...flags, dir], { env: CLASSIC });
}

/** Runs a line and shows its output by the alphabet, ids by their first place there. */
async function sorted(stage: Stage, line: string): Promise<void> {
  const { stdout, stderr, code } = await stage.quietly(line.split(' '));
  stage.see(`$ docker ${line}\n${stdout.split('\n').sort().join('\n')}${stderr}[${code}]`);
}

/** What no engine before 28 knows. */
const NEWER = 'dockerd 26.1 does not know it: it came with API 1.47 and later';

export const scenes: readonly Scene[] = [
  {
    title: 'build: names, files, arguments and stages',
    play: tidy(async (stage) => {
      const dir = stage.directory();
      mkdirSync(join(dir, 'context'));
      writeFileSync(join(dir, 'context/other'), 'FROM busybox\nARG A=0\nENV A=$A\nCMD echo $A\n');
      await builds(
        stage,
        [
          ...words(`--tag built:1 --label l=1 --build-arg A=7 --iidfile ${dir}/iid`),
          '--file',
          `${dir}/context/other`,
        ],
        ['FROM nosuch'],
      );
      stage.see(readFileSync(join(dir, 'iid'), 'utf8'));
      await stage.run([
        'image',
        'inspect',
        '-f',
        '{{.Config.Labels}}{{.Config.Env}}{{.Config.Cmd}}',
        'built:1',
      ]);
      const staged = [
        'FROM busybox AS one',
        'ENV ONE=1',
        'FROM one AS two',
        'ENV TWO=2',
        'FROM two',
        'ENV THREE=3',
      ];
      await builds(stage, words('-t built:2 --target two --quiet'), staged);
      await stage.run(['image', 'inspect', '-f', '{{.Config.Env}}', 'built:2']);
      await builds(stage, words('-t built:3 --target nosuch'), staged);
      await builds(stage, words(`--pull=false --platform linux/${ARCH} -t built:4`), [
        'FROM busybox',
        'LABEL x=y',
      ]);
      await builds(stage, ['--compress'], ['FROM busybox', 'LABEL x=y']);
      await builds(stage, ['--disable-content-trust'], ['FROM busybox', 'LABEL x=y']);
      await builds(stage, ['--cache-from', 'built:4'], ['FROM busybox', 'LABEL x=y']);
      await builds(stage, ['--squash'], ['FROM busybox']);
    }),
    differences: [
      { why: 'so that ids are numbered otherwise', gantry: [/<\d+>/g, '<id>'], dockerd: [/<\d+>/g, '<id>'] },
      {
        why: 'steps that change only the configuration need no container',
        about: ['image build'],
        dockerd: [/ ---> Running in <id>\n ---> Removed intermediate container <id>\n/g, ''],
      },
      {
        why: 'a packed context has its time in it',
        gantry: [/(Sending build context to Docker daemon) +\S+/g, '$1'],
        dockerd: [/(Sending build context to Docker daemon) +\S+/g, '$1'],
      },
    ],
  },
  {
    title: 'build: what steps run in',
    play: tidy(async (stage) => {
      const shows = (script: string): string[] => ['FROM busybox', `RUN ${script}`];
      await builds(
        stage,
        words('--no-cache --network none --add-host far:10.9.8.7 --rm'),
        shows('grep far /etc/hosts; ls /sys/class/net'),
      );
      await builds(stage, words('--network none --rm=false'), shows('echo kept'));
      await stage.all('ps -aq --filter status=exited');
      await builds(stage, words('--network none --force-rm'), shows('echo gone'));
      await builds(stage, words('--network none --force-rm'), shows('exit 3'));
      await stage.all('ps -aq --filter status=exited');
      await builds(
        stage,
        words(
          '--network none --memory 64m --memory-swap 64m --cpu-period 50000 --cpu-quota 25000 --cpu-shares 512',
        ),
        shows(
          'cd /sys/fs/cgroup; cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us cpu/cpu.shares || cat memory.max cpu.max',
        ),
      );
      await builds(
        stage,
        words(
          '--network none --cpuset-cpus 0 --cpuset-mems 0 --shm-size 8m --ulimit nofile=64:65 --isolation default',
        ),
        shows('ulimit -n; df -k /dev/shm | tail -1; grep -E "(Cpus|Mems)_allowed_list" /proc/self/status'),
      );
      await builds(stage, words('--network none --cgroup-parent /walk'), shows('echo ran below it'));
      await builds(stage, words('--network none --security-opt seccomp=unconfined'), shows('echo ran'));
      await builds(stage, words('--network none --isolation hyperv'), shows('true'));
    }),
    differences: [{ why: 'Gantry says which line failed', gantry: [/^Dockerfile:2: RUN exit 3\n/m, ''] }],
  },
  {
    title: 'images: every flag',
    often: true,
    play: tidy(async (stage) => {
      await load(stage, 'one:1');
      await stage.quietly(['create', '--name', 'needs', ...NONE, 'busybox']); // nobody prunes its image
      // Of the same time, they are in no order.
      for (const flags of ['', '--all --quiet', '--digests --no-trunc', '--filter label=a=b'])
        await sorted(stage, `images ${flags}`.trim());
      await stage.all('images --filter nosuch=1');
      await stage.all(
        'image ls one',
        'image ls --format {{.Repository}}:{{.Tag}} one',
        'tag one:1 two:2',
        'image tag two:2 three:3',
        'image ls -q one:1 two:2',
      );
      await stage.all('history one:1', 'history --human=false one:1', 'history --no-trunc --quiet one:1');
      await stage.all('history --format {{.Size}}|{{.CreatedBy}} one:1');
      await stage.run([
        'image',
        'inspect',
        '--format',
        '{{.RepoTags}} {{.Size}} {{.Config.Labels}}',
        'one:1',
        'nosuch',
      ]);
      await stage.all('rmi --no-prune two:2', 'image rm --force three:3 nosuch', 'image prune --force');
      await stage.all('image prune --all --force --filter label!=a', 'image prune --force --filter until=1h');
      await stage.run(['image', 'prune', '-a'], { input: 'n\n' });
      await stage.all('images -q one', 'image prune --force --filter nosuch=1');
      await stage.all(
        'builder prune --force',
        'builder prune --all --force --filter until=24h --keep-storage 1g',
      );
    }),
  },
  {
    title: 'images as archives: every flag',
    play: tidy(async (stage) => {
      const at = (name: string): string => join(stage.directory(), name);
      await load(stage, 'one:1');
      await stage.all(`save --output ${at('one')} one:1`, 'rmi one:1', `load --input ${at('one')} --quiet`);
      await stage.all(`load -i ${at('one')}`, `load -i ${at('nosuch')}`, `save -o ${at('none')} nosuch`);
      await stage.run([
        ...words(`import --message said --platform linux/${ARCH} --change`),
        ...['CMD ["sh"]', busyboxRootfs(), 'imported:1'],
      ]);
      await stage.run([
        'image',
        'inspect',
        '-f',
        '{{.Comment}} {{.Architecture}} {{.Config.Cmd}}',
        'imported:1',
      ]);
      await stage.run(['import', '--platform', 'nosuch/x/y/z', busyboxRootfs()]);
      await stage.run(['import', '--change', 'RUN x', busyboxRootfs()]);
    }),
    differences: [{ why: 'the name that was looked for is told whole', gantry: [/nosuch:latest/, 'nosuch'] }],
  },
  {
    title: 'images: of one platform',
    alone: NEWER,
    play: tidy(async (stage) => {
      const here = `linux/${ARCH}`;
      const at = (name: string): string => join(stage.directory(), name);
      await load(stage, 'one:1');
      for (const argv of [
        ['image', 'ls', '--tree'],
        ['history', '--platform', here, 'one:1'],
        ['image', 'inspect', '--platform', here, '-f', '{{.Os}}/{{.Architecture}}', 'one:1'],
        ['save', '--platform', here, '-o', at('one'), 'one:1'],
        ['load', '--platform', here, '-i', at('one')],
      ]) {
        const { code, stdout, stderr } = await stage.run(argv);
        assert.equal(code, 0, `${argv}: ${stdout}${stderr}`);
      }
      for (const argv of [
        ['history', '--platform', 'linux/s390x', 'one:1'],
        ['image', 'inspect', '--platform', 'linux/s390x', 'one:1'],
        ['save', '--platform', 'linux/s390x', '-o', at('two'), 'one:1'],
        ['load', '--platform', 'linux/s390x', '-i', at('one')],
        ['image', 'rm', '--platform', 'linux/s390x', 'one:1'],
      ]) {
        const { code, stderr, stdout } = await stage.run(argv);
        assert.notEqual(code, 0, `${argv}: ${stdout}${stderr}`);
      }
    }),
  },
];
