/** Images removed and pruned, and the disk that everything takes. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { removeContainers } from '../harness/dockerd.ts';
import { busyboxArchive } from '../harness/image.ts';
import { file, loadLayered } from '../harness/layered.ts';
import { playScenes, type Scene, type Stage } from './scenes.ts';

const NONE = ['--network', 'none'] as const;

/** An image of its own layer. */
const load = (stage: Stage, tag: string, labels: Readonly<Record<string, string>> = {}): Promise<void> =>
  loadLayered(stage.engine.api(), tag, [file(tag.replace(/\W/g, '-'), tag.repeat(1000))], { Labels: labels });

const create = (stage: Stage, name: string, image: string) =>
  stage.quietly(['create', '--name', name, ...NONE, image, 'true']);

/** All names, in order, as the API tells them: command lines differ in what they show of images without one. */
async function names(stage: Stage): Promise<void> {
  const list = (await stage.engine.api('1.41').get('/images/json?all=1')).json<{ RepoTags: string[] }[]>();
  stage.see(`left: ${list.map(({ RepoTags }) => RepoTags.join('+')).sort()}`);
}

/** Lines of a removal in the order of their kind, layers counted: their order is the engine's own. */
const removal = async (stage: Stage, ...argv: readonly string[]): Promise<void> => {
  const { stdout, stderr, code } = await stage.quietly(argv);
  const lines = stdout.split('\n').filter((line) => line !== '');
  const kinds = lines.filter((line) => !line.startsWith('Deleted:') && !line.startsWith('deleted:')).sort();
  const deleted = lines.length - kinds.length;
  stage.see(`$ docker ${argv.join(' ')}\n${kinds.join('\n')}\n(${deleted} deleted) ${stderr}[${code}]`);
};

/** Only busybox is there afterwards, whatever happened. */
const alone =
  (play: (stage: Stage) => Promise<void>) =>
  async (stage: Stage): Promise<void> => {
    try {
      await play(stage);
    } finally {
      await removeContainers(stage.engine);
      const api = stage.engine.api();
      for (const all of [0, 1]) {
        const list = (await api.get(`/images/json?all=${all}`)).json<{ Id: string }[]>();
        for (const { Id } of list) await api.delete(`/images/${Id}?force=1`);
      }
      const { text } = await api.post('/images/load', createReadStream(busyboxArchive().file));
      assert.match(text, /Loaded image: busybox:latest/);
    }
  };

/** Sizes are told otherwise: Gantry keeps what it pulled and loaded as it came, and says so. */
const sizes = (text: string): string =>
  text.replace(/\d+(\.\d+)?[kMG]?B( \(\d+%\))?/g, '<size>').replace(/ +/g, ' ');

