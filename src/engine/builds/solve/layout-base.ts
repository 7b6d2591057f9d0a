/** A context with a name that is an image in a layout of the client's (`oci-layout://`). */
import { inContext } from '../../../base/errors.ts';
import { platformText, type WantedPlatform } from '../../../formats/platform.ts';
import { parseReference } from '../../../formats/reference.ts';
import { vertexContext } from '../../../model/failures/vertex.ts';
import type { LentBlob } from '../../images/lent-store.ts';
import { held } from '../perform/hold.ts';
import { toldOf } from './definition.ts';
import type { Work } from './perform/solving.ts';
import { vertexDigest } from './plan/nodes.ts';
import type { Resolved } from './plan/platform.ts';
import type { BuildInput } from './promise.ts';

/** People see no more in a second. */
const TOLD_EVERY_MS = 100;

/** Its layers are held until the end of the build. `name`: what the client calls it. @throws InvalidArgument, NotFound, Failed */
export async function layoutBase(
  work: Work,
  name: string,
  { store, digest }: Extract<BuildInput, { is: 'layout' }>,
  platform: WantedPlatform,
): Promise<Resolved> {
  const { deps, options, lease, ending, teller } = work;
  const reference = `${fullName(name)}@${digest}`;
  const vertex = {
    digest: vertexDigest(['layout', name, digest, platformText(platform), crypto.randomUUID()]),
    name: `[context ${name}] load metadata for ${reference}`,
    inputs: [],
  };
  let toldMs = 0;
  const heard = ({ digest: id, size: total }: LentBlob, current: number): void => {
    const isDone = current === total;
    const now = performance.now();
    if (!isDone && now - toldMs < TOLD_EVERY_MS) return;
    toldMs = now;
    teller.part(vertex, { id, name: 'transferring', current, total, isDone });
  };
  const lent = { store: options.client.store(`oci:${store}`), digest, platform };
  const opened = () => deps.images.openLayout({ ...lent, lease, heard, signal: ending.signal });
  const image = await toldOf(work, vertex, opened).catch((error: unknown) => {
    throw inContext(error, vertexContext.metadata({ reference }));
  });
  return {
    ...{ is: 'image', image: held(work, image), reference, resolved: undefined },
    description: `loaded from ${reference}`,
    name: `[context ${name}] OCI load from client`,
  };
}

/** With the registry that it would have, as BuildKit draws it. */
function fullName(name: string): string {
  try {
    const { domain, path, tag } = parseReference(name);
    return `${domain}/${path}${tag === undefined ? '' : `:${tag}`}`;
  } catch {
    return name; // what cannot be a name of an image may still be one of the client's
  }
}
