/** User namespaces: made by a program that works for us, because a process of several threads cannot enter one. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Failed, messageOf } from '../base/errors.ts';
import { type IdMap, type IdRange, type Owner, rootOf } from '../base/id-map.ts';
import { check, declare } from './ffi.ts';
import { pipe } from './files.ts';
import { MS } from './mounts.ts';
import { type Program, startProgram, stopProgram, textOf } from './program.ts';

const c_ioctl = declare('ioctl', 'int', ['int', 'ulong', 'long']);
const c_prctl = declare('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
const c_setfsid = declare('syscall', 'long', ['long', 'long', 'long', 'long', 'long', 'long', 'long']);
const c_mount_setattr = declare('syscall', 'long', ['long', 'int', 'str', 'uint', 'void*', 'size_t', 'long']);

const [SETFSUID, SETFSGID] = process.arch === 'x64' ? [122, 123] : [151, 152];
const PR_GET_SECUREBITS = 27;
const PR_SET_SECUREBITS = 28;
const SECBIT_NO_SETUID_FIXUP = 1 << 2;

/** Ids of containers, and a namespace with the same map, by which mounts are mapped. */
export interface MappedIds {
  readonly map: IdMap;
  /** Descriptor of a user namespace. */
  readonly namespace: number;
}

/**
 * Runs `work` so that what it makes belongs to the container's root: on an overlay over mapped layers the kernel takes
 * nothing from an owner whom the map does not have (EOVERFLOW). Strictly synchronous. Without a map: as we are.
 */
export function asRootOf<T>(map: IdMap | undefined, work: () => T): T {
  if (map === undefined) return work();
  const before = c_prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  // The kernel would take our rights to files with the user id (capabilities(7)). Processes inherit the bit, so it is taken back.
  check('prctl PR_SET_SECUREBITS', c_prctl(PR_SET_SECUREBITS, before | SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
  try {
    setFileOwner(rootOf(map));
    return work();
  } finally {
    setFileOwner({ uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 });
    check('prctl PR_SET_SECUREBITS', c_prctl(PR_SET_SECUREBITS, before, 0, 0, 0));
  }
}

/** Of the calling thread alone, which the C library's call would do too, but for its cache of the process. */
function setFileOwner({ uid, gid }: Owner): void {
  c_setfsid(SETFSGID, gid, 0, 0, 0, 0, 0);
  c_setfsid(SETFSUID, uid, 0, 0, 0, 0, 0);
}

const MOUNT_ATTR_RDONLY = 1;
const MOUNT_ATTR_IDMAP = 0x0010_0000;
const AT_EMPTY_PATH = 0x1000;

/**
 * Maps the owners in a copy of a mount, made by `cloneMount` and attached nowhere yet: what belongs to id 0 on the disk
 * belongs to the map's root there. What is mounted below stays as it is. @throws SystemError EINVAL: not with this file system
 */
export function mapOwners(mount: number, { namespace }: MappedIds, { readOnly = false } = {}): void {
  const attr = Buffer.alloc(32);
  attr.writeBigUInt64LE(BigInt(MOUNT_ATTR_IDMAP | (readOnly ? MOUNT_ATTR_RDONLY : 0)), 0);
  attr.writeBigUInt64LE(BigInt(MS.PRIVATE), 16);
  attr.writeBigUInt64LE(BigInt(namespace), 24);
  check('mount_setattr', c_mount_setattr(442, mount, '', AT_EMPTY_PATH, attr, attr.length, 0));
}

const NS_GET_USERNS = 0xb701;
/** The user namespace that a namespace belongs to. The caller closes it. @throws SystemError EPERM: one above ours */
export const userNamespaceOf = (namespace: number): number =>
  check('ioctl NS_GET_USERNS', c_ioctl(namespace, NS_GET_USERNS, 0));

const UNSHARE = '/usr/bin/unshare';
const NSENTER = '/usr/bin/nsenter';
const CAT = '/bin/cat';
/** Programs of the distribution that make user namespaces. */
export const USER_NAMESPACE_PROGRAMS: readonly string[] = [UNSHARE, NSENTER, CAT];

/** A new user namespace with this map. The caller closes it. @throws Failed */
export const newUserNamespace = (map: IdMap): Promise<number> =>
  withHelper([UNSHARE, '--user', CAT], (pid) => {
    writeMap(pid, map);
    return openSync(`/proc/${pid}/ns/user`, 'r');
  });

/** A new network namespace in a new user namespace with this map. The caller closes it. @throws Failed */
export const newMappedNetwork = (map: IdMap): Promise<number> =>
  withHelper([UNSHARE, '--user', '--net', CAT], (pid) => {
    writeMap(pid, map);
    return openSync(`/proc/${pid}/ns/net`, 'r');
  });

/** A new network namespace in the user namespace at this path. The caller closes it. @throws Failed */
export const newNetworkIn = (userNamespace: string): Promise<number> =>
  withHelper([NSENTER, `--user=${userNamespace}`, UNSHARE, '--net', CAT], (pid) =>
    openSync(`/proc/${pid}/ns/net`, 'r'),
  );

function writeMap(pid: number, { uids, gids }: IdMap): void {
  const text = (ranges: readonly IdRange[]) =>
    ranges.map(({ container, host, count }) => `${container} ${host} ${count}\n`).join('');
  writeFileSync(`/proc/${pid}/uid_map`, text(uids));
  writeFileSync(`/proc/${pid}/gid_map`, text(gids));
}

/** `argv` ends in a program that echoes what it reads: by the first byte that comes back the namespaces are there. */
async function withHelper<T>(argv: readonly [string, ...string[]], work: (pid: number) => T): Promise<T> {
  const input = pipe();
  let program: Program;
  try {
    program = startProgram(argv, input.read);
  } catch (error) {
    closeSync(input.write);
    throw new Failed(`no user namespace can be made: ${messageOf(error)}`, { cause: error });
  } finally {
    closeSync(input.read);
  }
  try {
    poke(input.write);
    if (!(await firstByte(program.output))) {
      const why = await textOf(program.complaints, 500);
      throw new Failed(`no user namespace can be made: ${why || `${argv[0]} ended`}`);
    }
    return work(program.pid);
  } finally {
    closeSync(input.write);
    void stopProgram(program); // nobody waits for it
  }
}

/** A program that could not begin reads nothing, and says why. */
function poke(fd: number): void {
  try {
    writeFileSync(fd, '.');
  } catch {
    // told by what it said
  }
}

async function firstByte(stream: Socket): Promise<boolean> {
  for await (const _chunk of stream) return true;
  return false;
}
