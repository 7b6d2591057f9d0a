/** What there is of an image for each platform, and where it comes from. */
import {
  anything,
  boolean,
  type Infer,
  integer,
  list,
  object,
  oneOf,
  optional,
  presentList,
  string,
} from '../base/schema.ts';
import { Descriptor, Platform } from './descriptor.ts';

/** Where an image comes from, as the engine saw it come. */
export const Identity = object('Identity', {
  /** Repositories with their registry. */
  Pull: optional(list(object('PullIdentity', { Repository: string() }))),
});
export type Identity = Infer<typeof Identity>;

/** One thing that was attested of an image. */
export const AttestationStatement = object('AttestationStatement', {
  Descriptor,
  PredicateType: string(),
  /** Only when asked for. */
  Statement: optional(anything()),
});
export type AttestationStatement = Infer<typeof AttestationStatement>;

/** One manifest of those under an image's name. Sizes are bytes on the disk. */
export const ManifestSummary = object('ManifestSummary', {
  /** The manifest's digest. */
  ID: string(),
  Descriptor,
  /** Whether all that it names is here. */
  Available: boolean(),
  Size: object('', { Content: integer(), Total: integer() }),
  Kind: oneOf('image', 'attestation', 'unknown'),
  ImageData: optional(
    object('ImageProperties', {
      Identity: optional(Identity),
      Platform,
      Containers: presentList(string()),
      Size: object('', { Unpacked: integer() }),
    }),
  ),
  AttestationData: optional(object('AttestationProperties', { For: string() })),
});
export type ManifestSummary = Infer<typeof ManifestSummary>;
