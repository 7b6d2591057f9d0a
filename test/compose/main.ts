/**
 * `npm run compose`: every compose file of `files/`, played by Debian 12's Compose 1.29 and Debian 13's Compose 2.26 on
 * a private engine and on the dockerd of the same time; a line a file tells whether users saw the same, with the reasons
 * where they did not. `--only NAME` plays one file, `--compose v1` with one Compose, `--alone` without dockerd;
 * `--logs DIRECTORY` keeps what each engine showed.
 */
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import { PLAYS } from './all.ts';
import { stackImages } from './images.ts';
import {
  assertAlike,
  type Both,
  composers,
  isFor,
  listed,
  type Play,
  seenOn,
  seenOnBoth,
  startPeer,
} from './play.ts';
import type { Composer } from './stage.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    compose: { type: 'string' },
    alone: { type: 'boolean', default: false },
    logs: { type: 'string' },
  },
});

const chosen = PLAYS.filter(({ name }) => values.only === undefined || values.only.includes(name));

async function bringImages(engines: readonly Engine[]): Promise<void> {
  const archive = await stackImages();
  await Promise.all(
    engines.map(async (engine) => {
      const answer = await engine.api().post('/images/load', createReadStream(archive));
      if (answer.status !== 200 || answer.text.includes('errorDetail')) throw new Error(answer.text);
    }),
  );
}

function keep(seen: Partial<Both>, { is }: Composer, { name }: Play): void {
  if (values.logs === undefined) return;
  mkdirSync(values.logs, { recursive: true });
  for (const [engine, text] of Object.entries(seen))
    writeFileSync(join(values.logs, `${name}.${is}.${engine}.txt`), text);
}

/** @returns what became of it, for its line */
async function playOne(
  gantry: Engine,
  peer: Engine | string,
  composer: Composer,
  play: Play,
): Promise<string> {
  if (typeof peer === 'string') {
    keep({ gantry: await seenOn(gantry, composer, play) }, composer, play);
    return 'played';
  }
  const both = await seenOnBoth(gantry, peer, composer, play);
  keep({ ...both }, composer, play);
  assertAlike(both, composer, play);
  const reasons = listed(play, composer).map(({ why }) => `\n  but for: ${why}`);
  return `as on dockerd${reasons.join('')}`;
}

/** @returns how many files were not as on dockerd */
async function playAll(composer: Composer): Promise<number> {
  const ends: (() => Promise<void>)[] = [];
  const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
  let failed = 0;
  try {
    const gantry = await startGantry(scope);
    const peer = values.alone ? 'not asked for' : await startPeer(scope, composer);
    if (typeof peer === 'string') console.log(`Compose ${composer.is}: no dockerd to compare with: ${peer}`);
    const plays = chosen.filter((play) => isFor(play, composer));
    if (plays.some(({ stack }) => stack))
      await bringImages(typeof peer === 'string' ? [gantry] : [gantry, peer]);
    for (const play of plays) {
      const started = Date.now();
      const say = (what: string) =>
        console.log(
          `Compose ${composer.is} ${play.name} (${Math.round((Date.now() - started) / 1000)} s): ${what}`,
        );
      try {
        say(await playOne(gantry, peer, composer, play));
      } catch (error) {
        failed++;
        say('FAILED');
        console.log(error instanceof Error ? `${error.message}\n${error.cause ?? ''}` : error);
      }
    }
  } finally {
    for (const end of ends.reverse()) await end();
  }
  return failed;
}

let failed = 0;
for (const composer of composers().filter(({ is }) => values.compose === undefined || values.compose === is))
  failed += await playAll(composer);
if (failed > 0) process.exitCode = 1;
