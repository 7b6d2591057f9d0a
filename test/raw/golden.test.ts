/**
 * Answers byte by byte, on both sides of the versions that changed what no schema shows: framing, heads, separators,
 * stamps, plain text. Each file in `golden/` holds exchanges: what is sent, `---`, what comes. `\r` and `\xNN` are bytes
 * that a text does not show; chunks are put together; what varies has a name in braces. GANTRY_GOLDEN=write writes
 * what comes into the files, to be read before it is believed.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { contextOf } from '../harness/building.ts';
import { startGantry } from '../harness/gantry.ts';
import { busyboxArchive } from '../harness/image.ts';
import { file, tarOf } from '../harness/layered.ts';
import { named, received, shown, unescaped } from './golden.ts';

const DIRECTORY = join(import.meta.dirname, 'golden');
const WRITES = process.env.GANTRY_GOLDEN === 'write';

const gantry = await startGantry({ after });
const api = gantry.api();

async function made(path: string, body: unknown): Promise<string> {
  const answer = await api.post(path, body);
  assert.ok(answer.status < 300, answer.text);
  return answer.text === '' ? '' : (answer.json<{ Id?: string; ID?: string }>().Id ?? '');
}

const exec = (more: object) => () =>
  made('/containers/running/exec', {
    Cmd: ['sh', '-c', 'echo err >&2'],
    AttachStderr: true,
    AttachStdout: true,
    ...more,
  });
const SHELL = { Image: 'busybox', Cmd: ['sh', '-c', 'echo err >&2'] };
let networks = 0;

/** What requests name in braces: made anew each time. */
const makers: Readonly<Record<string, () => Promise<string | Buffer>>> = {
  exec: exec({}),
  terminalExec: exec({ Tty: true }),
  network: () => made('/networks/create', { Name: `golden${networks++}` }),
  archive: async () => tarOf([file('a', 'b')]),
  image: async () => readFileSync(busyboxArchive().file),
  context: async () => contextOf('FROM busybox\nENV A=b\n'),
  since: async () => since,
  until: async () => until,
};
let [since, until] = ['', ''];
/** The first whole second from now on, when it has come: below 1.19 events were chosen by whole ones. */
async function nextSecond(): Promise<string> {
  const second = Math.floor(Date.now() / 1000) + 1;
  await new Promise((resolve) => setTimeout(resolve, second * 1000 - Date.now()));
  return String(second);
}

before(async () => {
  since = await nextSecond();
  await made('/containers/create?name=ended', SHELL);
  await made('/containers/ended/start', undefined);
  await api.post('/containers/ended/wait');
  // What follows is of a later second.
  until = await nextSecond();
  await made('/containers/create?name=terminal', { ...SHELL, Tty: true });
  await made('/containers/terminal/start', undefined);
  await api.post('/containers/terminal/wait');
  await made('/containers/create?name=running', { ...SHELL, Cmd: ['sleep', '600'] });
  await made('/containers/running/start', undefined);
});

/** The bytes of a request: its names become what they stand for, `{length}` the size of what follows the head. */
async function request(text: string): Promise<Buffer> {
  const [head = '', body = ''] = text.split('\n\n');
  const bytes = await filled(body);
  const lines = (await filled(head)).toString().replace('{length}', String(bytes.length));
  return Buffer.concat([Buffer.from(`${lines.replaceAll('\n', '\r\n')}\r\n\r\n`), bytes]);
}

async function filled(text: string): Promise<Buffer> {
  const parts = text.split(/\{(\w+)\}/);
  const all = parts.map(async (part, index) => {
    const make = index % 2 === 1 ? makers[part] : undefined;
    return Buffer.from(make ? await make() : index % 2 === 1 ? `{${part}}` : unescaped(part));
  });
  return Buffer.concat(await Promise.all(all));
}

for (const name of readdirSync(DIRECTORY)) {
  const path = join(DIRECTORY, name);
  const [comment = '', ...exchanges] = readFileSync(path, 'utf8').split(/^=== /m);
  const written: string[] = [];
  for (const exchange of exchanges) {
    const [title = ''] = exchange.split('\n', 1);
    test(`${name}: ${title}`, async () => {
      const [asked = '', told = ''] = exchange.slice(title.length + 1).split('\n---\n');
      const answer = named(
        shown(await received(gantry.socket, await request(asked), /\(until (.*)\)$/.exec(title)?.[1])),
      );
      written.push(`${title}\n${asked}\n---\n${answer}\n`);
      if (!WRITES) assert.equal(`${answer}\n`, told);
    });
  }
  if (WRITES) after(async () => writeFileSync(path, [comment, ...written].join('=== ')));
}
