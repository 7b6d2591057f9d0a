/** Registries and images in the words of the first versions: kept logins, searches, the graph of images. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawImages } from '../../src/api/handlers/image-graph.ts';
import { imageListed } from './fake/documents.ts';
import { ask, post, serve } from './serve.ts';

const login = { username: 'me', password: 'secret', email: 'me@example.org' };
const posted = (path: string, url: string, body: object) => post(path, url, { body });

for (const version of ['/v1.0', '/v1.1'])
  test(`at ${version} a login stays with the engine, and is shown without its password`, async () => {
    await using served = await serve();
    const before = await ask(served.path, `${version}/auth`);
    assert.deepEqual(
      [before.status, JSON.parse(before.text)],
      [200, { username: '', password: '', email: '' }],
    );
    const { status, text } = await posted(served.path, `${version}/auth`, login);
    assert.deepEqual([status, JSON.parse(text)], [200, { Status: 'Login Succeeded' }]);
    const { text: shown } = await ask(served.path, `${version}/auth`);
    assert.deepEqual(JSON.parse(shown), { username: 'me', password: '', email: 'me@example.org' });
    await post(served.path, `${version}/images/app/push`);
    const credentials = { is: 'password', username: 'me', password: 'secret' };
    assert.deepEqual(served.calls.at(-1), ['push', 'app', undefined, credentials]);
  });

test('a kept password is used again for its user, and for nobody else', async () => {
  await using served = await serve();
  await posted(served.path, '/v1.1/auth', login);
  await posted(served.path, '/v1.1/auth', { username: 'me', email: 'new@example.org' });
  assert.deepEqual(served.calls.at(-1), [
    'login',
    '',
    { is: 'password', username: 'me', password: 'secret' },
  ]);
  for (const other of [{ username: 'you' }, { username: 'me', serveraddress: 'elsewhere:5000' }]) {
    await posted(served.path, '/v1.1/auth', other);
    const [, , shown] = served.calls.at(-1) ?? [];
    assert.equal((shown as { password: string }).password, '');
  }
});

test('from 1.2 on nothing is kept, and GET /auth is an empty 404', async () => {
  await using served = await serve();
  await posted(served.path, '/v1.2/auth', login);
  assert.equal((JSON.parse((await ask(served.path, '/v1.1/auth')).text) as typeof login).username, '');
  for (const version of ['/v1.2', '/v1.11']) {
    const { status, text } = await ask(served.path, `${version}/auth`);
    assert.deepEqual([status, text], [404, '']);
  }
  assert.match((await ask(served.path, '/auth')).text, /page not found/);
});

for (const [version, status] of [
  ['/v1.2', 500],
  ['/v1.3', 401],
  ['', 401],
] as const)
  test(`a wrong login at ${version || 'no version'} is a ${status}`, async () => {
    await using served = await serve();
    const answer = await posted(served.path, `${version}/auth`, { ...login, serveraddress: 'wrong' });
    assert.equal(answer.status, status);
    assert.match(answer.text, /incorrect username or password/);
  });

for (const [version, members] of [
  ['/v1.5', ['Description', 'Name']],
  ['/v1.6', ['description', 'is_official', 'is_trusted', 'name', 'star_count']],
  ['/v1.11', ['description', 'is_official', 'is_trusted', 'name', 'star_count']],
  ['/v1.12', ['description', 'is_automated', 'is_official', 'is_trusted', 'name', 'star_count']],
  ['/v1.23', ['description', 'is_automated', 'is_official', 'is_trusted', 'name', 'star_count']],
  ['/v1.24', ['description', 'is_automated', 'is_official', 'name', 'star_count']],
] as const)
  test(`what is found at ${version} has ${members.join(', ')}`, async () => {
    await using served = await serve();
    const { text } = await ask(served.path, `${version}/images/search?term=app`);
    const [hit] = JSON.parse(text) as Record<string, unknown>[];
    assert.deepEqual(Object.keys(hit ?? {}).sort(), members);
  });

test('the graph of images is drawn up to 1.6, and left to clients afterwards', async () => {
  await using served = await serve();
  const { status, text, headers } = await ask(served.path, '/v1.6/images/viz');
  assert.equal(status, 200);
  assert.match(headers['content-type'] ?? '', /^text\/plain/);
  assert.match(text, /^digraph docker \{\n.* base \[style=invisible\]\n\}\n$/s);
  for (const version of ['/v1.7', '/v1.18']) {
    const { status, text } = await ask(served.path, `${version}/images/viz`);
    assert.deepEqual([status, text], [404, 'This is now implemented in the client.\n']);
  }
});

test('names of images cannot end the strings of the graph', () => {
  const [a, b] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];
  const graph = drawImages([
    { ...imageListed, Id: a, ParentId: '', RepoTags: [] },
    { ...imageListed, Id: b, ParentId: a, RepoTags: ['odd":1', 'back\\:2'] },
  ]);
  assert.equal(
    graph,
    [
      'digraph docker {',
      ' base -> "aaaaaaaaaaaa" [style=invis]',
      ' "aaaaaaaaaaaa" -> "bbbbbbbbbbbb"',
      ' "bbbbbbbbbbbb" [label="bbbbbbbbbbbb\\nodd\\":1\\nback\\\\:2",shape=box,fillcolor="paleturquoise",style="filled,rounded"];',
      ' base [style=invisible]',
      '}',
      '',
    ].join('\n'),
  );
});

for (const [version, detail, last] of [
  ['/v1.11', 'numbers', { status: 'b'.repeat(64) }],
  ['/v1.7', 'bar', { status: 'b'.repeat(64) }],
  ['/v1.6', 'bar', { Id: 'b'.repeat(12) }],
  ['/v1.1', 'bar', { Id: 'b'.repeat(12) }],
] as const)
  test(`an insertion at ${version} ends with ${JSON.stringify(last).slice(0, 20)}…`, async () => {
    await using served = await serve();
    const { status, text } = await post(served.path, `${version}/images/app/insert?url=http://x/y&path=/f`);
    assert.equal(status, 200);
    assert.deepEqual(served.calls.at(-1), ['insert', 'app', 'http://x/y', '/f']);
    const [bar, id] = text
      .trim()
      .split(/(?<=\})\s*(?=\{)/)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(
      typeof bar?.[detail === 'numbers' ? 'progressDetail' : 'progress'],
      detail === 'numbers' ? 'object' : 'string',
    );
    assert.deepEqual(id, last);
  });

test('an insertion at 1.0 is text, and from 1.12 on it is not there', async () => {
  await using served = await serve();
  const { text } = await post(served.path, '/v1.0/images/app/insert?url=http://x/y&path=/f');
  assert.match(text, /^Downloading \[=+> *\].*\rb{12}\r\n$/);
  assert.equal((await post(served.path, '/v1.12/images/app/insert?url=http://x/y&path=/f')).status, 404);
});

for (const [version, image, oneByOne] of [
  ['/v1.3', 'host:5000/app', true],
  ['/v1.4', 'app', false],
] as const)
  test(`at ${version} a registry of its own ${oneByOne ? 'comes before the name' : 'means nothing'}`, async () => {
    await using served = await serve();
    await post(served.path, `${version}/images/create?fromImage=app&tag=1&registry=host:5000`);
    assert.deepEqual(served.calls.at(-1), ['pull', image, '1', oneByOne]);
    await post(served.path, `${version}/images/app/push?registry=https://host:5000/v1`, { body: {} });
    assert.deepEqual(served.calls.at(-1)?.slice(0, 2), ['push', image]);
  });
