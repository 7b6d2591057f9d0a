/** What a user sees of registries: pull, push, login and search, beside dockerd. Each engine has a registry of its own. */

import { gzipSync } from 'node:zlib';
import { FakeRegistry, refuse } from '../harness/fake-registry.ts';
import { file, tarOf } from '../harness/layered.ts';
import { type Difference, playScenes, type Scene, type Stage } from './scenes.ts';
import { tidy } from './tidy.ts';

const layer = (name: string): Buffer => tarOf([file(name, `${name} `.repeat(3000))]);
const travel = (plain: Buffer): Buffer => gzipSync(plain);

/** Runs a line on the scene's registry, whose address is told as `REGISTRY`. */
type Line = (line: string, options?: { readonly input?: string; readonly sorted?: boolean }) => Promise<void>;

/** Progress of several layers comes in any order, and how much of it is seen is a matter of time. */
const PROGRESS = /^([0-9a-f]{12}|<\d+>): (.*)$/;
const PASSING =
  /^(Pulling fs layer|Waiting|Verifying Checksum|Download complete|Downloading|Extracting|Preparing|Pushing)/;

function settled(text: string): string {
  const lines = text.split('\n');
  const [first] = lines.keys().filter((at) => PROGRESS.test(lines[at] ?? ''));
  const rest = lines.filter((line) => !PROGRESS.test(line));
  const told = lines.filter((line) => !PASSING.test(PROGRESS.exec(line)?.[2] ?? 'Waiting')).sort();
  return rest.toSpliced(first ?? rest.length, 0, ...told).join('\n');
}

/** A scene with a registry that has two images, `app` (v1 and v2 of two layers) and `deep/app` (v1 of one of them). */
const scene = (
  title: string,
  play: (line: Line, stage: Stage, registry: FakeRegistry) => Promise<void>,
  differences: readonly Difference[] = [],
): Scene => ({
  title,
  differences,
  play: tidy(async (stage) => {
    await using registry = await FakeRegistry.start({ after: () => undefined });
    for (const [name, tag, layers] of [
      ['app', 'v1', ['ground', 'one']],
      ['app', 'v2', ['ground', 'two']],
      ['deep/app', 'v1', ['ground']],
    ] as const)
      registry.putImage(name, tag, { layers: layers.map(layer), travel });
    const line: Line = async (words, { input, sorted } = {}) => {
      const argv = words.replaceAll('REGISTRY', registry.host).split(' ');
      const { stdout, stderr, code } = await stage.quietly(argv, input === undefined ? {} : { input });
      const told = sorted ? stdout.split('\n').sort().join('\n') : settled(stdout);
      const seen = `$ docker ${words}\n${told}${stderr.replace(/^(?=.)/gm, '! ')}[${code}]`;
      stage.see(seen.replaceAll(registry.host, 'REGISTRY'));
    };
    await play(line, stage, registry);
  }),
});

