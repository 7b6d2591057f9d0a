/** Logins at a registry. */
import assert from 'node:assert/strict';
import type { Answer } from '../../../test/harness/http.ts';
import { type Check, check, type Probe } from '../../probe.ts';
import type { Doc } from './shared.ts';

const login = ({ api, here }: Probe, password: string): Promise<Answer> =>
  api.post('/auth', { username: 'me', password, email: 'me@x', serveraddress: here.guarded });

export const logins: readonly Check[] = [
  check('AuthPost', 'a login that is right', async (probe) => {
    const answer = await login(probe, 'secret');
    const told = probe.succeeded<{ Status: string }>('AuthPost', answer);
    assert.match(told.Status, /^Login Succeeded/);
  }),
  check('AuthPost', 'a login that is wrong', async (probe) => {
    const answer = await login(probe, 'guess');
    assert.ok([401, 500].includes(answer.status), `${answer.status}`);
    assert.equal(answer.status, probe.since([0, 500], [3, answer.status]));
    probe.says(answer, /401|unauthorized|Wrong login/i);
  }),
  check('AuthGet', 'tells the login without its password', async (probe) => {
    assert.equal((await login(probe, 'secret')).status, 200);
    const told = probe.succeeded<Doc>('AuthGet', await probe.api.get('/auth'));
    assert.deepEqual([told.username, told.password, told.email], ['me', '', 'me@x']);
  }),
];
