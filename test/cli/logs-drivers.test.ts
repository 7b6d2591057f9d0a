/** Log drivers beside dockerd: json-file's file byte for byte, details, tags, and what is refused. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;
const options = (...pairs: readonly string[]) => pairs.flatMap((pair) => ['--log-opt', pair]);
const driver = (name: string, ...pairs: readonly string[]) => ['--log-driver', name, ...options(...pairs)];

async function wrote(stage: Stage, name: string, script: string, ...more: readonly string[]): Promise<void> {
  const { code, stderr } = await stage.quietly([
    ...['run', '-d', '--name', name, ...NONE, ...more],
    ...['busybox', 'sh', '-c', script],
  ]);
  assert.equal(code, 0, stderr);
  await stage.quietly(['wait', name]);
}

/** The file at LogPath, without its times. Streams one after the other: their order is nobody's promise. */
async function seeFile(stage: Stage, name: string): Promise<void> {
  const { stdout } = await stage.quietly(['inspect', '-f', '{{.LogPath}}', name]);
  const lines = readFileSync(stdout.trim(), 'utf8').split('\n');
  assert.equal(lines.pop(), '');
  const timeless = lines.map((line) =>
    line.replace(/"time":"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"/, '"time":TIME'),
  );
  for (const stream of ['stdout', 'stderr'])
    for (const line of timeless.filter((each) => each.includes(`"stream":"${stream}"`)))
      stage.see(shortened(line));
}
const shortened = (line: string): string =>
  line.replace(/(x+)/g, (run) => (run.length > 100 ? `${run.length}x` : run));

