/** What is on record of builds that are over. */
import { boolean, integer, list, map, object, optional, type Schema, string } from '../../../base/schema.ts';
import type { RecordKind } from '../../../base/stored.ts';
import type { BuildRecord } from './promise.ts';

const schema: Schema<BuildRecord> = object('build record', {
  ref: string(),
  frontend: string(),
  attributes: map(string()),
  outputs: list(object('output', { type: string(), attributes: map(string()) })),
  createdAt: string(),
  completedAt: optional(string()),
  failure: optional(object('failure', { code: integer(), message: string() })),
  response: map(string()),
  pinned: boolean(),
  steps: object('steps', { total: integer(), completed: integer(), cached: integer() }),
  warnings: integer(),
  generation: integer(),
});

/** Builds that are over, by the names of their journals' files. */
export const BUILD_HISTORY: RecordKind<BuildRecord> = { table: 'build-history', schema, migrations: [] };
