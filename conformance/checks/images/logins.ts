/** Logins at a registry. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import type { Doc } from './shared.ts';

export const logins: readonly Check[] = [
  check('AuthPost', 'a login that is right', async (probe) => {
    const answer = await probe.api.post('/auth', {
      username: 'me',
      password: 'secret',
      email: 'me@x',
      serveraddress: probe.here.guarded,
    });
    const told = probe.succeeded<{ Status: string }>('AuthPost', answer);
    assert.match(told.Status, /^Login Succeeded/);
  }),
  check('AuthPost', 'a login that is wrong', async (probe) => {
    const answer = await probe.api.post('/auth', {
      username: 'me',
      password: 'guess',
      email: 'me@x',
      serveraddress: probe.here.guarded,
    });
    assert.ok([401, 500].includes(answer.status), `${answer.status}`);
    assert.equal(answer.status, probe.since([0, 500], [3, answer.status]));
    probe.says(answer, /401|unauthorized|Wrong login/i);
  }),
  check('AuthGet', 'tells the login without its password', async (probe) => {
    const auth = { username: 'me', password: 'secret', email: 'me@x', serveraddress: probe.here.guarded };
    assert.equal((await probe.api.post('/auth', auth)).status, 200);
    const told = probe.succeeded<Doc>('AuthGet', await probe.api.get('/auth'));
    assert.deepEqual([told.username, told.password, told.email], ['me', '', 'me@x']);
  }),
];
