/**
 * A network beside firewalls that people have: firewalld and the iptables of the older kind, each as it is found and
 * after what docs/network-security.md says to do. (What ufw leaves, a FORWARD chain of iptables-nft that drops, is in
 * `bridge.test.ts` and `reach.test.ts`.)
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { silentLog } from '../../../base/log.ts';
import { warnOfLegacyRules } from '../../firewall/host-chain.ts';
import { addNeighbour, ask, IN_VAIN_MS, onHostOfItsOwn, serve } from '../../test-host.ts';
import { stage, tcp } from '../../test-network.ts';

await onHostOfItsOwn();

/** A web server published by a network of its own, a machine outside with another, and who reaches whom. */
async function scene(t: Parameters<typeof stage>[0]) {
  const outside = await addNeighbour('cable0', '10.9.0.1', '10.9.0.2');
  t.after(() => outside.close());
  const { container } = await stage(t, { bridge: 'gt0' });
  const web = await container('web', [tcp(8080)]);
  const inside = await serve(web.place, 80, 'web');
  const world = await serve(outside.fd, 80, 'world');
  t.after(async () => {
    await inside[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
  });
  return {
    goesOut: async (patienceMs?: number) =>
      (await ask(web.place, '10.9.0.2', 80, patienceMs)) === 'world 10.9.0.1',
    isReached: async (patienceMs?: number) =>
      (await ask(outside.fd, '10.9.0.1', 8080, patienceMs)) === 'web 10.9.0.2',
    straight: async () => (await ask(outside.fd, web.endpoint.ipAddress, 80, IN_VAIN_MS)) === 'web 10.9.0.2',
  };
}

/** The forwarding chain of firewalld 1.3; a bridge that is in no zone is in `public`, which forwards nothing of it. */
const firewalld = (zones: string): string => `
  table inet firewalld {
    chain filter_FORWARD {
      type filter hook forward priority filter + 10; policy accept;
      ct state { established, related } accept
      ct status dnat accept
      iifname "lo" accept
      ct state invalid drop
      jump filter_FORWARD_ZONES
      reject with icmpx admin-prohibited
    }
    chain filter_FORWARD_ZONES { ${zones} }
  }`;
const nft = (script: string): void => void execFileSync('nft', ['-f', '-'], { input: script });

test('beside firewalld published ports are reached, and containers get out once their bridge is in the zone trusted', async (t) => {
  nft(firewalld(''));
  t.after(() => nft('delete table inet firewalld'));
  const { goesOut, isReached, straight } = await scene(t);
  assert.ok(await isReached());
  assert.equal(await goesOut(IN_VAIN_MS), false);
  nft('add rule inet firewalld filter_FORWARD_ZONES iifname "gt0" accept');
  assert.ok(await goesOut());
  assert.ok(await isReached());
  assert.equal(await straight(), false);
});

test('beside a FORWARD of the older iptables that drops nothing passes, until the two commands of the log are run', async (t) => {
  if (spawnSync('iptables-legacy', ['-P', 'FORWARD', 'DROP']).status !== 0)
    return t.skip('this machine has no iptables-legacy');
  t.after(() => execFileSync('iptables-legacy', ['-P', 'FORWARD', 'ACCEPT']));
  const { goesOut, isReached, straight } = await scene(t);
  assert.deepEqual(await Promise.all([goesOut(IN_VAIN_MS), isReached(IN_VAIN_MS)]), [false, false]);
  const hints: unknown[] = [];
  warnOfLegacyRules('gt0', 4, {
    ...silentLog,
    warn: (_event, fields) => void hints.push(fields?.hint),
  });
  assert.equal(hints.length, 1);
  const commands = String(hints[0]).replace('if FORWARD drops: ', '');
  execFileSync('sh', ['-ec', commands]);
  t.after(() => execFileSync('sh', ['-ec', commands.replaceAll('-I', '-D')]));
  assert.ok(await goesOut());
  assert.ok(await isReached());
  assert.equal(await straight(), false, 'who may enter is decided by the table of the engine');
});
