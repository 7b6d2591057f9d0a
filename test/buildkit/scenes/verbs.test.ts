/** What `docker buildx` says of the engine's own builder, and what it keeps. */
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { build, fresh, place } from './building.ts';

/** How an engine divides what it keeps is its own: kinds of rows and of members are told, each once. */
async function seeKept(stage: Stage, ...argv: string[]): Promise<void> {
  const { stdout, stderr, code } = await stage.quietly(argv);
  const settled = stdout
    .replace(/^[a-z0-9]{25,}\*?\s.*$/gm, '<row>')
    .replace(/^(?!Type)(\w[\w ]+):\s.*$/gm, '$1: <value>')
    .replace(/^(Build Cache) \d+/gm, '$1 <n>')
    .replace(/[ \t]+/g, ' ');
  const lines = [...new Set(settled.split('\n'))].toSorted();
  stage.see(`$ docker ${argv.join(' ')}\n${lines.join('\n')}${stderr}[${code}]`);
}

const kept: Scene = {
  title: 'what the builder keeps: listed, filtered, removed',
  play: fresh(async (stage) => {
    const at = place(stage, 'verbs-kept', {
      Dockerfile:
        'FROM busybox\nRUN --mount=type=cache,target=/c echo kept > /c/x\nRUN echo a > /a\nCOPY f /f\n',
      f: 'f',
    });
    await build(stage, ['-t', 'kept', at]);
    await seeKept(stage, 'buildx', 'du');
    await seeKept(stage, 'buildx', 'du', '--verbose');
    await seeKept(stage, 'buildx', 'du', '--filter', 'type=exec.cachemount');
    await seeKept(stage, 'system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}');
    await seeKept(stage, 'buildx', 'prune', '--force', '--filter', 'type=exec.cachemount');
    await build(stage, [at]);
    await seeKept(stage, 'buildx', 'prune', '--force', '--filter', 'until=24h');
    await stage.quietly(['image', 'rm', 'kept']);
    await stage.quietly(['image', 'prune', '-f']);
    await seeKept(stage, 'buildx', 'prune', '--force');
    stage.see(`${(await stage.quietly(['buildx', 'prune', '--force', '--all'])).code}`);
    await seeKept(stage, 'buildx', 'du');
    await seeKept(stage, 'builder', 'prune', '-f');
    await seeKept(stage, 'buildx', 'prune', '--force', '--filter', 'nonsense=1');
  }),
};

const builders: Scene = {
  title: 'the builders there are',
  differences: [
    {
      why: 'Gantry names the version whose ways it has, its own platform, and what its worker can do',
      gantry: [/v0\.13\.2|^ org\.mobyproject\.buildkit\.worker\..*\n|linux\/amd64\b|linux\/arm64\b/gm, ''],
      dockerd: [
        /v0\.0\.0\+unknown|^ org\.mobyproject\.buildkit\.worker\..*\n|linux\/\w+(\/\w+)?, |linux\/386\b|linux\/arm\/v7\b/gm,
        '',
      ],
    },
  ],
  play: fresh(async (stage) => {
    await stage.run(['buildx', 'ls']);
    await stage.run(['buildx', 'inspect']);
    await stage.run(['buildx', 'inspect', '--bootstrap', 'default']);
    await stage.run(['buildx', 'inspect', 'none']);
    await stage.run(['buildx', 'version']);
    await stage.run(['buildx', 'use', 'default']);
    await stage.run(['buildx', 'rm', 'default']);
    await stage.run(['buildx', 'stop', 'default']);
  }),
};

playScenes([kept, builders], undefined, { release: 13, plugins: true, onDemand: true });
