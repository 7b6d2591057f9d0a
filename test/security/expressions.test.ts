/**
 * Expressions of clients through the engine: whatever they are, the list is answered and others are served meanwhile.
 * A test that hangs here is the fault itself; no time is measured.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';

/** What the name of the container and the volume is: an expression that doubles with each letter never ends on it. */
const LONG = 'a'.repeat(60);

let gantry: Gantry;
let id = '';
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
  const made = await gantry.api().post(`/containers/create?name=${LONG}`, { Image: 'busybox' });
  id = made.json<{ Id: string }>().Id;
  await gantry.api().post('/volumes/create', { Name: LONG });
});
after(() => Promise.all(ends.map((end) => end())));

const names = async (route: string, filters: Record<string, readonly string[]>): Promise<string[]> => {
  const query = encodeURIComponent(JSON.stringify(filters));
  const answer = await gantry.api('1.40').get(`${route}${route.includes('?') ? '&' : '?'}filters=${query}`);
  assert.equal(answer.status, 200, answer.text);
  type Named = { Id?: string; Name?: string };
  const body = answer.json<Named[] | { Volumes: Named[] }>();
  return (Array.isArray(body) ? body : body.Volumes).map(({ Id, Name }) => Id ?? Name ?? '');
};

for (const [route, found] of [
  ['/containers/json?all=1', () => id],
  ['/volumes', () => LONG],
] as const)
  for (const [pattern, finds] of [
    ['(a|aa)+$', true],
    ['^(a|aa)+b$', false],
    ['^((a|aa)+|(aa|a)+)!', false],
    [`^(?:${Array.from({ length: 400 }, (_, i) => `(a|aa)+x${i}`).join('|')})`, false],
    ['(?:a{0,1000}){0,1000}', false],
    ['(?=a)', false],
    ['(', false],
  ] as const)
    test(`${route} is answered for ${pattern.slice(0, 24)}, and a ping meanwhile`, async () => {
      const [listed, ping] = await Promise.all([
        names(route, { name: [pattern] }),
        gantry.api().get('/_ping'),
      ]);
      assert.equal(ping.text, 'OK');
      assert.deepEqual(listed, finds ? [found()] : []);
    });

test('an expression that would be too large a program is refused', async () => {
  const query = encodeURIComponent(JSON.stringify({ name: ['a{1000}'.repeat(40)] }));
  const { status, text } = await gantry.api().get(`/containers/json?filters=${query}`);
  assert.equal(status, 400);
  assert.match(text, /error parsing regexp: expression too large/);
});

test('a log chooses labels and variables by an expression that would never end', async () => {
  const api = gantry.api();
  const options = { 'labels-regex': '^(a|aa)+$', 'env-regex': '^((A+)+)+!$' };
  const made = await api.post('/containers/create', {
    Image: 'busybox',
    Cmd: ['echo', 'x'],
    Env: [`${'A'.repeat(60)}=1`],
    Labels: { [LONG]: 'yes', [`${LONG}!`]: 'no' },
    HostConfig: { LogConfig: { Type: 'json-file', Config: options } },
  });
  assert.equal(made.status, 201, made.text);
  const { Id } = made.json<{ Id: string }>();
  assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
  assert.equal((await api.post(`/containers/${Id}/wait`)).status, 200);
  const { text } = await api.get(`/containers/${Id}/logs?stdout=1&details=1`);
  assert.match(text, new RegExp(`${LONG}=yes x\n$`));
  await api.delete(`/containers/${Id}`);
});
