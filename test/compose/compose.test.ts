/**
 * Compose as people run it: two files, compared with dockerd; all files, with both Composes, by `npm run compose`.
 */
import { before, test } from 'node:test';
import type { Dockerd } from '../harness/dockerd.ts';
import { fileScope } from '../harness/file-scope.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';
import { assertAlike, composers, type Play, seenOn, seenOnBoth, startPeer } from './play.ts';
import { conditions } from './plays/living.ts';
import { volumes } from './plays/storing.ts';
import type { Composer } from './stage.ts';

/** What takes a second on each engine, and touches most of what Compose asks for. */
const PLAYED: readonly (readonly [Composer['is'], Play])[] = [
  ['v2', conditions],
  ['v2', volumes],
];

let gantry: Gantry;
let peer: Dockerd | string;
const scope = fileScope();
const here = composers();

before(async () => {
  const [newest] = here.toReversed();
  [gantry, peer] = await Promise.all([
    startGantry(scope),
    newest === undefined ? 'no Compose here' : startPeer(scope, newest),
  ]);
});
for (const [is, play] of PLAYED) {
  const composer = here.find((each) => each.is === is);
  const skip = composer === undefined && `this machine has no Compose ${is}`;
  test(`Compose ${is} plays ${play.name}`, { skip }, async (t) => {
    if (composer === undefined) return;
    if (typeof peer !== 'string')
      return assertAlike(await seenOnBoth(gantry, peer, composer, play), composer, play);
    t.diagnostic(`not compared: ${peer}`);
    await seenOn(gantry, composer, play);
  });
}
