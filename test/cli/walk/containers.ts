/** The commands of containers that exist, with every flag of theirs. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { majorOf, type Scene, type Stage } from '../scenes.ts';
import { tidy } from '../tidy.ts';
import { NEWER_WORDS, NONE, words } from './create.ts';

const LOOP =
  'trap "echo TERM; exit 5" TERM; trap "echo HUP" HUP; trap "echo USR1; exit 6" USR1; echo up; while :; do sleep 0.1; done';

/** Starts `name` and waits until it hears signals. */
async function runs(stage: Stage, name: string, flags: readonly string[] = [], script = LOOP): Promise<void> {
  await stage.quietly(['run', '-d', '--name', name, ...NONE, ...flags, 'busybox', 'sh', '-c', script]);
  await stage.until(['logs', name], /up/);
}

export const scenes: readonly Scene[] = [
  {
    title: 'attach, start, exec and their keys',
    often: true,
    async play(stage) {
      await runs(stage, 'one', ['-it']);
      const listens = stage.start(['attach', '--no-stdin', '--sig-proxy=false', 'one']);
      await stage.quietly(['kill', '--signal', 'HUP', 'one']);
      await listens.prints(/HUP/);
      listens.process.kill('SIGTERM');
      await new Promise((resolve) => setTimeout(resolve, 500));
      await stage.all('ps --format {{.Names}}');
      for (const argv of [
        ['attach', '--detach-keys', 'a,b', 'one'],
        ['exec', '-it', '--detach-keys', 'a,b', 'one', 'cat'],
      ]) {
        const shown = stage.terminal(argv);
        await new Promise((resolve) => setTimeout(resolve, 500));
        shown.type('ab');
        stage.see(`${argv[0]} left with ${await shown.ended}`);
      }
      await stage.quietly(['create', '-it', '--name', 'two', ...NONE, 'busybox', 'cat']);
      const started = stage.terminal(['start', '--attach', '--interactive', '--detach-keys', 'a,b', 'two']);
      await stage.until(['ps', '--format', '{{.Names}}'], /two/);
      await new Promise((resolve) => setTimeout(resolve, 500));
      started.type('ab');
      stage.see(`start left with ${await started.ended}`);
      await stage.run(['attach', '--detach-keys', 'nosuch', 'one']);
      await stage.run(['start', '--checkpoint', 'nosuch', '--checkpoint-dir', '/nosuch', 'two']);
    },
  },
  {
    title: 'exec: every flag',
    async play(stage) {
      writeFileSync(join(stage.directory(), 'env'), 'B=2\n');
      await runs(stage, 'one');
      const rights =
        'grep -E "^(CapEff|Seccomp:)" /proc/self/status | sed "s/[0-9a-f]\\{16\\}/<set>/"; id -u; pwd; echo $A$B';
      await stage.run([
        ...words(`exec --user nobody --workdir /tmp --env A=1 --env-file ${stage.directory()}/env one sh -c`),
        rights,
      ]);
      await stage.run(['exec', '--privileged', 'one', 'sh', '-c', 'grep Seccomp: /proc/self/status']);
      await stage.run(['exec', '--interactive', 'one', 'cat'], { input: 'typed' });
      await stage.run(['exec', '--tty', 'one', 'sh', '-c', 'tty; stty size']);
      await stage.run(['exec', '--detach', 'one', 'sh', '-c', 'echo done > /done']);
      await stage.until(['exec', 'one', 'cat', '/done'], /done/);
      await stage.all('exec --user nosuch one id');
      await stage.all('exec one nosuch', 'exec one /etc/passwd', 'exec one', 'exec --detach one nosuch');
    },
    differences: [
      {
        why: 'what a runtime says is its own: crun’s here, runc’s there',
        dockerd: [/unable to start container process: (exec: .*): unknown$/gm, '$1'],
      },
    ],
  },
  {
    title: 'commit, diff, export',
    often: true,
    play: tidy(async (stage) => {
      await runs(stage, 'one', [], `echo new > /new; rm /etc/group; ${LOOP}`);
      await stage.run(['diff', 'one']);
      await stage.run([
        ...words('commit --author me --message said --pause=false --change'),
        ...['ENV A=1', '--change', 'CMD ["pwd"]', 'one', 'made:1'],
      ]);
      await stage.run([
        'image',
        'inspect',
        '-f',
        '{{.Author}}|{{.Comment}}|{{.Config.Env}}|{{.Config.Cmd}}',
        'made:1',
      ]);
      await stage.run(['commit', '--change', 'RUN x', 'one']);
      if (majorOf(stage.cli) >= 29) await stage.all('commit --no-pause one'); // `--pause=false` before
      const file = join(stage.directory(), 'out.tar');
      await stage.run(['export', '--output', file, 'one']);
      stage.see(`${readFileSync(file).includes('new')}`);
      await stage.all('export --output /nosuch/x one', 'export nobody', 'diff nobody');
    }),
  },
  {
    title: 'cp: every flag',
    async play(stage) {
      const dir = stage.directory();
      mkdirSync(join(dir, 'tree'));
      writeFileSync(join(dir, 'tree/file'), 'content\n');
      symlinkSync('tree/file', join(dir, 'link'));
      await stage.quietly([
        'create',
        '--name',
        'one',
        ...NONE,
        '--user',
        '1:1',
        'busybox',
        'ls',
        '-ln',
        '/tmp/tree',
      ]);
      await stage.run(['cp', join(dir, 'tree'), 'one:/tmp']);
      await stage.run(['cp', '--follow-link', join(dir, 'link'), 'one:/tmp/followed']);
      await stage.run(['cp', join(dir, 'link'), 'one:/tmp/kept']);
      await stage.run(['cp', '--quiet', 'one:/tmp/followed', join(dir, 'back')]);
      stage.see(`${readFileSync(join(dir, 'back'))}`);
      await stage.run(['cp', '-q', '-L', 'one:/tmp/kept', join(dir, 'mtab')]);
      await stage.run(['cp', '-q', 'one:/tmp/kept', join(dir, 'link-back')]);
      await stage.run(['cp', '-q', 'one:/tmp/tree/.', join(dir, 'new')]);
      stage.see(readdirSync(dir).sort().join());
      await stage.run(['cp', '-a', 'one:/nosuch', dir]);
      await stage.run(['cp', '--archive', join(dir, 'tree'), 'one:/tmp']);
      await stage.run(['cp', join(dir, 'nosuch'), 'one:/tmp']);
      await stage.run(['cp', join(dir, 'back'), 'one:/nosuch/x']);
      await stage.all('cp one:/etc nobody:/etc', 'cp one:/etc one:/tmp', 'cp /etc/passwd nobody:/');
    },
    differences: [
      {
        why: 'dockerd asks the image’s getent for its users; Gantry reads their files',
        about: ['container cp --archive'],
        dockerd: [/! Error response from daemon: unable to find getent command: .*\n\[1\]/, '[0]'],
      },
    ],
  },
  {
    title: 'kill, stop, restart, wait',
    async play(stage) {
      await runs(stage, 'one');
      await stage.all('kill --signal HUP one', 'kill --signal nosuch one', 'kill --signal 99 one');
      await stage.until(['logs', 'one'], /HUP/);
      await stage.all(
        'stop --signal USR1 --timeout 9 one',
        'inspect -f {{.State.ExitCode}} one',
        'start one',
      );
      await stage.until(['logs', 'one'], /up\n.*up/s);
      await stage.all('restart --signal USR1 --timeout 9 one');
      await stage.until(['logs', 'one'], /up\n.*up\n.*up/s);
      await stage.all('restart -t 9 one');
      await stage.until(['logs', 'one'], /(up\n.*){4}/s);
      await stage.all('stop -t 9 one', 'wait one', 'logs one', 'stop --signal nosuch one');
      await stage.all('stop --timeout x one', 'restart --signal nosuch one', 'wait', 'kill one');
    },
  },
  {
    title: 'logs: every flag',
    async play(stage) {
      const script = 'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three';
      await stage.quietly([
        ...[
          'run',
          '--name',
          'said',
          ...NONE,
          '--env',
          'E=1',
          '--log-driver',
          'json-file',
          '--log-opt',
          'env=E',
        ],
        ...['busybox', 'sh', '-c', script],
      ]);
      await stage.all(
        'logs --details said',
        'logs --follow --tail 1 said',
        'logs --timestamps --tail=2 said',
      );
      await stage.all('logs --since 1h said', 'logs --until 1h said', 'logs --since 2999-01-01 said');
      await stage.all(
        'logs --since x said',
        'logs --until x said',
        'logs --tail x said',
        'logs --tail=-1 said',
      );
    },
  },
  {
    title: 'ps: every flag',
    often: true,
    async play(stage) {
      await runs(stage, 'one', ['--label', 'a=b']);
      await stage.quietly([
        'create',
        '--name',
        'two',
        ...NONE,
        'busybox',
        'echo',
        'a rather long command of many words',
      ]);
      await stage.all(
        'ps',
        'ps --all',
        'ps --latest',
        'ps --last 2',
        'ps -n 1 -q',
        'ps --quiet',
        'ps -aq --no-trunc',
      );
      await stage.all(
        'ps --no-trunc --all',
        'ps --filter label=a=b -q',
        'ps --filter nosuch=1',
        'ps --filter x',
      );
      await stage.run(['ps', '-a', '--size', '--format', 'table {{.Names}}\t{{.Size}}']);
      await stage.run([
        'ps',
        '-a',
        '--format',
        '{{.Names}} {{.Command}} {{.State}} {{.Mounts}} {{.Networks}} {{.Labels}} {{.Label "a"}}',
      ]);
      const { stdout } = await stage.quietly(['ps', '--format', 'json']);
      stage.see(Object.keys(JSON.parse(stdout)).join());
    },
  },
  {
    title: 'inspect of anything, with sizes and types',
    async play(stage) {
      await runs(stage, 'one');
      await stage.quietly(['volume', 'create', 'kept']);
      await stage.run(['inspect', '--size', '-f', '{{.SizeRw}} {{.SizeRootFs}}', 'one']);
      await stage.run(['container', 'inspect', '--size', '--format', '{{.Name}} {{.SizeRw}}', 'one']);
      await stage.run(['container', 'inspect', '--size', '--format', '{{.Name}}', 'one', 'nobody']);
      await stage.all('inspect --type image -f {{.Os}} busybox', 'inspect --type volume -f {{.Name}} kept');
      await stage.all(
        'inspect --type network -f {{.Name}} none',
        'inspect --type container -f {{.Name}} busybox',
      );
      await stage.all(
        'inspect --type nosuch x',
        'inspect nosuch',
        'inspect --type plugin x',
        'inspect -f {{.No}} one',
      );
      await stage.all('inspect --type node x', 'inspect --type secret x', 'inspect --type service x');
    },
  },
  {
    title: 'pause, unpause, port, rename, top, rm, prune',
    async play(stage) {
      await runs(stage, 'one', ['-v', '/nameless']);
      await stage.all('pause one', 'unpause one', 'port one', 'rename one two', 'top nobody');
      await stage.all('top two -o comm');
      const { stdout } = await stage.quietly(['top', 'two', '-o', 'pid,comm']);
      stage.see(stdout.split('\n', 2).join('\n').replace(/\d+ +/, '<pid> ')); // its shell; below it one sleep follows another
      await stage.all(
        'rm two',
        'rm --link two',
        'rm --force --volumes two',
        'volume ls -q',
        'rm --force nobody',
      );
      await stage.quietly(['create', '--name', 'three', '--label', 'a=b', ...NONE, 'busybox']);
      await stage.all(
        'container prune --force --filter label!=a',
        'container prune --force --filter until=24h',
      );
      await stage.run(['container', 'prune', '--filter', 'label=a=b'], { input: 'n\n' });
      await stage.run(['container', 'prune'], { input: 'y\n' });
      await stage.all('container prune -f --filter nosuch=1', 'ps -aq');
    },
    differences: [
      { why: NEWER_WORDS, dockerd: [/cannot remove container "\/two"/, 'cannot remove container "two"'] },
    ],
  },
  {
    title: 'stats: every flag',
    async play(stage) {
      await runs(stage, 'one', ['-m', '64m']);
      await stage.quietly(['create', '--name', 'two', ...NONE, 'busybox']);
      const numbers = (text: string): string => text.replace(/\d+(\.\d+)?(%|[KMG]?i?B)/g, '<n>');
      for (const flags of [
        '',
        '--all ',
        '--no-trunc ',
        '--format {{.Name}}|{{.MemPerc}}|{{.CPUPerc}}|{{.PIDs}} ',
      ]) {
        const argv = `stats --no-stream ${flags}`.trim().split(' ');
        const { stdout, stderr, code } = await stage.quietly(argv);
        stage.see(`$ ${argv.join(' ')}\n${numbers(stdout).replace(/ +/g, ' ')}${stderr}[${code}]`);
      }
      const stream = stage.start(['stats', '--format', '{{.Name}}', 'one']);
      await stream.prints(/one.*one/s);
      await stage.all('stats --no-stream nobody');
    },
  },
  {
    title: 'update: every flag',
    async play(stage) {
      await runs(stage, 'one', ['-m', '64m', '--memory-swap', '128m']);
      const shown =
        'CpuPeriod CpuQuota CpuShares CpusetCpus CpusetMems Memory MemoryReservation MemorySwap NanoCpus PidsLimit RestartPolicy';
      const each = shown.split(' ').map((name) => `{{json .HostConfig.${name}}}`);
      for (const flags of [
        ...['--cpu-period 50000 --cpu-quota 25000', '--cpu-shares 512', '--cpuset-cpus 0 --cpuset-mems 0'],
        ...[
          '--memory 96m --memory-swap 192m --memory-reservation 32m',
          '--pids-limit 60',
          '--restart on-failure:3',
        ],
        ...[
          '--cpus 0.5',

          '--cpu-rt-period 100000',
          '--cpu-rt-runtime 1000',
          '--memory 1m',
        ],
        ...['--restart sometimes', '--cpuset-cpus 9999', '--memory 512m', ''],
      ]) {
        await stage.run(`update ${flags} one`.split(/ +/));
        await stage.run(['inspect', '-f', each.join(' '), 'one']);
      }
      await runs(stage, 'two');
      await stage.all('update --cpus 0.5 two', 'inspect -f {{.HostConfig.NanoCpus}} two');
    },
    differences: [
      {
        why: 'dockerd does not hand it on; Gantry does, and tells what the kernel says',
        about: ['container update --cpu-rt-runtime'],
        gantry: [
          /! Error response from daemon: Cannot update container <\d+>: writing file .*\n\[1\]/,
          'one\n[0]',
        ],
      },
      { why: NEWER_WORDS, gantry: [/value of '9999' is out of range/, 'value of out range'] },
    ],
  },
];
