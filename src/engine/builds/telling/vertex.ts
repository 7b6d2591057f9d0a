/** Work on a result that is told as a vertex of its own, its parts as statuses: `exporting to image`. */
import { createHash, randomUUID } from 'node:crypto';
import { messageOf } from '../../../base/errors.ts';
import type { Nanos } from '../../../base/time.ts';
import type { BuildEvent, VertexEvent } from '../../../model/build-event.ts';

/** Who hears of it. */
export interface Telling {
  readonly tell: (event: BuildEvent) => Promise<void> | undefined;
  readonly now: () => Nanos;
}

/** A vertex while it is worked on. */
export interface WorkVertex {
  /** One part of the work, from its beginning to its end. */
  part<T>(id: string, work: () => Promise<T>): Promise<T>;
  /** A part whose bytes are told while they come; told again with `done` at its end. */
  transfer(id: string): Promise<Transfer>;
  /** Something that was asked for is not done. */
  warn(short: string, detail: string): Promise<void>;
}

/** Bytes on their way. */
export interface Transfer {
  told(bytes: number): Promise<void> | undefined;
  done(bytes: number): Promise<void> | undefined;
}

/** Tells of work under that name while it is done. */
export async function asVertex<T>(
  name: string,
  telling: Telling,
  work: (vertex: WorkVertex) => Promise<T>,
): Promise<T> {
  const { tell, now } = telling;
  const digest = `sha256:${createHash('sha256').update(`${name} ${randomUUID()}`).digest('hex')}`;
  const begun: VertexEvent = { is: 'vertex', digest, inputs: [], name, started: now() };
  await tell(begun);
  try {
    const result = await work(workVertex(digest, telling));
    await tell({ ...begun, completed: now() });
    return result;
  } catch (error) {
    await tell({ ...begun, completed: now(), error: messageOf(error) });
    throw error;
  }
}

function workVertex(vertex: string, telling: Telling): WorkVertex {
  return {
    async part(id, work) {
      const done = await begin(vertex, id, telling);
      const result = await work();
      await done();
      return result;
    },
    transfer: (id) => transfer(vertex, id, telling),
    warn: async (short, detail) => {
      await telling.tell({ is: 'warning', vertex, level: 1, short, detail: [detail] });
    },
  };
}

async function begin(vertex: string, id: string, { tell, now }: Telling): Promise<() => Promise<void>> {
  const started = now();
  const status = { is: 'status', vertex, id, current: 0, total: 0, started } as const;
  await tell({ ...status, at: started });
  return async () => {
    const completed = now();
    await tell({ ...status, at: completed, completed });
  };
}

/** People see no more in a second. */
const TOLD_EVERY_NANOS = 100_000_000n;

async function transfer(vertex: string, id: string, { tell, now }: Telling): Promise<Transfer> {
  const started = now();
  const status = { is: 'status', vertex, id, name: 'transferring', total: 0, started } as const;
  let last = started;
  await tell({ ...status, current: 0, at: started });
  return {
    told(current) {
      const at = now();
      if (at - last < TOLD_EVERY_NANOS) return undefined;
      last = at;
      return tell({ ...status, current, at });
    },
    done(current) {
      const completed = now();
      return tell({ ...status, current, at: completed, completed });
    },
  };
}
