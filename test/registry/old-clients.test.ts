/** Clients of the first versions at a registry with passwords: the engine keeps their login. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';
import { startRegistry } from '../harness/registry.ts';

/** `secret`, by bcrypt. */
const SECRET_BCRYPT = '$2b$04$z2JZ/sqBhCI2LK31fRvgPu3LYNPO1.bWJUbUjixO725xL3DFckf0W';

test('a login of API 1.1 outlives the daemon, serves its registry alone, and nobody reads its password', async (t) => {
  const registry = await startRegistry(t, { htpasswd: `me:${SECRET_BCRYPT}\n` });
  const open = await startRegistry(t);
  const gantry = await startGantry(t);
  const old = () => gantry.api('1.1');
  for (const { host } of [registry, open])
    assert.equal((await gantry.api().post(`/images/busybox/tag?repo=${host}/app&tag=1`)).status, 201);
  const push = async (host: string) => (await old().post(`/images/${host}/app/push`)).text;
  assert.match(await push(registry.host), /error.*(no basic auth credentials|unauthorized|denied)/i);
  const login = { username: 'me', password: 'secret', email: 'me@x', serveraddress: registry.host };
  const wrong = await old().post('/auth', { ...login, password: 'guess' });
  assert.deepEqual([wrong.status, /incorrect username or password/.test(wrong.text)], [500, true]);
  assert.equal((await old().get('/auth')).json<{ username: string }>().username, '');
  assert.equal((await old().post('/auth', login)).status, 200);
  await gantry.kill9();
  await gantry.start();
  assert.deepEqual((await old().get('/auth')).json(), { username: 'me', password: '', email: 'me@x' });
  assert.doesNotMatch(await push(registry.host), /error/i);
  assert.doesNotMatch(await push(open.host), /error/i);
  assert.doesNotMatch(open.log(), /auth\.user\.name|Authorization/i);
  assert.equal((await gantry.api().delete(`/images/${registry.host}/app:1`)).status, 200);
  await old().post(`/images/create?fromImage=${registry.host}/app&tag=1`);
  assert.equal((await gantry.api().get(`/images/${registry.host}/app:1/json`)).status, 200);
  const newer = await gantry.api().post(`/images/create?fromImage=${registry.host}/app&tag=1`);
  assert.match(
    newer.text,
    /no basic auth credentials|unauthorized|denied/i,
    'later versions bring their own',
  );
  assert.equal(statSync(join(gantry.dataRoot, 'records.sqlite')).mode & 0o077, 0);
  assert.doesNotMatch(gantry.log(), /secret/);
});
