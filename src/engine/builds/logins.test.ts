import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Credentials } from '../../formats/credentials.ts';
import { loginFor } from './logins.ts';

const login = (username: string): Credentials => ({ is: 'password', username, password: 'p' });
const several = new Map([
  ['https://index.docker.io/v1/', login('hub')],
  ['https://old.example/v1/', login('old')],
  ['registry.example:5000', login('own')],
  ['', login('any')],
  ['http://', login('nonsense')],
]);

for (const [domain, username] of [
  ['docker.io', 'hub'],
  ['old.example', 'old'],
  ['registry.example:5000', 'own'],
  ['registry.example', 'any'],
] as const)
  test(`the login for ${domain}`, () => {
    assert.deepEqual(loginFor(domain, several), login(username));
  });

test('without a login for all there may be none', () => {
  assert.equal(loginFor('x', new Map([['y', login('y')]])), undefined);
});
