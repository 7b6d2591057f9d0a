/** A container's log on the disk: where it is, what its options say, and opening it for writing. */
import { messageOf } from '../../../base/errors.ts';
import { DEFAULT_LIMITS, OutputWriter } from '../../../runtime/index.ts';
import type { Container } from '../container.ts';
import type { WithContainersRoot, WithLog } from '../needs.ts';
import { type LogSettings, readLogSettings } from './settings.ts';

/** What is needed to reach a container's log. */
export type LogFilesDeps = WithContainersRoot & WithLog;

/** The container's log, open for writing, as large as its options say. */
export const openLog = (deps: LogFilesDeps, { record }: Container): OutputWriter =>
  new OutputWriter(logDirectory(deps, record.id), logSettings(deps, record)?.limits ?? DEFAULT_LIMITS);

/** Undefined for options that only an earlier version took: no process, and no log, is lost because of them. */
export function logSettings(
  { log }: WithLog,
  { id, hostConfig }: Container['record'],
): LogSettings | undefined {
  try {
    return readLogSettings(hostConfig.LogConfig);
  } catch (error) {
    log.warn('log.options', { id, reason: messageOf(error) });
    return undefined;
  }
}

/** The directory of the log's segments. */
export const logDirectory = ({ containersRoot }: WithContainersRoot, id: string): string =>
  `${containersRoot}/${id}/log`;
