/** What a build tells, as messages of `Control.Status`. Pure. */
import type { BuildEvent } from '../../../model/build-event.ts';
import { rangeOf } from '../failure.ts';
import { SourceInfo, timestampOf } from '../messages/common.ts';
import { type StatusResponse, Vertex, VertexLog, VertexStatus, VertexWarning } from '../messages/control.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

/** One message of several events, in their order by kind. */
export function statusOf(events: readonly BuildEvent[]): Partial<StatusResponse> {
  const told: Mutable<StatusResponse> = { vertexes: [], statuses: [], logs: [], warnings: [] };
  for (const event of events) add(told, event);
  return told;
}

const optional = (at: bigint | undefined) => (at === undefined ? undefined : timestampOf(at));

function add(told: Mutable<StatusResponse>, event: BuildEvent): void {
  switch (event.is) {
    case 'vertex': {
      const { digest, inputs, name, cached = false, started, completed, error = '' } = event;
      told.vertexes.push(
        Vertex.create({
          ...{ digest, inputs, name, cached, error },
          started: optional(started),
          completed: optional(completed),
        }),
      );
      return;
    }
    case 'status': {
      const { id, vertex, name = '', current, total, at, started, completed } = event;
      told.statuses.push(
        VertexStatus.create({
          ...{ id, vertex, name, current, total },
          timestamp: timestampOf(at),
          started: optional(started),
          completed: optional(completed),
        }),
      );
      return;
    }
    case 'log': {
      const { vertex, stream, bytes, at } = event;
      told.logs.push(VertexLog.create({ vertex, timestamp: timestampOf(at), stream, msg: bytes }));
      return;
    }
    case 'warning': {
      const { vertex, level, short, detail, url = '', source } = event;
      told.warnings.push(
        VertexWarning.create({
          ...{ vertex, level, url },
          short: Buffer.from(short),
          detail: detail.map((each) => Buffer.from(each)),
          ...(source && {
            info: SourceInfo.create({
              filename: source.file.filename,
              data: source.file.bytes,
              language: source.file.language,
            }),
            ranges: source.ranges.map(rangeOf),
          }),
        }),
      );
      return;
    }
    default:
      event satisfies never;
  }
}
