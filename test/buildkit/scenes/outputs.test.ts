/** What becomes of a build's result: images, archives, files, and what is told about it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import { directory, file, link } from '../../harness/layered.ts';
import { build, fresh, place, seeArchive, seeFiles } from './building.ts';

/** Files of several kinds, modes and owners, in two layers; the second hides what was in the first. */
const tree = (stage: Stage, name: string): string =>
  place(stage, name, [
    file(
      'Dockerfile',
      `FROM busybox AS made
RUN mkdir -p /o/d/e && echo 1 > /o/one && echo 2 > /o/d/two && ln -s one /o/link && ln /o/one /o/hard && chown 7:8 /o/d/two && chmod 2750 /o/d && chmod 4755 /o/one
FROM scratch
COPY --from=made /o /
COPY more gone /m/
COPY --from=made /o/d/two /m/gone
`,
    ),
    file('more', 'more'),
    file('gone', 'gone'),
    directory('d'),
    link('l', 'more'),
  ]);

const files: Scene = {
  often: true,
  title: 'the files of a result into a directory of the client',
  play: fresh(async (stage) => {
    const at = tree(stage, 'output-files');
    const out = join(stage.directory(), 'out');
    await build(stage, ['-o', `type=local,dest=${out}`, at]);
    seeFiles(stage, out);
    writeFileSync(join(out, 'one'), 'changed by somebody');
    writeFileSync(join(out, 'mine'), 'stays');
    await build(stage, ['-o', out, at]);
    seeFiles(stage, out);
    await build(stage, ['--target=made', '--output', `type=local,dest=${out}/deep/er`, at], {});
    stage.see(`${existsSync(join(out, 'deep/er/bin/busybox'))}`);
    await build(stage, ['-o', 'type=local', at]);
  }),
};

const archives: Scene = {
  title: 'the files of a result as an archive, into a file and to standard output',
  play: fresh(async (stage) => {
    const at = tree(stage, 'output-tar');
    const out = join(stage.directory(), 'out.tar');
    await build(stage, ['-o', `type=tar,dest=${out}`, at]);
    seeArchive(stage, out);
    for (const flag of ['-', 'type=tar,dest=-', 'type=tar']) {
      const { code, stderr } = await stage.quietly([
        ...['buildx', 'build', '--progress=quiet', '--network=none', '-o', flag, at],
      ]);
      stage.see(`-o ${flag}: ${code} ${stderr}`);
    }
    await build(stage, ['-o', `type=tar,dest=${join(stage.directory(), 'no/such/directory.tar')}`, at]);
  }),
};

/** The names in an image's archive are digests, which differ from run to run; what is told of them is the same. */
function seeImageArchive(stage: Stage, path: string): void {
  const into = `${path}.d`;
  mkdirSync(into);
  execFileSync('tar', ['-xf', path, '-C', into]);
  const names = execFileSync('find', [into, '-type', 'f', '-printf', '%P\\n'], { encoding: 'utf8' });
  stage.see(
    names
      .replace(/[0-9a-f]{64}/g, '<digest>')
      .split('\n')
      .toSorted()
      .join('\n'),
  );
  for (const name of ['manifest.json', 'index.json', 'oci-layout'])
    if (existsSync(join(into, name)))
      stage.see(
        `${name} ${readFileSync(join(into, name), 'utf8')
          .replace(/[0-9a-f]{64}/g, '<digest>')
          .replace(/"size":\d+/g, '"size":n')}`,
      );
}

const imageArchives: Scene = {
  title: 'images as archives: docker’s and OCI’s form, loaded again',
  alone: 'dockerd does that with the store of containerd alone',
  play: fresh(async (stage) => {
    const at = tree(stage, 'output-docker');
    for (const type of ['docker', 'oci']) {
      const out = join(stage.directory(), `${type}.tar`);
      const { code } = await build(stage, ['-t', 'archived:1', '-o', `type=${type},dest=${out}`, at]);
      assert.equal(code, 0);
      seeImageArchive(stage, out);
      await stage.run(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', 'archived']);
      assert.match((await stage.run(['load', '-i', out])).stdout, /Loaded image: archived:1/);
    }
  }),
};

const several: Scene = {
  title: 'images under several names, without one, and not at all',
  play: fresh(async (stage) => {
    const at = tree(stage, 'output-image');
    await build(stage, ['-t', 'named/one', '-t', 'named/two:tag', at]);
    await build(stage, ['--output=type=image,name=named/three', at]);
    await build(stage, ['--output=type=docker,name=named/four', at]);
    await build(stage, ['--load', '-t', 'named/five', at]);
    await build(stage, ['--output=type=cacheonly', at]);
    await build(stage, ['-t', 'Bad Name', at]);
    await build(stage, ['--output=type=none', at]);
    const { stdout } = await stage.quietly([
      'image',
      'ls',
      '--format',
      '{{.Repository}}:{{.Tag}}',
      'named/*',
    ]);
    stage.see(stdout.split('\n').toSorted().join('\n'));
  }),
};

const told: Scene = {
  title: 'what a script reads: ids, the metadata file, quiet builds',
  play: fresh(async (stage) => {
    const at = tree(stage, 'output-told');
    const id = join(stage.directory(), 'id');
    const metadata = join(stage.directory(), 'metadata');
    await build(stage, ['-t', 'told', '--iidfile', id, '--metadata-file', metadata, at]);
    const { stdout } = await stage.quietly(['image', 'inspect', '-f', '{{.Id}}', 'told']);
    stage.see(`the same id: ${readFileSync(id, 'utf8') === stdout.trim()}`);
    stage.see(
      readFileSync(metadata, 'utf8')
        .replace(/sha256:[0-9a-f]{64}/g, '<digest>')
        .replace(/"default\/default\/\w+"/, '"<ref>"'),
    );
    await stage.run(['buildx', 'build', '-q', '--network=none', at]);
    await stage.run(['buildx', 'build', '--progress=quiet', '--network=none', '-t', 'told', at]);
    const out = join(stage.directory(), 'files');
    await build(stage, ['-o', out, '--metadata-file', metadata, at]);
    stage.see(readFileSync(metadata, 'utf8').replace(/"default\/default\/\w+"/, '"<ref>"'));
    await stage.run(['buildx', 'build', '-q', '--network=none', '-'], { input: 'FROM busybox\nRUN false\n' });
  }),
};

playScenes([files, archives, imageArchives, several, told], undefined, {
  release: 13,
  plugins: true,
  onDemand: true,
});