const scenes: readonly Scene[] = [
  {
    title: 'json-file has the same bytes for every kind of line',
    async play(stage) {
      const script = [
        'echo plain; echo; echo to stderr >&2',
        'printf "quotes \\" and \\\\ and <tags> & more\\n"',
        'printf "tab\\there, return\\r, escape\\033[1m, bell\\007, delete\\177\\n"',
        'printf "letters äß漢🙂 and bytes \\377\\376\\300\\200 end\\n"',
        'printf "line separator \\342\\200\\250 here\\n"',
        'printf "no newline"',
      ].join('; ');
      await wrote(stage, 'kinds', script, ...driver('json-file'));
      await seeFile(stage, 'kinds');
    },
  },
  {
    title: 'json-file has long lines in the same pieces',
    async play(stage) {
      for (const length of [16_383, 16_384, 16_385, 40_000]) {
        await wrote(
          stage,
          `long${length}`,
          `head -c ${length} /dev/zero | tr "\\0" x; echo; echo next`,
          ...driver('json-file'),
        );
        await seeFile(stage, `long${length}`);
      }
    },
  },
  {
    title: 'labels, environment and tags stand in the file and in logs --details',
    async play(stage) {
      const attributes = driver(
        'json-file',
        'labels=stage,absent',
        'env=APP',
        'labels-regex=^team',
        'env-regex=_ID$',
      );
      const values = [
        '--label',
        'stage=p&<r> od',
        '--label',
        'team.name=é',
        '-e',
        'APP=a b',
        '-e',
        'RUN_ID=7',
      ];
      await wrote(stage, 'marked', 'echo said; echo again', ...attributes, ...values);
      await seeFile(stage, 'marked');
      await stage.all('logs --details marked', 'logs --details --tail 1 marked');
      for (const [name, tag] of [
        ['plaintag', '{{.Name}}/{{.ImageName}}/{{.DaemonName}}'],
        ['functions', '{{upper .Name}} {{.Command}} {{json .Name}} {{truncate .ImageFullID 6}}'],
        ['nested', '{{index .ContainerLabels "a.b"}}:{{.ContainerArgs}}'],
      ] as const) {
        await wrote(stage, name, 'true; echo x', ...driver('json-file', `tag=${tag}`), '--label', 'a.b=c');
        await seeFile(stage, name);
      }
      await wrote(stage, 'ids', 'echo x', ...driver('json-file', 'tag={{.ID}} {{.FullID}}'));
      const { stdout } = await stage.quietly(['logs', '--details', 'ids']);
      assert.match(stdout, /^tag=([0-9a-f]{12})\+\1[0-9a-f]{52} x\n$/);
    },
  },
  {
    title: 'logs --details without attributes has a blank before each line',
    async play(stage) {
      await wrote(stage, 'bare', 'echo one; echo two', ...driver('json-file'));
      await wrote(stage, 'local', 'echo one', ...driver('local'));
      await stage.all('logs --details bare', 'logs --details --tail 1 bare', 'logs --details local');
    },
  },
  {
    title: 'the path of the log is told for json-file alone',
    async play(stage) {
      for (const name of ['json-file', 'local', 'none']) {
        await wrote(stage, name, 'true', ...driver(name));
        const { stdout } = await stage.quietly(['inspect', '-f', '{{.LogPath}}', name]);
        stage.see(`${name}: ${stdout.trim().replace(/^.*\/containers\//, '…/')}`);
      }
      await stage.quietly(['create', '--name', 'unstarted', ...driver('json-file'), 'busybox', 'true']);
      await stage.all('inspect -f {{.LogPath}} unstarted');
    },
  },
  {
    title: 'a rotated log is read from its oldest line that is kept',
    async play(stage) {
      const files = driver(
        'json-file',
        'max-size=10m',
        'max-file=2',
        'compress=true',
        'mode=non-blocking',
        'max-buffer-size=20m',
      );
      await wrote(stage, 'rotated', 'seq 1 20000', ...files);
      await stage.all(
        'logs --tail 3 rotated',
        'inspect -f {{json_.HostConfig.LogConfig}} rotated'.replace('_', ' '),
      );
      const { stdout } = await stage.quietly(['logs', 'rotated']);
      assert.equal(stdout.split('\n').length, 20_001);
    },
  },
  {
    title: 'logs reads what went to syslog from a copy, unless there is none',
    async play(stage) {
      const address = 'syslog-address=udp://127.0.0.1:9';
      await wrote(stage, 'sent', 'echo said; echo again', ...driver('syslog', address));
      await stage.all('logs sent', 'logs --tail 1 sent', 'logs --details sent');
      await wrote(stage, 'uncached', 'echo said', ...driver('syslog', address, 'cache-disabled=true'));
      await stage.all('logs uncached');
    },
  },
  {
    title: 'a driver that is not there is told of',
    alone: 'dockerd looks for one for fifteen seconds',
    async play(stage) {
      const { code, stderr } = await stage.run(['create', ...NONE, ...driver('nothing'), 'busybox', 'true']);
      assert.equal(code, 1);
      assert.match(stderr, /error looking up logging plugin nothing: plugin "nothing" not found/);
    },
  },
  {
    title: 'options that are unknown or mean nothing are refused',
    async play(stage) {
      for (const words of [
        driver('json-file', 'max-sise=1m'),
        driver('local', 'tag=x'),
        driver('local', 'labels=x'),
        driver('syslog', 'max-size=1m'),
        driver('journald', 'max-size=1m'),
        driver('json-file', 'mode=lazy'),
        driver('json-file', 'max-buffer-size=1m'),
        driver('json-file', 'mode=non-blocking', 'max-buffer-size=x'),
        driver('syslog', 'syslog-facility=x'),
        driver('syslog', 'syslog-format=x'),
        driver('syslog', 'syslog-address=unix:///nowhere/socket'),
        driver('syslog', 'cache-disabled=x'),
      ])
        await stage.run(['run', '--rm', ...NONE, ...words, 'busybox', 'true']);
    },
  },
  {
    // dockerd finds these when it starts the container, Gantry when it makes it: only the words are compared.
    title: 'values that mean nothing are refused in the same words',
    async play(stage) {
      for (const words of [
        driver('journald'),
        driver('json-file', 'max-size=big'),
        driver('json-file', 'max-size=0'),
        driver('json-file', 'max-file=0'),
        driver('json-file', 'max-file=x'),
        driver('json-file', 'compress=true'),
        driver('json-file', 'compress=maybe'),
        driver('json-file', 'tag={{.Nothing}}'),
        driver('json-file', 'tag={{nothing}}'),
        driver('local', 'max-size=big'),
        driver('local', 'max-file=1'),
        driver('local', 'max-file=x'),
      ]) {
        const { code, stderr } = await stage.quietly(['run', '--rm', ...NONE, ...words, 'busybox', 'true']);
        stage.see(`${words.join(' ')}: ${code} ${stderr.split('\n')[0]}`);
      }
    },
  },
];

playScenes(scenes);
