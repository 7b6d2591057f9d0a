/** Names that are a container's and an image's at once: versions 1.4 to 1.11 did not inspect either of them. */
import { isFailure } from '../../base/failures.ts';
import { requestFailure } from '../../model/failures/request.ts';

/** @throws Conflict when the other thing of the same name is there after all */
export async function refuseOther(
  other: Promise<unknown>,
  notFound: Parameters<typeof isFailure>[1],
): Promise<void> {
  try {
    await other;
  } catch (error) {
    if (isFailure(error, notFound)) return;
    throw error;
  }
  throw requestFailure.nameShared();
}
