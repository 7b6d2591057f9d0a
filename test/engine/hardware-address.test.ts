/** The hardware address that a client chooses, on the default bridge. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGantry } from '../harness/gantry.ts';

const MAC = '02:42:ac:11:00:0a';

test('a hardware address is kept over starts, in the words of each version; one that is none is refused', async (t) => {
  const gantry = await startGantry(t);
  const make = (version: string, said: object) =>
    gantry.api(version).post('/containers/create', { Image: 'busybox', Cmd: ['sleep', '100'], ...said });
  const endpoint = (MacAddress: string) => ({
    NetworkingConfig: { EndpointsConfig: { bridge: { MacAddress } } },
  });
  for (const [version, said] of [
    ['1.55', endpoint(MAC)],
    ['1.43', { MacAddress: '02-42-AC-11-00-0A' }],
    ['1.20', { MacAddress: MAC }],
  ] as const) {
    const made = await make(version, said);
    assert.equal(made.status, 201, made.text);
    const { Id } = made.json<{ Id: string }>();
    for (let round = 0; round < 2; round++) {
      assert.equal((await gantry.api().post(`/containers/${Id}/start`)).status, 204);
      assert.equal(await gantry.dockerOk('exec', Id, 'cat', '/sys/class/net/eth0/address'), MAC);
      const told = (await gantry.api('1.43').get(`/containers/${Id}/json`)).json<{
        NetworkSettings: { MacAddress: string };
      }>();
      assert.equal(told.NetworkSettings.MacAddress, MAC);
      assert.equal((await gantry.api().post(`/containers/${Id}/stop?t=0`)).status, 204);
    }
  }
  for (const wrong of ['nonsense', '01:00:5e:00:00:01', '00:00:00:00:00:00']) {
    const refused = await make('1.55', endpoint(wrong));
    assert.deepEqual([refused.status, /invalid MAC address/.test(refused.text)], [400, true], refused.text);
  }
});
