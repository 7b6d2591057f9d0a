/** The recipe of docs/docker-run-by-hand.md, run as it stands there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { FakeRegistry } from '../harness/fake-registry.ts';
import { startGantry } from '../harness/gantry.ts';
import { busyboxRootfs } from '../harness/image.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/docker-run-by-hand.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, code]) => code ?? '');

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

test('the page’s own lines create, pull, start, print the id, show everything from the start, and wait', async (t) => {
  const registry = await FakeRegistry.start(t);
  registry.putImage('tools/shell', 'latest', { layers: [readFileSync(busyboxRootfs())] });
  const gantry = await startGantry(t, { busybox: false });
  const script = blocks('sh')
    .join('\n')
    .replace('SOCKET=/var/run/docker.sock', `SOCKET=${gantry.socket}`)
    .replace('IMAGE=busybox', `IMAGE=${registry.host}/tools/shell`)
    .replaceAll('/tmp/created.json', join(gantry.root, 'created.json'));
  const { stdout } = await run('sh', ['-eu', '-c', script], { timeout: TIMEOUT_MS });
  assert.match(stdout, /^\{"status":"Pulling/, 'the first create was a 404');
  const shown = /\n?([0-9a-f]{12})\none\ntwo\n\{"StatusCode":0\}\s*$/.exec(stdout);
  assert.ok(shown, stdout);
  assert.equal((await gantry.api('1.4').get(`/containers/${shown[1]}/json`)).status, 200);
});

test('the page’s five lines attach both ways', async (t) => {
  const gantry = await startGantry(t);
  const api = gantry.api('1.4');
  const program = join(gantry.root, 'attach.mjs');
  writeFileSync(program, blocks('js')[0] ?? assert.fail('the page has no program'));
  const streams = { OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true };
  const made = await api.post('/containers/create', { Image: 'busybox', Cmd: ['cat'], ...streams });
  const { Id } = made.json<{ Id: string }>();
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  const attached = run(process.execPath, [program, gantry.socket, Id], { timeout: TIMEOUT_MS });
  attached.child.stdin?.end('typed\n');
  assert.equal((await attached).stdout, 'typed\n');
});
