/** What goes through stores of blobs on the client's side: caches in its directories, images in its layouts. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostArchitecture } from '../../../src/formats/oci.ts';
import { playScenes, type Scene, type Stage } from '../../cli/scenes.ts';
import type { Gantry } from '../../harness/gantry.ts';
import { file } from '../../harness/layered.ts';
import { layoutAt } from '../../harness/layout.ts';
import { build, buildx, fresh, place } from './building.ts';

const ok = async (stage: Stage, ...argv: string[]): Promise<string> => {
  const { code, stderr } = await build(stage, argv);
  assert.equal(code, 0, stderr);
  return stderr;
};

const told = async (stage: Stage, ...argv: string[]): Promise<string> =>
  (await stage.quietly(argv)).stdout.trimEnd();

const STAGES = `FROM busybox AS first
RUN echo one > /one
FROM busybox
COPY --from=first /one /
RUN echo two > /two
`;

const inDirectory: Scene = {
  often: true,
  title: 'steps for others, in a directory of the client',
  alone: 'dockerd does that with the store of containerd alone',
  play: fresh(async (stage) => {
    const at = place(stage, 'cache-local', { Dockerfile: STAGES });
    const forgotten = async (): Promise<void> => {
      await stage.quietly(['image', 'rm', '-f', 'cache-local']);
      await stage.quietly(['buildx', 'prune', '--all', '--force']);
    };
    const cached = (said: string): number => said.match(/^#\d+ CACHED$/gm)?.length ?? 0;
    const to = (name: string, more = ''): string => `--cache-to=type=local,dest=${join(at, name)}${more}`;
    const from = (name: string): string => `--cache-from=type=local,src=${join(at, name)}`;
    await ok(stage, to('all', ',mode=max'), '-t', 'cache-local', at);
    const first = readFileSync(join(at, 'all/index.json'), 'utf8');
    await ok(stage, to('all', ',mode=max'), at);
    assert.equal(readFileSync(join(at, 'all/index.json'), 'utf8'), first);
    assert.deepEqual(readdirSync(join(at, 'all/ingest')), []);
    await forgotten();
    assert.equal(cached(await ok(stage, from('all'), '-t', 'cache-local', at)), 3);
    // Of the target's own stage alone; as an image; in a directory that has a name in no ASCII.
    await ok(stage, to('dé pôt', ',image-manifest=true,oci-mediatypes=false,tag=t'), at);
    await forgotten();
    const tagged = await ok(stage, `${from('dé pôt')},tag=t`, '-t', 'cache-local', at);
    assert.equal(cached(tagged), 3);
    assert.equal(
      await told(stage, 'run', '--rm', '--network=none', 'cache-local', 'cat', '/one', '/two'),
      'one\ntwo',
    );
    await forgotten();
    const { stderr } = await build(stage, [from('none'), at]);
    assert.match(stderr, /local cache import at .* (?:not found|skipped)/);
  }),
};

const spoiled: Scene = {
  title: 'a cache in a directory whose blobs have changed is not believed',
  alone: 'dockerd does that with the store of containerd alone',
  play: fresh(async (stage) => {
    const at = place(stage, 'cache-spoiled', { Dockerfile: 'FROM busybox\nRUN echo one > /one\n' });
    const cache = join(at, 'cache');
    await ok(stage, `--cache-to=type=local,dest=${cache}`, '-t', 'cache-spoiled', at);
    await stage.quietly(['image', 'rm', '-f', 'cache-spoiled']);
    await stage.quietly(['buildx', 'prune', '--all', '--force']);
    const blobs = join(cache, 'blobs/sha256');
    const layers = readdirSync(blobs).filter((name) => readFileSync(join(blobs, name))[0] === 0x1f);
    for (const name of layers) {
      const bytes = readFileSync(join(blobs, name));
      bytes[bytes.length >> 1]! ^= 1;
      writeFileSync(join(blobs, name), bytes);
    }
    assert(layers.length > 0);
    const said = await ok(stage, `--cache-from=type=local,src=${cache}`, '-t', 'cache-spoiled', at);
    assert.match(said, /\[2\/2\] RUN echo one > \/one\n#\d+ DONE/);
    assert.equal(await told(stage, 'run', '--rm', '--network=none', 'cache-spoiled', 'cat', '/one'), 'one');
  }),
};

const elsewhere: Scene = {
  title:
    'kinds of caches that this engine does not have are refused, and are no reason to fail when they are read',
  alone: 'dockerd does that with the store of containerd alone',
  play: fresh(async (stage) => {
    const at = place(stage, 'cache-kinds', { Dockerfile: 'FROM busybox\nRUN echo kinds\n' });
    // Of the others buildx says nothing to an engine that it takes for one of the machine.
    const kind = 'type=azblob,account_url=https://a.invalid,secret_access_key=s';
    const { code, stderr } = await build(stage, [`--cache-to=${kind}`, at]);
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /ERROR: .*: a cache of type=azblob is not read or written by this engine: use type=/,
    );
    await stage.quietly(['buildx', 'prune', '--all', '--force']);
    assert.match(
      await ok(stage, `--cache-from=${kind}`, at),
      /importing cache manifest from azblob\n#\d+ ERROR: a cache of type=azblob/,
    );
  }),
};

const layout: Scene = {
  often: true,
  title: 'a layout of an image as a context with a name: as a base, to copy from, of this machine’s platform',
  alone: 'dockerd knows no layouts with a store of its own: unknown scheme oci-layout',
  play: fresh(async (stage) => {
    const at = place(stage, 'layout', {
      Dockerfile:
        'FROM base\nCOPY --from=more /of /of\nCOPY --from=busybox /bin/busybox /bin/\nRUN ["/bin/busybox", "cat", "/name", "/of"]\n',
    });
    const files = (name: string) => [file('name', `${name}\n`), file('of', `of ${name}\n`)];
    const base = layoutAt(join(at, '../base'), [
      { architecture: 's390x', members: files('another machine') },
      {
        architecture: hostArchitecture(),
        members: files('base'),
        config: { Env: ['FROM=layout'], User: '0' },
      },
    ]);
    const more = layoutAt(join(at, '../more'), [
      { architecture: hostArchitecture(), members: files('more') },
    ]);
    const context = (name: string, to: string): string[] => ['--build-context', `${name}=oci-layout://${to}`];
    const argv = [
      ...context('base', join(at, '../base')),
      ...context('more', `${join(at, '../more')}@${more.manifests[0]?.digest}`),
    ];
    const said = await ok(stage, ...argv, '-t', 'of-layout', at);
    assert.match(said, /\[context base\] OCI load from client/);
    assert.match(said, /base\n#?.*of more/s);
    const [{ Config }] = JSON.parse(await told(stage, 'image', 'inspect', 'of-layout'));
    assert(Config.Env.includes('FROM=layout'), String(Config.Env));
    assert.match(await ok(stage, ...argv, '-t', 'of-layout', at), /CACHED/);
    // What is only copied of is on no record, and nothing of it stays.
    const of = place(stage, 'of', { Dockerfile: 'FROM scratch\nCOPY --from=once /of /\n' });
    const once = layoutAt(join(of, 'once'), [{ architecture: hostArchitecture(), members: files('once') }]);
    await ok(stage, ...context('once', join(of, 'once')), of);
    const kept = readdirSync(join((stage.engine as Gantry).dataRoot, 'content/blobs/sha256'));
    assert.deepEqual(
      kept.filter((name) => once.blobs.has(`sha256:${name}`)),
      [],
    );
    const bakeFile = join(at, 'bake.json');
    const contexts = {
      base: `oci-layout://${join(at, '../base')}:latest`,
      more: `oci-layout://${join(at, '../more')}`,
    };
    writeFileSync(
      bakeFile,
      JSON.stringify({ target: { default: { context: at, contexts, tags: ['of-layout'] } } }),
    );
    const baked = await buildx(stage, ['buildx', 'bake', '--progress=plain', '-f', bakeFile]);
    assert.equal(baked.code, 0, baked.stderr);
    // A blob that is not what its name says.
    const layer = [...base.blobs.keys()].filter((digest) => base.blobs.get(digest)?.[0] === 0x1f);
    for (const digest of layer)
      writeFileSync(
        join(at, '../base/blobs/sha256', digest.slice('sha256:'.length)),
        Buffer.alloc(base.blobs.get(digest)!.length),
      );
    await stage.quietly(['image', 'rm', '-f', 'of-layout']);
    await stage.quietly(['image', 'prune', '-f']);
    await stage.quietly(['buildx', 'prune', '--all', '--force']);
    const { code, stderr } = await build(stage, [...argv, at]);
    assert.equal(code, 1);
    assert.match(stderr, /ERROR: .*content is sha256:\w+, not sha256:\w+ as was declared/);
  }),
};

playScenes([inDirectory, spoiled, elsewhere, layout], undefined, {
  release: 13,
  plugins: true,
  onDemand: true,
});
