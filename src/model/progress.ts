/** One message of a long operation: pull, import, load, push, build. */
import { anything, type Infer, integer, object, optional, string } from '../base/schema.ts';

/** One message. */
export const Progress = object('Message', {
  stream: optional(string()),
  status: optional(string()),
  progressDetail: optional(
    object('Progress', {
      current: optional(integer()),
      total: optional(integer()),
      start: optional(integer()),
      units: optional(string()),
    }),
  ),
  id: optional(string()),
  /** Old clients read `error`, new ones `errorDetail`: the front door writes both when an operation fails. */
  error: optional(string()),
  errorDetail: optional(object('Error', { code: optional(integer('int')), message: string() })),
  aux: optional(anything()),
});
export type Progress = Infer<typeof Progress>;

/** A line for people, as the command line prints it. */
export const line = (text: string): Progress => ({ stream: `${text}\n` });
