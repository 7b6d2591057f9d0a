/** Who a process runs as: `User` looked up in the container's own passwd and group. Pure. */
import { USER_ID_MAX, userTable } from '../../formats/passwd.ts';
import { containerFailure } from '../../model/failures/container.ts';
import type { PlannedUser } from '../../runtime/index.ts';

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}
interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

const number = (text: string | undefined): number =>
  /^\d{1,20}$/.test(text ?? '') ? Number(text) : Number.NaN;

const readPasswd = (text: string): PasswdEntry[] =>
  userTable(text)
    .map(([name = '', , uid, gid, , home = '']) => ({ name, uid: number(uid), gid: number(gid), home }))
    .filter(({ uid, gid }) => !Number.isNaN(uid) && !Number.isNaN(gid));
const readGroup = (text: string): GroupEntry[] =>
  userTable(text)
    .map(([name = '', , gid, members = '']) => ({
      name,
      gid: number(gid),
      members: members.split(',').filter(Boolean),
    }))
    .filter(({ gid }) => !Number.isNaN(gid));

/** What the container's files say; undefined where the image has none. */
export interface UserFiles {
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/** The user in numbers, with the home directory that passwd names. */
export interface ResolvedUser extends PlannedUser {
  readonly home: string;
}

/** `user[:group]`, names or numbers; `groupAdd` from the host configuration. @throws InvalidArgument for unknown names */
export function resolveUser(spec: string, groupAdd: readonly string[], files: UserFiles): ResolvedUser {
  const passwd = readPasswd(files.passwd ?? '');
  const groups = readGroup(files.group ?? '');
  const [who = '', which] = spec.split(':', 2);
  const entry = findUser(passwd, who);
  const gid = which === undefined || which === '' ? (entry.gid ?? 0) : findGroup(groups, which);
  // With an explicit group the memberships of the user do not count.
  const member =
    which === undefined || which === ''
      ? groups
          .filter(({ members }) => entry.name !== undefined && members.includes(entry.name))
          .map((each) => each.gid)
      : [];
  const added = groupAdd.map((name) => findGroup(groups, name));
  const additionalGids = [...new Set([gid, ...member, ...added])];
  // Checked where they are used: tables of an image may have what a runtime would take for root.
  if ([entry.uid, ...additionalGids].some((each) => each > USER_ID_MAX))
    throw containerFailure.idsOutOfRange();
  return { uid: entry.uid, gid, additionalGids, home: entry.home || '/' };
}

function findUser(
  passwd: readonly PasswdEntry[],
  who: string,
): { uid: number; gid?: number; name?: string; home?: string } {
  if (who === '') return passwd.find(({ uid }) => uid === 0) ?? { uid: 0, gid: 0 };
  // A number is always an id, whatever names the image gives to it.
  const uid = number(who);
  const entry = passwd.find((each) => (Number.isNaN(uid) ? each.name === who : each.uid === uid));
  if (entry === undefined && Number.isNaN(uid)) throw containerFailure.userUnknown({ who });
  return entry ?? { uid, gid: 0 };
}

function findGroup(groups: readonly GroupEntry[], which: string): number {
  const gid = number(which);
  if (!Number.isNaN(gid)) return gid;
  const byName = groups.find(({ name }) => name === which);
  if (byName === undefined) throw containerFailure.groupUnknown({ which });
  return byName.gid;
}
