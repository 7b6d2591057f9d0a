/** What builds keep for later ones, as clients see it. */
import { boolean, type Infer, integer, list, object, optional, string } from '../base/schema.ts';

/** A step that was done, or a directory that steps share. */
export const CacheRecord = object('CacheRecord', {
  ID: string(),
  Parents: optional(list(string())),
  Type: string(),
  Description: string(),
  InUse: boolean(),
  /** An image that has a name, or a container, needs it too. */
  Shared: boolean(),
  /** Bytes. */
  Size: integer(),
  /** RFC 3339. */
  CreatedAt: string(),
  LastUsedAt: optional(string()),
  UsageCount: integer('int'),
});
export type CacheRecord = Infer<typeof CacheRecord>;
