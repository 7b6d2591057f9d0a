/** Plays: what people do with a compose file, on Gantry and on dockerd; what they saw must be equal. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assertSame, type Difference } from '../cli/scenes.ts';
import { peersDirectory } from '../harness/docker.ts';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import type { Scope } from '../harness/gantry.ts';
import { type Composer, imageIds, Stage } from './stage.ts';

/** A compose file in `files/NAME`, and what is done with it. */
export interface Play {
  readonly name: string;
  /** Whether it needs the images of {@link import('./images.ts').stackImages}. */
  readonly stack?: boolean;
  /** The file says what only this Compose understands. */
  readonly only?: Composer['is'];
  /** Where the engines differ on purpose, under both Composes or one. */
  readonly differences?: readonly (Difference & { readonly only?: Composer['is'] })[];
  readonly play: (stage: Stage) => Promise<void>;
}

/** Debian 12's Compose, written in Python; where this machine has it. */
const VERSION_1 = '/usr/lib/python3/dist-packages/compose/__init__.py';

/** The Composes that this machine has, or can unpack. */
export function composers(): readonly Composer[] {
  const found: Composer[] = [];
  if (existsSync(VERSION_1)) found.push({ is: 'v1', path: '/usr/bin/docker-compose' });
  try {
    const path = join(peersDirectory(13), 'usr/libexec/docker/cli-plugins/docker-compose');
    if (existsSync(path)) found.push({ is: 'v2', path });
  } catch {
    // no Debian, or no way to its packages
  }
  return found;
}

/** The peer of its time: dockerd 20.10 for Compose 1, 26 for Compose 2. */
export const startPeer = (scope: Scope, { is }: Composer): Promise<Dockerd | string> =>
  startDockerd(scope, { bridge: true, ...(is === 'v2' ? { release: 13 as const } : {}) });

/** The play on one engine: its transcript. */
export async function seenOn(engine: Engine, composer: Composer, { name, play }: Play): Promise<string> {
  const before = await imageIds(engine);
  const stage = new Stage(engine, composer, name);
  try {
    await play(stage);
    return stage.seen;
  } catch (error) {
    throw new Error(`${engine.constructor.name}: after\n${stage.seen}`, { cause: error });
  } finally {
    await stage.clear(before);
  }
}

/** What both engines showed of one play. */
export interface Both {
  readonly gantry: string;
  readonly dockerd: string;
}

/** Plays on both at once. */
export async function seenOnBoth(
  gantry: Engine,
  peer: Engine,
  composer: Composer,
  play: Play,
): Promise<Both> {
  const [ours, theirs] = await Promise.allSettled([
    seenOn(gantry, composer, play),
    seenOn(peer, composer, play),
  ]);
  if (ours.status === 'rejected') throw ours.reason;
  if (theirs.status === 'rejected') throw theirs.reason;
  return { gantry: ours.value, dockerd: theirs.value };
}

/** The differences that a play lists under this Compose. */
export const listed = ({ differences = [] }: Play, { is }: Composer): readonly Difference[] =>
  differences.filter(({ only }) => only === undefined || only === is);

/** @throws AssertionError with the lines in which they differ */
export function assertAlike({ gantry, dockerd }: Both, composer: Composer, play: Play): void {
  assertSame(gantry, dockerd, listed(play, composer));
}

/** Whether this Compose can play it. */
export const isFor = ({ only }: Play, { is }: Composer): boolean => only === undefined || only === is;
