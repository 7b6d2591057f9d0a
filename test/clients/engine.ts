/** The engine that a suite of somebody else's runs against, with the images that such suites name. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { type Engine, startDockerd } from '../harness/dockerd.ts';
import { type Scope, startGantry } from '../harness/gantry.ts';
import { busyboxArchive } from '../harness/image.ts';
import { startRegistry } from '../harness/registry.ts';

/** Which engine: ours, or Debian's dockerd to compare with. */
export type Kind = 'gantry' | 'dockerd';

/**
 * All are busybox: no suite asks more of them than a shell and a user `default`. The names are those of the suites.
 */
const LOADED = [
  ...['busybox:buildroot-2014.02', 'ubuntu:latest', 'ubuntu:14.04', 'debian:stable', 'debian:sid'],
  ...[
    'debian:wheezy',
    'base:latest',
    'swipely/base:latest',
    'tianon/true:latest',
    'ubuntu:12.04',
    'redis:latest',
  ],
];
const DOCKERFILE = `FROM busybox
RUN printf '#!/bin/sh\\nexec sh "$@"\\n' >/bin/bash && chmod 755 /bin/bash
RUN echo default:x:1000:1000::/home/default:/bin/sh >>/etc/passwd && echo default:x:1000: >>/etc/group && mkdir -p /home/default
CMD ["sh"]
`;
/** On the registry, for suites that pull or remove what they use. */
const ON_HUB = [
  ...['busybox:latest', 'busybox:uclibc', ...LOADED, 'hello-world:latest', 'joffrey/test001:latest'],
];

const split = (image: string): { repo: string; tag: string } => {
  const [repo = '', tag = ''] = image.split(':');
  return { repo, tag };
};

async function tag(engine: Engine, image: string, as: string): Promise<void> {
  const { repo, tag } = split(as);
  const { status, text } = await engine
    .api()
    .post(`/images/${image}/tag?repo=${encodeURIComponent(repo)}&tag=${tag}&force=1`);
  assert.equal(status, 201, text);
}

/** Fills the registry that stands in for the public one. */
async function fill(engine: Engine, { host, port }: { host: string; port: number }): Promise<void> {
  for (const image of ON_HUB) {
    const { repo, tag: name } = split(image.includes('/') ? image : `library/${image}`);
    const there = `localhost:${port}/${repo}`;
    const { status, text } = await engine
      .api()
      .post(`/images/busybox/tag?repo=${encodeURIComponent(there)}&tag=${name}`);
    assert.equal(status, 201, `${host}: ${text}`);
    const pushed = await engine.docker(['push', `${there}:${name}`]);
    assert.equal(pushed.code, 0, pushed.stderr);
    await engine.docker(['rmi', `${there}:${name}`]);
  }
}

/** Starts one for a single suite. A text says why this machine cannot. */
export async function startEngine(scope: Scope, kind: Kind): Promise<Engine | string> {
  const registry = await startRegistry(scope);
  const engine =
    kind === 'gantry'
      ? await startGantry(scope, { args: ['--registry-mirror', `http://${registry.host}`] })
      : await startDockerd(scope);
  if (typeof engine === 'string') return engine;
  const loaded = await engine.api().post('/images/load', createReadStream(busyboxArchive().file));
  assert.equal(loaded.status, 200, loaded.text);
  const built = await engine.docker(['build', '-q', '-t', 'busybox', '-'], {
    input: DOCKERFILE,
    env: { DOCKER_BUILDKIT: '0' },
  });
  assert.equal(built.code, 0, built.stderr);
  await fill(engine, registry);
  for (const image of LOADED) await tag(engine, 'busybox:latest', image);
  return engine;
}
