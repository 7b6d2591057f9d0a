/** What must be true of a data root after a deed's process was killed, whatever it was at. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { examineDataRoot } from '../../../src/engine/index.ts';
import type { FakeRegistry } from '../../harness/fake-registry.ts';
import { type Deed, type Host, namesIn, openHost, perform, prepare } from './deeds.ts';

/** The data root that deeds are done on, and the registry that they pull from. */
export interface Grounds {
  readonly root: string;
  readonly registry: FakeRegistry;
}

/** The next process has all of it or nothing, can do it again, and gets everything off the disk. */
export async function afterwards(
  deed: Deed,
  round: number,
  text: string,
  { root, registry }: Grounds,
): Promise<void> {
  const host = await openHost(root);
  try {
    await removeStrayLayers(host);
    await emptied(join(root, 'trash'));
    await sound(root, `${text}: after the restart`);
    if (deed !== 'rmi' && deed !== 'prune') {
      await prepare(host, deed, round);
      await perform(host, deed, round, registry.host);
      const names = await namesIn(host);
      assert.ok(
        [...names].some((name) => name.endsWith(`:${round}`)),
        `${text}: not done again`,
      );
    }
    await host.images.prune(new Map([['dangling', ['false']]]), new AbortController().signal);
    await emptied(join(root, 'trash'));
    assert.deepEqual([...(await namesIn(host))], [], text);
    for (const directory of ['l', 'w', 'staging', 'unfinished', 'content/blobs/sha256'])
      assert.deepEqual(readdirSync(join(root, directory)), [], `${text}: ${directory} is not empty`);
    await sound(root, `${text}: after everything was removed`);
  } finally {
    await host.close();
  }
}

/** What recovery of containers does with layers of none. */
async function removeStrayLayers({ storage }: Host): Promise<void> {
  for (const id of await storage.layers.writable()) await storage.layers.removeWritable(id);
}

async function sound(root: string, text: string): Promise<void> {
  const { findings } = await examineDataRoot(root);
  assert.deepEqual(findings, [], text);
}

/** Trash is deleted in the background. */
async function emptied(trash: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (readdirSync(trash).length > 0) {
    assert.ok(Date.now() < deadline, `${trash} is not emptied`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
