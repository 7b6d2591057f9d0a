/** Where the files of a build come from: a body that is an archive, one that is a form with an archive in it, or an address. */
import { Readable } from 'node:stream';
import { gather } from '../../base/bytes.ts';
import type { BuildSource } from '../../engine/index.ts';
import { multipartParts } from '../../formats/multipart.ts';
import { buildFailure } from '../../model/failures/build.ts';
import type { Call } from './handlers.ts';

/** A Dockerfile in a form is held in memory; none is longer. */
const DOCKERFILE_BYTES_MAX = 1 << 20;

/** @throws InvalidArgument for a form that has no boundary */
export function sourceOf(
  remote: string | undefined,
  call: Pick<Call, 'bytes' | 'contentType' | 'buildBody'>,
): BuildSource {
  if (remote !== undefined) return { is: 'remote', address: remote };
  const { bytes, contentType = '', buildBody } = call;
  if (buildBody === 'archive' || !/^multipart\//i.test(contentType)) return { is: 'archive', bytes };
  return formSource(bytes, contentType);
}

/** The parts `Dockerfile` and, unless the Dockerfile is all there is, `Context`, in whichever order they come. */
function formSource(body: Readable, contentType: string): BuildSource {
  let dockerfile: Buffer | undefined;
  return {
    is: 'archive',
    bytes: Readable.from(context(), { objectMode: false }),
    dockerfile: () => dockerfile,
  };

  async function* context(): AsyncGenerator<Buffer, void> {
    for await (const { name, bytes } of multipartParts(body, contentType)) {
      if (name === 'Context') yield* bytes;
      else if (name === 'Dockerfile') dockerfile = await gather(bytes, DOCKERFILE_BYTES_MAX, tooLong);
    }
    if (dockerfile === undefined) throw buildFailure.formUnreadable({ why: 'it has no part Dockerfile' });
  }
}

const tooLong = () =>
  buildFailure.formUnreadable({ why: `its Dockerfile is longer than ${DOCKERFILE_BYTES_MAX} bytes` });
