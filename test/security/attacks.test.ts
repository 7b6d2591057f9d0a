/**
 * The ready-made attacks that lie beside the project, each in turn against one engine, by its socket and, where a
 * browser comes in, by TCP. Each prints `safe`, or what it found; one that could not be delivered is no pass.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { freePort } from '../harness/registry.ts';

const directory = join(import.meta.dirname, '../../../shared/attacks');
const skip = existsSync(directory) ? false : 'the attacks do not lie in ../shared';
const attacks = skip
  ? []
  : readdirSync(directory)
      .filter((name) => /^p\d+-.*\.mjs$/.test(name))
      .sort();

let gantry: Gantry;
let address = '';
const ends: (() => Promise<void>)[] = [];
before(async () => {
  if (skip) return;
  address = `tcp://127.0.0.1:${await freePort()}`;
  gantry = await startGantry(
    { after: (end) => void ends.push(end) },
    { args: ['-H', address, '--api-host', 'engine'] },
  );
});
after(() => Promise.all(ends.map((end) => end())));

/** Its last line, whatever its exit code says. */
const verdict = (attack: string, where: string): Promise<string> =>
  new Promise((resolve) =>
    // A client that is gone is forgotten in a sixth of the time that the attack allows for it.
    execFile(
      process.execPath,
      [join(directory, attack), where],
      { env: { ...process.env, SETTLE: '500' } },
      (_, stdout, stderr) => resolve(stdout.trimEnd().split('\n').at(-1) || stderr),
    ),
  );

test('the attacks that lie beside the project are found', { skip }, () =>
  assert.ok(attacks.length >= 18, attacks.join()),
);

for (const attack of attacks)
  test(`${attack} finds the engine safe`, async (t) => {
    const said = await verdict(attack, gantry.socket);
    t.diagnostic(said);
    assert.match(said, /^safe( |$)/);
  });

for (const attack of attacks.filter((name) => /browser/.test(name)))
  test(`${attack} finds the engine safe by TCP`, async (t) => {
    const said = await verdict(attack, address);
    t.diagnostic(said);
    assert.match(said, /^safe( |$)/);
  });
