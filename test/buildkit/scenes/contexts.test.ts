/** Where a build reads from: directories, standard input, archives, git, and contexts with a name. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { playScenes, type Scene } from '../../cli/scenes.ts';
import { directory, file, link } from '../../harness/layered.ts';
import { build, fresh, packed, place, seeImage } from './building.ts';

const named: Scene = {
  often: true,
  title: 'contexts with a name: a directory, an image, in the place of a base and of a stage',
  differences: [
    {
      why: 'an image that is a context with a name is called by its whole name',
      gantry: [/(context base\] (?:load metadata for )?)docker\.io\/library\/busybox:latest$/gm, '$1busybox'],
    },
  ],
  play: fresh(async (stage) => {
    const at = place(stage, 'named-main', {
      Dockerfile: `FROM base AS stage
COPY --from=more one /more/
COPY --from=more sub /sub
RUN --mount=from=more,target=/m ls /m
FROM scratch AS other
COPY here /here
FROM stage
COPY --from=other / /other/
COPY here /
`,
      here: 'here',
    });
    const more = place(stage, 'named-more', {
      one: '1',
      two: '2',
      'sub/three': '3',
      '.dockerignore': 'two\n',
    });
    const base = ['--build-context', 'base=docker-image://busybox'];
    await build(stage, ['-t', 'named', ...base, '--build-context', `more=${more}`, at]);
    await seeImage(stage, 'named');
    await build(stage, [...base, '--build-context', `more=${more}`, '--build-context', `other=${more}`, at]);
    await build(stage, ['--build-context', `more=${join(more, 'gone')}`, at]);
    await build(stage, ['--build-context', `BAD NAME=${more}`, at]);
  }),
};

const stdin: Scene = {
  title: 'a Dockerfile from standard input, with a context and without; an archive from standard input',
  differences: [
    {
      why: 'Gantry reads the Dockerfile out of an archive as its own piece of work, and unpacks nothing before',
      gantry: [/\[internal\] load (remote build context|build definition from \S+)\n {2}DONE\n/g, ''],
      dockerd: [/(copy \/context \/|\[internal\] load remote build context)\n {2}\w+\n/g, ''],
    },
    {
      why: 'an empty standard input, in other words',
      gantry: [/( {2}ERROR: no local sources enabled\n)|no local sources enabled/g, ''],
      dockerd: [/failed to read dockerfile: no local sources enabled/g, ''],
    },
  ],
  play: fresh(async (stage) => {
    const at = place(stage, 'stdin', { Dockerfile: 'FROM scratch\n', given: 'given' });
    const dockerfile = 'FROM busybox\nCOPY given /\nRUN cat /given\n';
    await build(stage, ['-t', 'stdin', '-f', '-', at], { input: dockerfile });
    await build(stage, ['-'], { input: 'FROM busybox\nRUN ls /given 2>&1 || true\n' });
    await build(stage, ['-'], { input: dockerfile });
    const files = {
      Dockerfile: dockerfile,
      given: 'of an archive',
      'other/Dockerfile': 'FROM busybox\nRUN echo other\n',
    };
    await build(stage, ['-t', 'archive', '-'], { input: packed(files) });
    await build(stage, ['--no-cache', '-'], { input: gzipSync(packed(files)) });
    await build(stage, ['-f', 'other/Dockerfile', '-'], { input: packed(files) });
    await build(stage, ['-f', 'none', '-'], { input: packed(files) });
    await build(stage, ['-'], { input: '' });
    await build(stage, ['-f', '-', '-'], { input: dockerfile });
  }),
};

const ignored: Scene = {
  title: 'files that tell what is left out: of the context, of one Dockerfile, with exceptions',
  differences: [
    {
      why: 'what the client says when it breaks off, without the words of the connection',
      gantry: [/(?<=ERROR: (?:failed to solve: )?)(?=invalid excludepatterns)/g, ''],
      dockerd: [
        /(?: {2}transferring context: done\n(?= {2}ERROR: rpc))|rpc error: code = Unknown desc = /g,
        '',
      ],
    },
  ],
  play: fresh(async (stage) => {
    const at = place(stage, 'ignored', [
      file('Dockerfile', 'FROM scratch\nCOPY . /\n'),
      file('other.Dockerfile', 'FROM scratch\nCOPY . /\n'),
      file('other.Dockerfile.dockerignore', '*\n!keep\n'),
      file('.dockerignore', '**/*.log\n!important.log\nbuild\n!build/kept\n'),
      file('a.log', ''),
      file('important.log', ''),
      file('keep', 'k'),
      directory('build'),
      file('build/kept', ''),
      file('build/gone', ''),
      directory('deep'),
      file('deep/b.log', ''),
      file('deep/b.txt', ''),
      link('link', 'a.log'),
    ]);
    await build(stage, ['-t', 'ignored', at]);
    await seeImage(stage, 'ignored');
    await build(stage, ['-t', 'ignored:other', '-f', join(at, 'other.Dockerfile'), at]);
    await seeImage(stage, 'ignored:other');
    writeFileSync(join(at, '.dockerignore'), '[\n');
    await build(stage, [at]);
  }),
};

const elsewhere: Scene = {
  title: 'a Dockerfile outside of its context, and a context that changes between builds',
  play: fresh(async (stage) => {
    const at = place(stage, 'elsewhere', { a: 'first', b: 'stays', 'dir/c': 'c' });
    const files = place(stage, 'elsewhere-files', { mine: 'FROM scratch\nCOPY a /a\nCOPY dir /dir\n' });
    const argv = ['-t', 'elsewhere', '-f', join(files, 'mine'), at];
    await build(stage, argv);
    await build(stage, argv);
    writeFileSync(join(at, 'a'), 'changed!');
    await build(stage, argv);
    await seeImage(stage, 'elsewhere');
    execFileSync('rm', [join(at, 'dir/c')]);
    execFileSync('chmod', ['700', join(at, 'a')]);
    await build(stage, argv);
    await seeImage(stage, 'elsewhere');
    execFileSync('rm', ['-r', join(at, 'dir')]);
    await build(stage, argv);
    await build(stage, [join(at, 'gone')]);
    await build(stage, [join(at, 'b')]);
  }),
};

playScenes([named, stdin, ignored, elsewhere], undefined, { release: 13, plugins: true, onDemand: true });
