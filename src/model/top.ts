/** The processes of a container as a table. */
import { type Infer, list, object, string } from '../base/schema.ts';

/** The table: titles of its columns, and one row a process. */
export const TopResponse = object('TopResponse', {
  Titles: list(string()),
  Processes: list(list(string())),
});
export type TopResponse = Infer<typeof TopResponse>;
