/** Whose files are that a build makes, in BuildKit's manner: who is unknown to the image is root. */
import { NotFound } from '../../../../base/errors.ts';
import { USER_ID_MAX, USER_TABLE_BYTES_MAX, userTable } from '../../../../formats/passwd.ts';
import { stepFailure } from '../../../../model/failures/step.ts';
import type { StepImage } from '../../../images/steps.ts';
import type { Solving } from './solving.ts';

/** An owner in numbers. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const ROOT: Owner = { uid: 0, gid: 0 };

/** `USER[:GROUP]`, by names of the image or by numbers; a user without a group brings its own. */
export async function ownerIn(solving: Solving, said: string, image: StepImage): Promise<Owner> {
  if (said === '') return ROOT;
  const [user = '', group] = said.split(':', 2);
  const names = [user, group ?? '0'];
  if (names.every(isId)) return { uid: idOf(user), gid: idOf(group ?? user) };
  await using files = solving.deps.storage.files.openLayers(image.chainId);
  const table = async (path: string): Promise<readonly (readonly string[])[]> => {
    try {
      const bytes = await files.readFile(path, {
        most: USER_TABLE_BYTES_MAX,
        signal: solving.ending.signal,
      });
      return userTable(bytes.toString());
    } catch (error) {
      if (error instanceof NotFound) return [];
      throw error;
    }
  };
  const own = isId(user) ? { uid: idOf(user), gid: idOf(user) } : userIn(await table('etc/passwd'), user);
  if (group === undefined) return own;
  const gid = isId(group) ? idOf(group) : groupIn(await table('etc/group'), group);
  return { uid: own.uid, gid: gid ?? own.gid };
}

const isId = (text: string): boolean => /^\d{1,10}$/.test(text);

function idOf(text: string): number {
  if (Number(text) > USER_ID_MAX) throw stepFailure.ownerOutOfRange({ id: text });
  return Number(text);
}

function userIn(table: readonly (readonly string[])[], name: string): Owner {
  const [, , uid = '', gid = ''] = table.find(([first]) => first === name) ?? [];
  return isId(uid) ? { uid: idOf(uid), gid: isId(gid) ? idOf(gid) : 0 } : ROOT;
}

function groupIn(table: readonly (readonly string[])[], name: string): number | undefined {
  const [, , gid = ''] = table.find(([first]) => first === name) ?? [];
  return isId(gid) ? idOf(gid) : undefined;
}
