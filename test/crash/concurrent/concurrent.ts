/**
 * Very many clients do what they like to a few containers, images, volumes and networks, at once and by seed; afterwards
 * there must be an order for each object that explains every answer. `killEverySeconds`: the daemon dies meanwhile, and
 * what it did not answer may have happened or not.
 */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Gantry } from '../../harness/gantry.ts';
import { dockerArchiveOf, file, loadArchive, tarOf } from '../../harness/layered.ts';
import { Life } from '../life.ts';
import { randomFrom } from '../workload.ts';
import { History } from './history.ts';
import { boxes } from './models/containers.ts';
import { held, tag } from './models/stores.ts';
import {
  containerVerb,
  type Doer,
  type Group,
  type Joined,
  networkVerb,
  type Tagged,
  tagVerb,
  type Used,
  volumeVerb,
} from './verbs.ts';

const CLIENTS = 32;

/** How long they go on, and what they draw their chances from. */
export interface ConcurrentOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Undefined: it is not killed. */
  readonly killEverySeconds?: number;
}

/** What was seen. */
export interface ConcurrentVerdict {
  readonly verbs: number;
  readonly kills: number;
  /** Moments by object. */
  readonly moments: Readonly<Record<string, number>>;
  /** Answers that no verb has, and objects whose answers no order explains. */
  readonly wrong: readonly string[];
}

interface Objects {
  readonly groups: readonly Group[];
  readonly tags: readonly Tagged[];
  readonly volumes: readonly Used[];
  readonly networks: readonly Joined[];
}

/** Runs it. What is wrong is told, not thrown. */
export async function runConcurrent(gantry: Gantry, options: ConcurrentOptions): Promise<ConcurrentVerdict> {
  const life = new Life(gantry);
  const objects = await makeObjects(gantry);
  const wrong: string[] = [];
  const deadline = performance.now() + options.seconds * 1000;
  const isOver = () => performance.now() >= deadline;
  let verbs = 0;
  let number = 0;
  const client = async (index: number): Promise<void> => {
    const random = randomFrom(options.seed + index);
    const doer: Doer = { life, random, next: () => ++number };
    while (!isOver()) {
      await life.up();
      try {
        await anyVerb(doer, objects);
        verbs += 1;
      } catch (error) {
        wrong.push(String(error));
      }
    }
  };
  const kills = killing(life, options, isOver);
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
  const all = [...objects.groups, ...objects.tags, ...objects.volumes, ...objects.networks];
  for (const { history } of all) {
    const why = orderOf(history);
    if (why !== undefined) wrong.push(why);
  }
  const moments = Object.fromEntries(all.map(({ history }) => [history.name, history.size]));
  const verdict = { verbs, kills: await kills, moments, wrong };
  await removeObjects(gantry, objects);
  return verdict;
}

function orderOf(history: { readonly name: string; unexplained(): string | undefined }): string | undefined {
  try {
    return history.unexplained();
  } catch (error) {
    return `${history.name}: ${error}`;
  }
}

/** Containers have the most verbs, and get the most of them. */
async function anyVerb(doer: Doer, { groups, tags, volumes, networks }: Objects): Promise<void> {
  const drawn = doer.random();
  const pick = <T>(from: readonly T[]): T => from[Math.floor(doer.random() * from.length)] as T;
  if (drawn < 0.55) return containerVerb(doer, pick(groups));
  if (drawn < 0.7) return tagVerb(doer, pick(tags));
  if (drawn < 0.85) return volumeVerb(doer, pick(volumes));
  return networkVerb(doer, pick(networks));
}

async function killing(
  life: Life,
  { killEverySeconds, seed }: ConcurrentOptions,
  isOver: () => boolean,
): Promise<number> {
  if (killEverySeconds === undefined) return 0;
  const random = randomFrom(seed - 1);
  for (let kills = 0; ; kills++) {
    const next = performance.now() + killEverySeconds * 1000 * (0.5 + random());
    while (!isOver() && performance.now() < next) await pause(50);
    if (isOver()) return kills;
    await life.killDaemon(0);
  }
}

async function makeObjects(gantry: Gantry): Promise<Objects> {
  const api = gantry.api();
  const images = ['kept0', 'kept1', 'kept2'].map((name) => ({
    tags: [`${name}:latest`],
    layers: [tarOf([file(name, name)])],
  }));
  await loadArchive(api, dockerArchiveOf(images));
  const kept: (readonly [string, string])[] = [];
  for (const name of ['kept0', 'kept1', 'kept2'])
    kept.push([name, (await api.get(`/images/${name}/json`)).json<{ Id: string }>().Id]);
  const members: (readonly [string, string])[] = [];
  for (const name of ['member0', 'member1', 'member2', 'member3']) {
    const made = await api.post(`/containers/create?name=${name}`, {
      Image: 'busybox',
      Cmd: ['sleep', '100000'],
    });
    const { Id } = made.json<{ Id: string }>();
    assert.equal((await api.post(`/containers/${Id}/start`)).status, 204);
    members.push([name, Id]);
  }
  const three = [0, 1, 2];
  return {
    groups: three.map((group) => ({
      history: new History(`containers ${group}`, boxes),
      names: three.map((each) => `c${group}-${each}`),
      ids: [],
    })),
    tags: three.map((each) => ({
      history: new History(`tag ${each}`, tag),
      tag: `tag${each}`,
      images: kept,
    })),
    volumes: three.map((each) => ({
      history: new History(`volume ${each}`, held),
      name: `vol${each}`,
      users: [],
    })),
    networks: [0, 1].map((each) => ({
      history: new History(`network ${each}`, held),
      name: `net${each}`,
      containers: members,
    })),
  };
}

/** Nobody is under way: whatever is there can go. */
async function removeObjects(gantry: Gantry, { tags, volumes, networks }: Objects): Promise<void> {
  const api = gantry.api();
  const all = (await api.get('/containers/json?all=1')).json<{ Id: string }[]>();
  for (const { Id } of all) {
    const removed = await api.delete(`/containers/${Id}?force=1`);
    assert.equal(removed.status, 204, removed.text);
  }
  for (const path of [
    ...tags.map(({ tag }) => `/images/${tag}`),
    ...volumes.map(({ name }) => `/volumes/${name}`),
    ...networks.map(({ name }) => `/networks/${name}`),
  ]) {
    const { status, text } = await api.delete(path);
    assert.ok(status < 300 || status === 404, `DELETE ${path}: ${status} ${text}`);
  }
}
