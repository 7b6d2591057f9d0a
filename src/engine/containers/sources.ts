/** Host directories that containers mount. */
import { existsSync, mkdirSync } from 'node:fs';
import { InvalidArgument } from '../../base/errors.ts';
import type { ContainerMount } from './record.ts';

/** @throws InvalidArgument for a source of `Mounts` that is not there */
export function requireSources(paths: readonly string[]): void {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new InvalidArgument(
      `invalid mount config for type "bind": bind source path does not exist: ${missing}`,
    );
}

/** `Binds` of a path that is missing make a directory there: the way of the first engine, which scripts rely on. */
export function makeSources(mounts: readonly ContainerMount[]): void {
  for (const { point } of mounts)
    if (point.Type === 'bind' && !existsSync(point.Source))
      mkdirSync(point.Source, { recursive: true, mode: 0o755 });
}
