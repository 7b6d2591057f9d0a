/** What is on record of steps that were done: which image each made of which. */
import { boolean, integer, object, optional, type Schema, string } from '../../../base/schema.ts';
import type { RecordKind } from '../../../base/stored.ts';

/** A step that was done. */
export interface StepRow {
  /** The image that it began with; empty: none. */
  readonly from: string;
  /** The image that it made. */
  readonly image: string;
  /** The instruction, for people. */
  readonly description: string;
  /** Which kind of record it is told as; undefined: a regular one. */
  readonly type?: string | undefined;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly lastUsedAt: string;
  /** How often it was not done again. */
  readonly uses: number;
  /** A build ended with it: its image is somebody's. */
  readonly isResult?: boolean;
}

const stepSchema: Schema<StepRow> = object('build step', {
  from: string(),
  image: string(),
  description: string(),
  type: optional(string()),
  createdAt: string(),
  lastUsedAt: string(),
  uses: integer(),
  isResult: optional(boolean()),
});

/** Steps, by the digest of all that decides what they make. */
export const BUILD_STEPS: RecordKind<StepRow> = { table: 'build-step', schema: stepSchema, migrations: [] };

/** A directory that RUN steps share by `--mount=type=cache`. */
export interface CacheMountRow {
  /** As the Dockerfile has it. */
  readonly id: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly uses: number;
}

const mountSchema: Schema<CacheMountRow> = object('cache mount', {
  id: string(),
  createdAt: string(),
  lastUsedAt: string(),
  uses: integer(),
});

/** Directories of cache mounts, by their names on the disk. */
export const CACHE_MOUNTS: RecordKind<CacheMountRow> = {
  table: 'build-cache-mount',
  schema: mountSchema,
  migrations: [],
};
