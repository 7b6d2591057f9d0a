/** Security cases SC-BLD-06 and SC-BLD-09, over the API: what a Dockerfile and an address bring in from elsewhere. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import type { Answer } from '../harness/http.ts';
import { file, tarOf } from '../harness/layered.ts';

const gantry = await startGantry({ after });
const cage = mkdtempSync('/var/tmp/gantry-canary-');
chmodSync(cage, 0o777);
const canary = join(cage, 'canary');
const secret = join(cage, 'secret');
writeFileSync(secret, 'canary-content\n');

const to =
  (where: string): RequestListener =>
  (_request, response) =>
    void response.writeHead(302, { Location: where }).end();
const asked: { url: string | undefined; condition: string | undefined }[] = [];
const pages: Readonly<Record<string, RequestListener>> = {
  '/f': (_request, response) =>
    void response.setHeader('Last-Modified', 'Wed, 21 Oct 2015 07:28:00 GMT').end('file\n'),
  '/named': (_request, response) =>
    void response.setHeader('Content-Disposition', 'attachment; filename="../../evil"').end('named\n'),
  '/away': to('/elsewhere/other'),
  '/elsewhere/other': (_request, response) => void response.end('moved\n'),
  '/to-file': to(`file://${secret}`),
  '/to-socket': to('unix:///var/run/docker.sock'),
  '/loop': to('/loop'),
};
const server = createServer((request, response) => {
  asked.push({ url: request.url, condition: request.headers['if-modified-since'] });
  const page = pages[request.url ?? ''];
  if (page) page(request, response);
  else response.writeHead(404).end('a page');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
after(() => {
  server.close();
  rmSync(cage, { recursive: true });
});

const build = (dockerfile: string): Promise<Answer> =>
  gantry.api().request('POST', '/build?nocache=1', {
    body: tarOf([file('Dockerfile', dockerfile)]),
    headers: { 'content-type': 'application/x-tar' },
  });
/** What the image has below `/d`, one `mode mtime path text` a line. */
const added = (words: string): Promise<Answer> =>
  build(
    `FROM busybox\nADD ${words}\nRUN cd /d && for f in *; do echo "$(stat -c '%a %Y' $f) $f $(cat $f)"; done\n`,
  );

test('SC-BLD-06: a file of the web has the name that was asked for, whatever the server calls it', async () => {
  for (const [words, told] of [
    [`${web}/f /d/`, '600 1445412480 f file'],
    [`${web}/f /d/g`, '600 1445412480 g file'],
    [`${web}/named /d/`, '600 0 named named'],
    [`${web}/away /d/`, '600 0 away moved'],
    [`${web}/x/../f /d/`, '600 1445412480 f file'],
    [`${web}/%2e%2e/%2e%2e/f /d/`, '600 1445412480 f file'],
  ] as const) {
    const { text } = await added(words);
    assert.ok(text.includes(`"${told}\\n"`), `${words}\n${text}`);
  }
  assert.deepEqual(
    asked.filter(({ condition }) => condition !== undefined),
    [],
  );
});

for (const [what, words, message] of [
  ['a redirect to a file', `${web}/to-file /d/`, /redirects to file:\/\/: refused/],
  ['a redirect to a socket', `${web}/to-socket /d/`, /redirects to unix:\/\/: refused/],
  ['endless redirects', `${web}/loop /d/`, /more than 10 redirects/],
  ['a page that is not there', `${web}/nothing /d/`, /status 404 Not Found/],
  ['an address without a name', `${web}/ /d/`, /"error":/],
  ['a name that leads out', `${web}/..%2f..%2f /d/`, /"error":/],
  ['another scheme', `file://${secret} /d/`, /"error":/],
] as const)
  test(`SC-BLD-06: ${what} is refused`, async () => {
    const { text } = await added(words);
    assert.match(text, message);
    assert.doesNotMatch(text, /canary-content|Successfully/);
  });

const remote = (address: string): Promise<Answer> =>
  gantry.api().post(`/build?remote=${encodeURIComponent(address)}`);

for (const address of [
  `--upload-pack=touch ${canary}`,
  `-u touch ${canary}.git`,
  `ext::sh -c touch% ${canary}`,
  `ext::touch ${canary}.git`,
  `file://${cage}`,
  `file://${cage}/repo.git`,
  `${cage}/repo.git`,
  `git://-oProxyCommand=touch${canary}/x`,
  `git@-oProxyCommand=touch:${canary}`,
  `ssh://-oProxyCommand=touch/x.git`,
  `${web}/x.git#--upload-pack=touch ${canary}`,
  `${web}/x.git#-x:y`,
  `${web}/x.git#main:../../..`,
  `${web}/x.git#main:%2e%2e/x`,
  `${web}/x.git#a\nb`,
])
  test(`SC-BLD-09: ${JSON.stringify(address.replaceAll(cage, '').replace(web, 'http://h'))} is refused before anybody is asked`, async () => {
    asked.length = 0;
    const { status, text } = await remote(address);
    assert.equal(status, 400, text);
    assert.deepEqual([existsSync(canary), asked], [false, []]);
    assert.doesNotMatch(text, /canary-content/);
  });

test('SC-BLD-09: credentials of an address are told nowhere, and nothing is left in the staging area', async () => {
  const place = web.replace('//', '//name:hunter2@');
  for (const address of [`${place}/nothing`, `${place}/x.git`, `${place}/x.git#-x`]) {
    const { status, text } = await remote(address);
    assert.ok(status >= 400, text);
    assert.doesNotMatch(text, /hunter2/);
  }
  assert.doesNotMatch(gantry.log(), /hunter2/);
  assert.deepEqual(readdirSync(join(gantry.dataRoot, 'staging')), []);
});
