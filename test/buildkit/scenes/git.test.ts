/** Builds of a git repository, by its address. */
import { type Difference, playScenes, type Scene } from '../../cli/scenes.ts';
import { build, buildx, fresh, place } from './building.ts';
import { BLANK, FETCHED, KEPT, LATE, LOOK, withRepository } from './repository.ts';

const ASKED_TWICE: Difference = {
  why: "BuildKit asks for the server's branch again before it fetches",
  dockerd: [
    /(?<=^ {2}<time> <commit>\trefs\/heads\/main\n) {2}<time> ref: \S+\tHEAD\n {2}<time> <commit>\tHEAD\n/gm,
    '',
  ],
};
const repository: Scene = {
  title: 'a repository: its head, a branch, a tag, a directory, as a context with a name, from ADD',
  differences: [FETCHED, ASKED_TWICE, KEPT],
  play: fresh((stage) =>
    withRepository(stage, async (address, commit) => {
      await build(stage, [address]);
      await build(stage, [address]);
      await build(stage, [`${address}#branch`]);
      await build(stage, [`${address}#v1:sub`]);
      await build(stage, [`${address}#${commit}:sub`]);
      await build(stage, ['--no-cache', `${address}#told`]);
      // No layer can hold all of its files.
      await build(stage, [`${address}#odd:sub`]);
      await build(stage, ['-f', 'sub/Dockerfile', `${address}`]);
      const at = place(stage, 'git-named', {
        Dockerfile: 'FROM busybox\nCOPY --from=repo text /\nRUN cat /text\n',
      });
      await build(stage, ['--build-context', `repo=${address}#branch`, at]);
      const base = place(stage, 'git-base', {
        Dockerfile:
          'FROM repo AS files\nFROM busybox\nRUN --mount=type=bind,from=files,target=/m cat /m/text\n',
      });
      await build(stage, ['--build-context', `repo=${address}#branch`, base]);
      const adds = place(stage, 'git-add', {
        Dockerfile: `FROM busybox\nADD ${address}#v1 /r\nRUN cat /r/text\n`,
      });
      await build(stage, [adds]);
    }),
  ),
};

const wrong: Scene = {
  title: 'a repository that is not there, has no such branch or directory, or is no thing to copy',
  differences: [FETCHED, ASKED_TWICE, BLANK],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      await build(stage, [`${address}#none`]);
      await build(stage, [`${address}#main:none`]);
      await build(stage, [`${address}#main:sub/none/deep`]);
      await build(stage, [`${address}#main:text`]);
      await build(stage, ['-f', 'none', address]);
      await build(stage, [`${address}/none`]);
      await build(stage, ['git://127.0.0.1:1/app#main']);
      const lines = [
        `ADD ${address}#none /r`,
        `COPY ${address} /r`,
        `ADD --checksum=sha256:${'0'.repeat(64)} ${address} /r`,
        `ADD --checksum=sha256:${'0'.repeat(64)} http://localhost/a http://localhost/b /r`,
      ];
      for (const [i, line] of lines.entries())
        await build(stage, [place(stage, `git-wrong-${i}`, { Dockerfile: `FROM busybox\n${line}\n` })]);
    }),
  ),
};

const kept: Scene = {
  title: "git's own directory stays where that is asked for, and in contexts with a name",
  differences: [FETCHED, KEPT],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      const keep = '--build-arg=BUILDKIT_CONTEXT_KEEP_GIT_DIR=1';
      await build(stage, ['-f', 'kept', `${address}#told`]);
      await build(stage, [keep, '-f', 'kept', `${address}#told`]);
      await build(stage, [keep, `${address}#main:sub`]);
      await build(stage, [keep, '-'], { input: 'FROM scratch\n' });
      const adds = place(stage, 'git-kept', {
        Dockerfile: `FROM busybox\nADD --keep-git-dir=true ${address}#branch /c\nRUN ${LOOK}\n`,
      });
      await build(stage, [adds]);
      const named = place(stage, 'git-kept-named', {
        Dockerfile: `FROM busybox\nCOPY --from=repo / /c\nRUN ${LOOK}\n`,
      });
      await build(stage, ['--build-context', `repo=${address}#branch`, named]);
    }),
  ),
};

const baked: Scene = {
  title: 'a file of targets in a repository, which is their context',
  differences: [FETCHED, LATE],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      const bake = ['buildx', 'bake', '--progress=plain'];
      await buildx(stage, [...bake, `${address}#branch`]);
      await buildx(stage, [...bake, `${address}#none`]);
    }),
  ),
};

const linked: Scene = {
  title: 'a directory of a repository that is a link',
  differences: [FETCHED],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      const names = ['in', 'again', 'whole', 'out', 'absolute', 'rooted', 'nowhere', 'circle', 'in/here'];
      for (const name of [...names, 'whole/sub', 'out/app/sub'])
        await build(stage, [`${address}#links:${name}`]);
    }),
  ),
};

const targets: Scene = {
  title: 'targets whose contexts are directories of the repository that tells of them',
  differences: [
    FETCHED,
    {
      why: 'where a copy is in the cache BuildKit does not look for what it was copied from',
      dockerd: [/^( {2}<time> <commit>\t\S+\n) {2}CACHED\n\1 {2}DONE\n/gm, '$1$1  CACHED\n'],
    },
  ],
  play: fresh((stage) =>
    withRepository(stage, async (address) => {
      const bake = ['buildx', 'bake', '--progress=plain', `${address}#bakes`];
      await buildx(stage, [...bake]);
      await buildx(stage, [...bake]);
      for (const target of ['named', 'several', 'none', 'file', 'link', 'away'])
        await buildx(stage, [...bake, target]);
    }),
  ),
};

playScenes([repository, wrong, kept, baked, linked, targets], undefined, {
  release: 13,
  plugins: true,
  onDemand: true,
});
