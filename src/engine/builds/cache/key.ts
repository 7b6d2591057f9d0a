/** What a step is known by: the image it begins with, and all that decides what it makes of it. Pure. */
import { createHash } from 'node:crypto';
import type { ContainerConfig } from '../../../model/config.ts';

/** The parts of a step's key. */
export interface StepParts {
  /** The image that it begins with; empty: none. */
  readonly from: string;
  /** Of the container that it is done in, its command being the instruction with digests of what is copied. */
  readonly containerConfig: ContainerConfig;
  /** Of the image that it makes. */
  readonly config: ContainerConfig;
  readonly author: string;
  /** What the command does not tell: mounts and what is in them, times that are set. */
  readonly more?: readonly string[];
}

/** Hexadecimal. Secrets must not be a part of it: it is kept, and could be tried out. */
export const stepKey = ({ from, containerConfig, config, author, more = [] }: StepParts): string =>
  createHash('sha256')
    .update(JSON.stringify([from, sorted(containerConfig), sorted(config), author, more]))
    .digest('hex');

/** What a step is kept by that an image lent which the client named: no build that names none is to find it. */
export const lentKey = (key: string, image: string): string =>
  createHash('sha256').update(`lent ${key} ${image}`).digest('hex');

/** Members in the order of their names: maps are equal however they came about. Lists keep their order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, each]) => each !== undefined);
  return members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, each]) => [name, sorted(each)]);
}
