import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { directory, file, sha, tarOf, testImages } from './test-host.ts';

const id = '1'.repeat(64);
const layer = tarOf(file('a', 'content'));
const json = {
  id,
  created: '2015-01-01T00:00:00.5Z',
  container_config: { Cmd: ['/bin/sh', '-c', 'ADD <file> & more'], Hostname: 'x', Labels: { k: 'v<' } },
  config: { Cmd: ['sh'], OnBuild: [] },
  architecture: 'amd64',
  os: 'linux',
  Size: 5,
  unknown_member: { z: 1, a: [1, 2] },
  author: 'Me <a@b>',
};
const rest = `"os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:${sha(layer)}"]}`;
const history = String.raw`"history":[{"created":"2015-01-01T00:00:00.5Z","created_by":"/bin/sh -c ADD \u003cfile\u003e \u0026 more","author":"Me \u003ca@b\u003e"}]`;
const whole = (env: string, cmd: string, hostname: string, onBuild: string, labels: string) =>
  `{"Hostname":"${hostname}","Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":${env},"Cmd":${cmd},"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,"OnBuild":${onBuild},"Labels":${labels}}`;
const cmd = String.raw`["/bin/sh","-c","ADD \u003cfile\u003e \u0026 more"]`;
const author = String.raw`"architecture":"amd64","author":"Me \u003ca@b\u003e"`;
const labels = String.raw`{"k":"v\u003c"}`;

// Configurations as dockerd made them of such archives (20.10; of the history the newest writes created_by first).
for (const [version, config] of [
  [
    '1.9.1',
    `{${author},"config":{"Cmd":["sh"],"OnBuild":[]},"container_config":{"Cmd":${cmd},"Hostname":"x","Labels":${labels}},"created":"2015-01-01T00:00:00.5Z","docker_version":"1.9.1",${history},${rest},"unknown_member":{"z":1,"a":[1,2]}}`,
  ],
  [
    '1.6.0',
    `{${author},"config":${whole('null', '["sh"]', '', '[]', 'null')},"container_config":${whole('null', cmd, 'x', 'null', labels)},"created":"2015-01-01T00:00:00.5Z","docker_version":"1.6.0",${history},${rest}}`,
  ],
] as const)
  test(`an image saved by Docker ${version} gets the id that dockerd gives it`, async (t) => {
    const host = await testImages(t);
    await host.load(
      tarOf(
        directory(id),
        file(`${id}/json`, JSON.stringify({ ...json, docker_version: version })),
        file(`${id}/layer.tar`, layer),
        file('repositories', JSON.stringify({ old: { t: id } })),
      ),
    );
    const { id: imageId } = host.images.resolve('old:t');
    const stored = readFileSync(`${host.root}/content/blobs/sha256/${imageId.slice(7)}`, 'utf8');
    assert.equal(stored, config);
    assert.equal(imageId, `sha256:${sha(config)}`);
  });
