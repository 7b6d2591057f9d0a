/** Descriptors and platforms as OCI's image specification spells them. */
import { type Infer, integer, list, map, object, optional, string } from '../base/schema.ts';

/** What an image runs on. */
export const Platform = object('Platform', {
  architecture: optional(string()),
  os: optional(string()),
  'os.version': optional(string()),
  'os.features': optional(list(string())),
  variant: optional(string()),
});
export type Platform = Infer<typeof Platform>;

/** What is told of a blob: its kind, digest and size. */
export const Descriptor = object('Descriptor', {
  mediaType: string(),
  digest: string(),
  size: integer(),
  urls: optional(list(string())),
  annotations: optional(map(string())),
  /** The blob itself, in base64, where it is small. */
  data: optional(string()),
  platform: optional(Platform),
  artifactType: optional(string()),
});
export type Descriptor = Infer<typeof Descriptor>;
