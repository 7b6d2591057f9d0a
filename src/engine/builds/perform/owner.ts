/** Whose copied files are: `--chown`, by the names that the image itself knows. */
import { NotFound } from '../../../base/errors.ts';
import { USER_ID_MAX, USER_TABLE_BYTES_MAX, userTable } from '../../../formats/passwd.ts';
import { stepFailure } from '../../../model/failures/step.ts';
import type { CopyStep as StorageCopy } from '../../../storage/index.ts';
import type { StepImage } from '../../images/steps.ts';
import type { CopyStep } from '../plan/step.ts';
import type { Building } from './shared.ts';

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
      return (await files.readFile(path, { most: USER_TABLE_BYTES_MAX, signal })).toString();
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
  if (Number(text) > USER_ID_MAX) throw stepFailure.ownerOutOfRange({ id: text });
  return Number(text);
}

/** The third field of the line that begins with the name. */
function idIn(table: string, name: string, what: 'uid' | 'gid'): number {
  const found = userTable(table).find(([first, , id = '']) => first === name && isId(id));
  if (!found?.[2]) throw stepFailure.ownerUnknown({ what, name });
  return idOf(found[2]);
}