const scenes: readonly Scene[] = [
  scene('pull: by tag, again, by digest, quietly, all tags', async (line, _stage, registry) => {
    await line('pull REGISTRY/app:v1');
    await line('pull REGISTRY/app:v1');
    await line('pull -q REGISTRY/deep/app:v1');
    await line('pull REGISTRY/app:v2');
    await line('images --digests --format {{.Repository}}|{{.Tag}}|{{.Digest}}|{{.Size}} REGISTRY/app', {
      sorted: true,
    });
    await line('rmi REGISTRY/app:v1 REGISTRY/app:v2');
    const { digest } = registry.putImage('app', 'v3', {
      layers: [layer('ground'), layer('three')],
      travel,
    });
    await line(`pull REGISTRY/app@${digest}`);
    await line('inspect -f {{.RepoTags}}|{{.RepoDigests}}|{{.RootFS.Layers}} REGISTRY/app@' + digest);
    await line('pull -a REGISTRY/app');
    await line('images --format {{.Repository}}|{{.Tag}} REGISTRY/app', { sorted: true });
  }),
  scene(
    'pull: what is not there, not allowed, or no name',
    async (line, _stage, registry) => {
      await line('pull REGISTRY/app:nosuch');
      await line('pull REGISTRY/nosuch:v1');
      await line(`pull REGISTRY/app@sha256:${'0'.repeat(64)}`);
      await line('pull REGISTRY/App:v1');
      await line('pull REGISTRY/app:-x');
      await line('pull -a REGISTRY/app:v1');
      registry.answering = (request, response) => {
        // Of the answer to a HEAD, which comes first there, dockerd makes a text of its own.
        if (request.url === '/v2/' || request.method === 'HEAD') return false;
        refuse(response, 403, 'DENIED', 'requested access to the resource is denied');
        return true;
      };
      await line('pull REGISTRY/app:v1');
    },
    [
      {
        why: 'dockerd keeps nothing but the code of this answer; ours is its text for refused repositories',
        gantry: [/pull access denied for REGISTRY.app, .*: denied: .*$/m, 'denied'],
      },
    ],
  ),
  scene('push: new, again, of a tag that is not there, all tags', async (line) => {
    await line('pull REGISTRY/app:v1');
    await line('tag REGISTRY/app:v1 REGISTRY/copy:a');
    await line('push REGISTRY/copy:a');
    await line('push REGISTRY/copy:a');
    await line('push REGISTRY/copy:nosuch');
    await line('push REGISTRY/nosuch');
    await line('tag REGISTRY/app:v1 REGISTRY/copy:b');
    await line('push -q REGISTRY/copy:b');
    await line('push -a REGISTRY/copy');
    await line('rmi REGISTRY/app:v1 REGISTRY/copy:a REGISTRY/copy:b');
    await line('pull REGISTRY/copy:b');
  }),
  scene(
    'login: wrong, right, and what it opens',
    async (line, _stage, registry) => {
      const right = `Basic ${Buffer.from('me:secret').toString('base64')}`;
      registry.answering = ({ headers }, response) => {
        if (headers.authorization === right) return false;
        response.writeHead(401, {
          'www-authenticate': 'Basic realm="here"',
          'content-type': 'application/json',
        });
        response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
        return true;
      };
      await line('pull REGISTRY/app:v1');
      await line('login -u me --password-stdin REGISTRY', { input: 'wrong' });
      await line('tag busybox REGISTRY/mine:1');
      await line('push REGISTRY/mine:1');
      await line('rmi REGISTRY/mine:1');
    },
    [
      {
        why: 'dockerd asks for the head of a manifest first; we ask for the manifest, once',
        gantry: [/: Get ("[^"]*": no basic auth)/, ': Head $1'],
      },
    ],
  ),
  scene(
    'search: hits, stars and how many',
    async (line, _stage, registry) => {
      const results = ['one', 'two', 'three'].map((name, index) => ({
        name: `lib/${name}`,
        description: `${name} of\nthree`.repeat(1 + index * 5),
        star_count: index * 10,
        is_official: index === 1,
        is_automated: index === 2,
      }));
      registry.answering = ({ url = '' }, response) => {
        if (!url.startsWith('/v1/')) return false;
        const n = Number(new URL(url, 'http://x').searchParams.get('n') ?? 25);
        const body = { num_results: results.length, query: 'app', results: results.slice(0, n) };
        response.writeHead(200, {
          'content-type': 'application/json',
          'x-docker-registry-standalone': 'true',
        });
        response.end(JSON.stringify(url.startsWith('/v1/_ping') ? { standalone: true } : body));
        return true;
      };
      await line('search REGISTRY/app');
      await line('search --no-trunc --limit 2 REGISTRY/app');
      await line('search --filter stars=10 REGISTRY/app');
      await line('search --filter is-official=true REGISTRY/app');
      await line('search --filter is-official=perhaps REGISTRY/app');
      await line('search --filter nosuch=1 REGISTRY/app');
      await line('search --limit 101 REGISTRY/app');
    },
    [
      {
        why: 'newer engines begin this text in lower case',
        gantry: [/: limit 101 is/, ': Limit 101 is'],
      },
    ],
  ),
  scene('images by filters and formats', async (line, stage) => {
    await line('pull -q REGISTRY/deep/app:v1');
    await line('pull -q REGISTRY/app:v1');
    await line('tag REGISTRY/app:v1 plain');
    await line('tag REGISTRY/app:v1 with/slash:1.0');
    for (const filter of [
      'reference=plain',
      'reference=*:1.0',
      'reference=with/*',
      'reference=*/*/app:v1',
      'reference=REGISTRY/app',
      'before=plain',
      'since=plain',
      'dangling=false',
      'dangling=perhaps',
      'nosuch=x',
      'label=a=b',
    ])
      await line(`images --format {{.Repository}}|{{.Tag}} --filter ${filter}`, { sorted: true });
    await stage.run(['image', 'inspect', 'plain', '--format', '{{.Os}} {{.Config.Cmd}} {{len .RepoTags}}']);
    await line('image history --format {{.Size}}|{{.CreatedBy}} plain');
    await line('image rm plain with/slash:1.0');
  }),
  scene('what travels is told in events, under its name', async (line, stage, registry) => {
    const from = (Date.now() / 1000).toFixed(3);
    const { digest } = registry.putImage('app', 'labelled', {
      layers: [layer('ground')],
      travel,
      config: { config: { Labels: { a: 'b' } } },
    });
    await line('pull -q REGISTRY/app:labelled');
    await line(`pull -q REGISTRY/app@${digest}`);
    await line('pull -q -a REGISTRY/app');
    await line('tag REGISTRY/app:labelled REGISTRY/other:1');
    await line('push -q REGISTRY/other:1');
    await line('push -q -a REGISTRY/app');
    await line('rmi REGISTRY/other:1');
    const window = ['--since', from, '--until', String(Math.floor(Date.now() / 1000) + 1)];
    const told = await stage.quietly(['events', ...window, '--filter', 'type=image']);
    stage.see(told.stdout.replaceAll(registry.host, 'REGISTRY').replace(/^\S+ /gm, ''));
    const named = await stage.quietly(['events', ...window, '--filter', `image=${registry.host}/other`]);
    stage.see(named.stdout.replaceAll(registry.host, 'REGISTRY').replace(/^\S+ /gm, ''));
  }),
];

playScenes(scenes);
