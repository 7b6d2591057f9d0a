/** Images that travel: registries, logins, search and manifests, with every flag. Each engine has a registry of its own. */
import assert from 'node:assert/strict';
import { FakeRegistry } from '../../harness/fake-registry.ts';
import { file, tarOf } from '../../harness/layered.ts';
import type { Difference, Scene, Stage } from '../scenes.ts';
import { tidy } from '../tidy.ts';

const ARCH = process.arch === 'x64' ? 'amd64' : process.arch;

/** Runs each line; the registry's address is told as REGISTRY, progress as its first and last words. */
type Lines = (...lines: readonly string[]) => Promise<void>;

/** How far a layer is, is a matter of time. */
const PASSING = /^[0-9a-f]{12}: .*\n/gm;

const scene = (
  title: string,
  play: (lines: Lines, stage: Stage, registry: FakeRegistry) => Promise<void>,
  more: { readonly differences?: readonly Difference[]; readonly alone?: string } = {},
): Scene => ({
  title,
  ...more,
  play: tidy(async (stage) => {
    await using registry = await FakeRegistry.start({ after: () => undefined });
    for (const tag of ['v1', 'v2'])
      registry.putImage('app', tag, { layers: [tarOf([file('content', tag.repeat(100))])] });
    const lines: Lines = async (...all) => {
      for (const each of all) {
        const { stdout, stderr, code } = await stage.quietly(
          each.replaceAll('REGISTRY', registry.host).split(' '),
        );
        const seen = `$ docker ${each}\n${stdout.replace(PASSING, '')}${stderr.replace(/^(?=.)/gm, '! ')}[${code}]`;
        stage.see(seen.replaceAll(registry.host, 'REGISTRY').replaceAll(`${registry.port}`, 'PORT'));
      }
    };
    await play(lines, stage, registry);
  }),
});

export const scenes: readonly Scene[] = [
  scene('pull and push: every flag', async (lines) => {
    await lines(
      ...[
        'pull --quiet REGISTRY/app:v1',
        'pull --all-tags REGISTRY/app',
        'pull --disable-content-trust REGISTRY/app:v1',
      ],
      ...[
        `pull --platform linux/${ARCH} REGISTRY/app:v1`,
        'pull REGISTRY/app:nosuch',
        'pull -a REGISTRY/app:v1',
      ],
      ...['tag REGISTRY/app:v1 REGISTRY/copy:1', 'push REGISTRY/copy:1', 'push --quiet REGISTRY/copy:1'],
      ...[
        'push --all-tags REGISTRY/copy',
        'push --disable-content-trust REGISTRY/copy:1',
        'push REGISTRY/nosuch',
      ],
      'create --pull always --network none REGISTRY/app:v1 nosuch',
    );
  }),
  scene(
    'pull of another platform',
    async (lines) => {
      await lines(
        'pull --platform linux/s390x REGISTRY/app:v1',
        'pull --platform nosuch/x/y/z REGISTRY/app:v1',
      );
    },
    {
      differences: [
        {
          why: 'an image that is there for another platform alone is refused before it is kept',
          about: ['image pull --platform'],
          gantry: [/^! image with reference REGISTRY.app:v1 was found but its .*$/m, '! <is of another>'],
          dockerd: [
            /^Digest: .*\nStatus: .*\n! image with reference REGISTRY.app:v1 was found but .*$/m,
            '! <is of another>',
          ],
        },
      ],
    },
  ),
  scene(
    'push of one platform',
    async (_lines, stage, registry) => {
      await stage.quietly(['tag', 'busybox', `${registry.host}/mine:1`]);
      const ran = await stage.run(['push', '--platform', `linux/${ARCH}`, `${registry.host}/mine:1`]);
      assert.equal(ran.code, 0, ran.stderr);
      const other = await stage.run(['push', '--platform', 'linux/s390x', `${registry.host}/mine:1`]);
      assert.notEqual(other.code, 0);
      await stage.quietly(['rmi', `${registry.host}/mine:1`]);
    },
    { alone: 'dockerd 26.1 does not know it: it came with API 1.46' },
  ),
  scene('login, logout, search', async (lines, stage, registry) => {
    registry.answering = ({ headers, url = '' }, response) => {
      if (headers.authorization !== undefined || url.startsWith('/v1/')) return false;
      response.writeHead(401, {
        'www-authenticate': 'Basic realm="here"',
        'content-type': 'application/json',
      });
      response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
      return true;
    };
    await lines(
      'login --username me --password secret REGISTRY',
      'pull -q REGISTRY/app:v1',
      'logout REGISTRY',
    );
    const argv = ['login', '-u', 'me', '--password-stdin', registry.host];
    stage.see(`${(await stage.quietly(argv, { input: 'secret' })).stdout}`);
    // That of nobody.invalid stays: without any login the command line looks for programs that keep them.
    await lines('logout REGISTRY', 'logout elsewhere.invalid');
    registry.answering = ({ url = '' }, response) => {
      if (!url.startsWith('/v1/')) return false;
      response.writeHead(200, { 'content-type': 'application/json', 'x-docker-registry-standalone': 'true' });
      const results = [{ name: 'app', description: 'd'.repeat(60), star_count: 3, is_official: false }];
      response.end(
        JSON.stringify(url.startsWith('/v1/_ping') ? { standalone: true } : { num_results: 1, results }),
      );
      return true;
    };
    await lines(
      ...[
        'search REGISTRY/app',
        'search --no-trunc --limit 1 REGISTRY/app',
        'search --filter stars=4 REGISTRY/app',
      ],
      'search --format {{.Name}}:{{.StarCount}} REGISTRY/app',
    );
  }),
  scene('manifest: every flag', async (lines) => {
    await lines(
      ...[
        'manifest inspect --insecure REGISTRY/app:v1',
        'manifest inspect --insecure --verbose REGISTRY/app:v1',
      ],
      'manifest create --insecure REGISTRY/app:list REGISTRY/app:v1 REGISTRY/app:v2',
      'manifest create --insecure --amend REGISTRY/app:list REGISTRY/app:v1',
      'manifest annotate --os linux --arch arm64 --variant v8 --os-version 1 --os-features x REGISTRY/app:list REGISTRY/app:v1',
      ...['manifest push --insecure --purge REGISTRY/app:list', 'manifest rm REGISTRY/app:list'],
      'manifest inspect --insecure REGISTRY/app:list',
    );
  }),
];
