/** The history of builds as `Control.ListenBuildHistory` tells it. */

import type { BuildHistory, BuildRecord, HistoryChange } from '../../../engine/index.ts';
import { Status, timestampIn } from '../messages/common.ts';
import {
  type BuildHistoryEvent,
  BuildHistoryRecord,
  type BuildHistoryRequest,
  Exporter,
} from '../messages/control.ts';
import type { Infer } from '../wire/message.ts';

const TYPES = { started: 0, complete: 1, deleted: 2 } as const;
type Told = Infer<typeof BuildHistoryEvent>;

/** What there is, oldest first, then (unless the client wants no more) what changes. */
export async function* historyEvents(
  history: BuildHistory,
  { activeOnly, ref, earlyExit, limit }: Infer<typeof BuildHistoryRequest>,
  signal: AbortSignal,
): AsyncGenerator<Told, void> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const isWanted = (record: BuildRecord): boolean => ref === '' || record.ref === ref;
  // Watched before it is listed: nothing falls between.
  const changes = history.watch(either)[Symbol.asyncIterator]();
  const first = earlyExit ? undefined : changes.next();
  try {
    const known = history.list().filter(isWanted);
    for (const record of limit > 0 ? known.slice(-limit) : known)
      if (record.completedAt === undefined) yield told('started', record);
      else if (!activeOnly) yield told('complete', record);
    for (let next = await first; next && !next.done; next = await changes.next()) {
      const { is, record } = next.value;
      if (isWanted(record)) yield told(is, record);
    }
  } finally {
    ending.abort();
    await changes.return?.();
  }
}

function told(is: HistoryChange['is'], record: BuildRecord): Told {
  const { ref, frontend, attributes, outputs, failure, response, pinned, steps, warnings, generation } =
    record;
  return {
    type: TYPES[is],
    record: BuildHistoryRecord.create({
      ...{ ref, frontend, pinned, generation },
      frontendAttrs: new Map(Object.entries(attributes)),
      exporters: outputs.map((each) =>
        Exporter.create({ type: each.type, attrs: new Map(Object.entries(each.attributes)) }),
      ),
      error: failure && Status.create({ code: failure.code, message: failure.message }),
      createdAt: timestampIn(record.createdAt),
      completedAt: timestampIn(record.completedAt),
      exporterResponse: new Map(Object.entries(response)),
      numCachedSteps: steps.cached,
      numTotalSteps: steps.total,
      numCompletedSteps: steps.completed,
      numWarnings: warnings,
    }),
  };
}
