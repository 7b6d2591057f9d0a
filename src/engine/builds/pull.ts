/** Brings a base image here, with the login for its registry. */

import type { Credentials } from '../../formats/credentials.ts';
import { platformText, type WantedPlatform } from '../../formats/platform.ts';
import { familiarString, parseReference, withDefaultTag } from '../../formats/reference.ts';
import type { Images } from '../images/promise.ts';
import { loginFor } from './logins.ts';
import type { Say } from './output.ts';

/** An image that is to be brought here. */
export interface WantedImage {
  readonly name: string;
  /** Undefined: this machine's. */
  readonly platform: WantedPlatform | undefined;
  /** By what the client calls the registry; '' is for whatever registry has none of its own. */
  readonly credentials: ReadonlyMap<string, Credentials>;
}

/** @throws InvalidArgument, NotFound, Failed */
export type PullBase = (wanted: WantedImage, say: Say, signal: AbortSignal) => Promise<void>;

/** Pulls by the verbs of images. */
export const pullFor =
  (images: Pick<Images, 'pull'>): PullBase =>
  async ({ name, platform, credentials }, say, signal) => {
    const reference = withDefaultTag(parseReference(name));
    const messages = images.pull({
      image: familiarString(reference),
      tag: undefined,
      platform: platform && platformText(platform),
      credentials: loginFor(reference.domain, credentials),
      oneByOne: false,
      signal,
    });
    for await (const message of messages) await say(message);
  };
