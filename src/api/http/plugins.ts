/** Calls of managed plugins, beside their list, which is a call like any other: there are none. */
import type { EngineError } from '../../base/errors.ts';
import { pluginFailure } from '../../model/failures/plugin.ts';
import { type Dialect, minorOf } from '../versions/index.ts';

const SINCE = 24;
/** Words behind `/plugins/` that are no plugin's name. */
const VERBS = new Set(['pull', 'privileges', 'create']);
const OF_ONE = /^(.+?)(?:\/(?:json|enable|disable|upgrade|push|set))?$/;

/** What is answered to `path`, without the version before it; undefined: it is no path of plugins. */
export function pluginRefusal(path: string, { version }: Dialect): EngineError | undefined {
  const [, rest] = /^\/plugins\/(.+)$/.exec(path) ?? [];
  if (rest === undefined || minorOf(version) < SINCE) return undefined;
  if (VERBS.has(rest)) return pluginFailure.unsupported();
  return pluginFailure.notFound({ name: OF_ONE.exec(rest)?.[1] ?? rest });
}