const scenes: readonly Scene[] = [
  {
    title: 'rmi of names, ids, short ids and of what is not there',
    play: alone(async (stage) => {
      await load(stage, 'one:1');
      await stage.all('tag one:1 one:2', 'tag one:1 other/name:1');
      const id = (await stage.quietly(['inspect', '-f', '{{.Id}}', 'one:1'])).stdout.trim();
      await removal(stage, 'rmi', id);
      await removal(stage, 'rmi', id.slice(7, 19));
      await removal(stage, 'rmi', 'one');
      await removal(stage, 'rmi', 'one:2', 'one:3', 'one:1');
      await names(stage);
      await removal(stage, 'rmi', 'other/name:1');
      await names(stage);
      await removal(stage, 'rmi', id, 'sha256:', 'a//b', '-f', 'x:y:z');
      await load(stage, 'two:1');
      await stage.all('tag two:1 three:1');
      const two = (await stage.quietly(['inspect', '-f', '{{.Id}}', 'two:1'])).stdout.trim();
      await removal(stage, 'rmi', '-f', two.slice(7, 15));
      await names(stage);
    }),
  },
  {
    title: 'rmi of what containers were made from, running and not',
    play: alone(async (stage) => {
      await load(stage, 'used:1');
      await create(stage, 'made', 'used:1');
      await removal(stage, 'rmi', 'used:1');
      const id = (await stage.quietly(['inspect', '-f', '{{.Id}}', 'used:1'])).stdout.trim();
      await removal(stage, 'rmi', id);
      await stage.all('tag used:1 used:2');
      await removal(stage, 'rmi', 'used:2');
      await removal(stage, 'rmi', '-f', 'used:1');
      await names(stage);
      await removal(stage, 'rmi', id);
      await stage.run(['ps', '-a', '--format', '{{.Names}} {{.Image}}']);
      await removal(stage, 'rmi', '-f', id);
      await names(stage);
      await load(stage, 'runs:1');
      await stage.quietly(['run', '-d', '--name', 'up', ...NONE, 'runs:1', 'sleep', '999']);
      const up = (await stage.quietly(['inspect', '-f', '{{.Id}}', 'runs:1'])).stdout.trim();
      for (const argv of [['runs:1'], [up], ['-f', up], ['-f', 'runs:1']])
        await removal(stage, 'rmi', ...argv);
      await names(stage);
      await stage.all('rm -f up');
      await removal(stage, 'rmi', up);
    }),
  },
  {
    title: 'rmi of what others were built on, with and without their parents',
    play: alone(async (stage) => {
      await load(stage, 'base:1');
      for (const [from, to] of [
        ['base:1', 'middle'],
        ['middle', 'top:1'],
      ] as const) {
        await stage.quietly([
          'run',
          '--name',
          `at-${from[0]}`,
          ...NONE,
          from,
          'sh',
          '-c',
          `echo ${to} >/${to[0]}`,
        ]);
        await stage.quietly(['commit', `at-${from[0]}`, to]);
        await stage.quietly(['rm', `at-${from[0]}`]);
      }
      const middle = (await stage.quietly(['inspect', '-f', '{{.Id}}', 'middle'])).stdout.trim();
      await removal(stage, 'rmi', middle);
      await removal(stage, 'rmi', '-f', middle);
      await removal(stage, 'rmi', 'middle');
      await names(stage);
      await removal(stage, 'rmi', '--no-prune', 'top:1');
      await names(stage);
      await removal(stage, 'rmi', middle);
      await names(stage);
      await removal(stage, 'rmi', 'base:1');
    }),
  },
  {
    title: 'image prune takes what has no name; with -a, all that no container needs',
    play: alone(async (stage) => {
      await load(stage, 'old:1', { keep: 'yes' });
      await load(stage, 'old:1', { keep: 'no' });
      await load(stage, 'old:1');
      await load(stage, 'used:1');
      await create(stage, 'made', 'used:1');
      const prune = (...argv: readonly string[]) => pruneOf(stage, 'image', 'prune', '-f', ...argv);
      for (const filter of [
        'until=1h',
        'until=x-y',
        'until=soon',
        'nosuch=1',
        'label=keep=yes',
        'label!=keep',
      ])
        await prune('--filter', filter);
      await prune('--filter', 'until=1h', '--filter', 'until=2h');
      await names(stage);
      await prune();
      await names(stage);
      await prune('-a', '--filter', 'label=keep');
      await prune('-a', '--filter', 'until=2000-01-01');
      await names(stage);
      await prune('-a');
      await names(stage);
    }),
  },
  {
    title: 'system df counts things and what is in use, and lists them',
    play: alone(async (stage) => {
      await load(stage, 'used:1');
      await load(stage, 'idle:1');
      await stage.quietly(['volume', 'create', 'kept']);
      await stage.quietly(['run', '--name', 'up', '-d', ...NONE, '-v', 'data:/d', 'used:1', 'sleep', '999']);
      await create(stage, 'made', 'used:1');
      for (const argv of [
        ['system', 'df'],
        ['system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}'],
      ])
        stage.see(sizes((await stage.quietly(argv)).stdout));
      const { stdout } = await stage.quietly(['system', 'df', '-v']);
      stage.see(
        sizes(stdout)
          .split('\n')
          .map((line) => line.trim().replace(/\b[0-9a-f]{12}\b/, '<id>'))
          .sort()
          .join('\n'),
      );
    }),
  },
  {
    title: 'system prune removes containers, images and volumes that nobody needs',
    play: alone(async (stage) => {
      await load(stage, 'old:1', { keep: 'no' });
      await load(stage, 'old:1');
      await stage.quietly(['run', '--name', 'ended', ...NONE, 'old:1', 'true']);
      await stage.quietly(['run', '--name', 'up', '-d', ...NONE, 'busybox', 'sleep', '999']);
      await pruneOf(stage, 'system', 'prune', '-f');
      await names(stage);
      await pruneOf(stage, 'system', 'prune', '-f', '-a', '--filter', 'until=24h');
      await pruneOf(stage, 'system', 'prune', '-f', '-a');
      await names(stage);
      await stage.run(['ps', '-a', '--format', '{{.Names}}']);
    }),
  },
];

/** What a prune said: names in order, and how many layers and images went. */
async function pruneOf(stage: Stage, ...argv: readonly string[]): Promise<void> {
  const { stdout, stderr, code } = await stage.quietly(argv);
  const lines = stdout.split('\n').filter((line) => line !== '');
  const untagged = lines.filter((line) => line.startsWith('untagged:')).sort();
  const deleted = lines.filter((line) => line.startsWith('deleted:')).length;
  const rest = lines.filter((line) => !/^(un)?(tagged|deleted):|^deleted:|^untagged:/.test(line));
  stage.see(
    `$ docker ${argv.join(' ')}\n${[...untagged, `${deleted} deleted`, ...rest.map(sizes)].join('\n')}\n${stderr}[${code}]`,
  );
}

playScenes(scenes);
