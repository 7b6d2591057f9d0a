/** A mistake of our own in any call: that request fails, all others and the daemon go on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contract } from '../../src/api/contract/index.ts';
import type { Engine } from '../../src/engine/index.ts';
import { ask, serve } from './serve.ts';

/** Answers a ping itself; every other call of it fails as a bug does, at once or later. */
function broken(engine: Engine, isLater: boolean): Engine {
  const fails = (): Promise<never> => {
    const bug = new TypeError("Cannot read properties of undefined (reading 'id')");
    if (!isLater) throw bug;
    return new Promise((_, reject) => setImmediate(reject, bug));
  };
  const room = (of: object): object =>
    new Proxy(of, {
      get: (target, name) =>
        typeof Reflect.get(target, name) === 'function' ? fails : Reflect.get(target, name),
    });
  return Object.fromEntries(
    Object.entries(engine).map(([name, of]) => [name, room(of)]),
  ) as unknown as Engine;
}

for (const isLater of [false, true])
  for (const version of ['', '/v1.20'])
    test(`RC-R05: a call that fails ${isLater ? 'later' : 'at once'} by a mistake of ours is 500, ${version || 'without a version'}, and the next is answered`, async () => {
      await using served = await serve({ instead: (engine) => broken(engine, isLater) });
      let failed = 0;
      for (const { route } of Object.values(contract)) {
        const [method = '', path = ''] = route.split(' ');
        if (path === '/_ping') continue;
        const url = `${version}${path.replace(/\{\w+\}/g, 'web')}`;
        const { status, text } = await ask(served.path, url, {
          method,
          ...(method === 'POST' || method === 'PUT' ? { body: '{}' } : {}),
        });
        assert.equal((await ask(served.path, '/_ping')).status, 200, `after ${method} ${url}`);
        if (status !== 500) continue;
        failed++;
        assert.doesNotMatch(text, /\n {4}at |\/src\//, `${method} ${url}`);
      }
      assert.ok(failed > 40, `${failed} calls came as far as the engine`);
    });
