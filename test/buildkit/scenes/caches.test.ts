/** What is not done twice: steps, mounts that keep their files, and steps of elsewhere. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { startRegistry } from '../../harness/registry.ts';
import { build, fresh, place } from './building.ts';

const mounts: Scene = {
  title: 'mounts that keep their files from build to build: shared, private, of another stage, by id',
  play: fresh(async (stage) => {
    const at = place(stage, 'cache-mounts', {
      Dockerfile: `FROM busybox AS seed
RUN mkdir /seed && echo seed > /seed/s
FROM busybox
ARG run
RUN --mount=type=cache,target=/c echo $run >> /c/log; cat /c/log; stat -c '%a %u %g' /c
RUN --mount=type=cache,target=/other,id=/c cat /other/log
RUN --mount=type=cache,target=/o,uid=3,gid=4,mode=0700 stat -c '%a %u %g' /o
RUN --mount=type=cache,target=/s,from=seed,source=seed echo $run >> /s/s; cat /s/s
RUN --mount=type=cache,target=/p,sharing=private,id=p echo $run >> /p/log; cat /p/log
RUN --mount=type=cache,target=/l,sharing=locked,id=l echo $run >> /l/log; cat /l/log
RUN --mount=type=cache,target=/r,ro,id=l cat /r/log; touch /r/x 2>&1 || true
RUN ls -d /c /s 2>&1
`,
    });
    await build(stage, ['--build-arg', 'run=1', at]);
    await build(stage, ['--build-arg', 'run=2', at]);
    await build(stage, ['--no-cache', '--build-arg', 'run=2', at]);
  }),
};

const filtered: Scene = {
  often: true,
  title: 'stages that are done again, or all of them',
  play: fresh(async (stage) => {
    const at = place(stage, 'cache-filter', {
      Dockerfile: `FROM busybox AS one
RUN echo 1 > /one
FROM busybox AS two
RUN echo 2 > /two
FROM busybox AS three
COPY --from=one /one /
COPY --from=two /two /
RUN cat /one /two
`,
    });
    for (const flags of [
      [],
      [],
      ['--no-cache-filter=two'],
      ['--no-cache-filter=one,three'],
      ['--no-cache-filter=none'],
      ['--no-cache'],
    ])
      await build(stage, [...flags, at]);
    await build(stage, ['--no-cache', '--no-cache-filter=one', at]);
  }),
};

const kept: Scene = {
  title: 'what makes a step another one: arguments, files, times, modes',
  play: fresh(async (stage) => {
    const at = place(stage, 'cache-keys', {
      Dockerfile: `FROM busybox
ARG used
ARG unused
COPY f /f
COPY dir /dir
RUN echo $used
`,
      f: 'f',
      'dir/a': 'a',
      other: 'o',
    });
    const twice = async (...flags: string[]) => build(stage, [...flags, at]);
    await twice();
    await twice('--build-arg=unused=1');
    await twice('--build-arg=used=1');
    writeFileSync(join(at, 'other'), 'not copied');
    await twice();
    writeFileSync(join(at, 'dir/b'), '');
    await twice();
    writeFileSync(join(at, 'f'), 'g');
    await twice('--label=l=1');
  }),
};

/** Runs with a registry on a port that transcripts call REGISTRY. */
const withRegistry = (play: (stage: Stage, host: string) => Promise<void>) => async (stage: Stage) => {
  const ends: (() => Promise<void> | void)[] = [];
  try {
    const { host } = await startRegistry({ after: (end) => void ends.push(end) });
    const hidden = stage.see.bind(stage);
    stage.see = (text) => hidden(text.replaceAll(host, 'REGISTRY'));
    await play(stage, host);
  } finally {
    for (const end of ends.reverse()) await end();
  }
};

const elsewhere: Scene = {
  title: 'steps that were done elsewhere, told in an image',
  differences: [
    {
      why: 'each engine says in its own words that a registry lacks something',
      gantry: [/ERROR: manifest for REGISTRY\/none:1 not found: .*/, 'ERROR: missing'],
      dockerd: [
        /ERROR: failed to configure registry cache importer: REGISTRY\/none:1: not found/,
        'ERROR: missing',
      ],
    },
  ],
  play: withRegistry((stage, host) =>
    fresh(async () => {
      const at = place(stage, 'cache-elsewhere', {
        Dockerfile: 'FROM busybox\nRUN echo one > /one\nRUN echo two > /two\nLABEL x=y\n',
      });
      const name = `${host}/cached:1`;
      const forgotten = async (): Promise<void> => {
        await stage.quietly(['image', 'rm', '-f', name]);
        await stage.quietly(['buildx', 'prune', '--all', '--force']);
      };
      await build(stage, ['--cache-to=type=inline', '-t', name, '--push', at]);
      await forgotten();
      await build(stage, [`--cache-from=${name}`, '-t', name, at]);
      await forgotten();
      await build(stage, [`--cache-from=type=registry,ref=${host}/none:1`, at]);
    })(stage),
  ),
};

const exported: Scene = {
  title: 'steps for others, in a registry',
  alone: 'dockerd does that with the store of containerd alone',
  play: withRegistry((stage, host) =>
    fresh(async () => {
      const at = place(stage, 'cache-exported', { Dockerfile: 'FROM busybox\nRUN echo one > /one\n' });
      const ok = async (...flags: string[]): Promise<string> => {
        const ran = await build(stage, [...flags, at]);
        assert.equal(ran.code, 0, ran.stderr);
        return ran.stderr;
      };
      await ok(`--cache-to=type=registry,ref=${host}/steps:1,mode=max`);
      await stage.quietly(['buildx', 'prune', '--all', '--force']);
      assert.match(
        await ok(`--cache-from=type=registry,ref=${host}/steps:1`),
        /RUN echo one > \/one\n#\d+ CACHED/,
      );
    })(stage),
  ),
};

playScenes([mounts, filtered, kept, elsewhere, exported], undefined, {
  release: 13,
  plugins: true,
  onDemand: true,
});
