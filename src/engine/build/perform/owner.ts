/** Whose copied files are: `--chown`, by the names that the image itself knows. */
import { NotFound } from '../../../base/errors.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import type { CopyStep as StorageCopy } from '../../../storage/index.ts';
import type { StepImage } from '../../images/steps.ts';
import type { CopyStep } from '../plan/step.ts';
import type { Building } from './shared.ts';

/** Largest table of users that is read: an image must not decide how much memory a build takes. */
const TABLE_BYTES_MAX = 1 << 20;
/** Largest id the kernel takes; 2^32 − 1 means "unchanged". */
const ID_MAX = 2 ** 31 - 1;

/** An owner in numbers. */
type Owner = NonNullable<StorageCopy['owner']>;

/** Undefined: files keep the owners that they have where they come from. @throws InvalidArgument */
export async function ownerOf(
  building: Building,
  { chown, from: source }: CopyStep,
  image: StepImage,
  signal: AbortSignal,
): Promise<Owner | undefined> {
  if (chown === undefined) return source === undefined ? { uid: 0, gid: 0 } : undefined;
  // A user alone is a group of the same name, too.
  const [user = '', group = user] = chown.split(':', 2);
  if (isId(user) && isId(group)) return { uid: idOf(user), gid: idOf(group) };
  await using files = building.deps.storage.files.openLayers(image.chainId);
  const table = async (path: string): Promise<string> => {
    try {
      return (await files.readFile(path, { most: TABLE_BYTES_MAX, signal })).toString();
    } catch (error) {
      if (error instanceof NotFound) return '';
      throw error;
    }
  };
  return {
    uid: isId(user) ? idOf(user) : idIn(await table('etc/passwd'), user, 'uid'),
    gid: isId(group) ? idOf(group) : idIn(await table('etc/group'), group, 'gid'),
  };
}

const isId = (text: string): boolean => /^\d{1,10}$/.test(text);

function idOf(text: string): number {
  if (Number(text) > ID_MAX) throw stepFailure.ownerOutOfRange({ id: text });
  return Number(text);
}

/** The third field of the line that begins with the name (passwd(5), group(5)). */
function idIn(table: string, name: string, what: 'uid' | 'gid'): number {
  for (const text of table.split('\n')) {
    const [first, , id = ''] = text.split(':');
    if (first === name && isId(id)) return idOf(id);
  }
  throw stepFailure.ownerUnknown({ what, name });
}
