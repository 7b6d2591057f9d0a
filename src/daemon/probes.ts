/** Small trials of the kernel: each does the thing for real, in a place of its own, and takes it back. */
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { codeOf, messageOf } from '../base/errors.ts';
import {
  AF,
  check,
  MNT_DETACH,
  MSG,
  mount,
  newNetworkNamespace,
  openAt2,
  pidfdGetFd,
  pidfdOpen,
  RESOLVE,
  receive,
  SOCK,
  send,
  socket,
  unmount,
} from '../linux/index.ts';

/** Undefined: it works. Else why not. */
export type Trouble = string | undefined;

/** Runs a trial; what it throws is the trouble. */
export function attempt(trial: () => Trouble | undefined): Trouble {
  try {
    return trial();
  } catch (error) {
    return messageOf(error);
  }
}

/** Mounts an overlay below the nearest existing directory of `dataRoot`: upper directories do not work everywhere. */
export function tryOverlay(dataRoot: string): Trouble {
  const dir = mkdtempSync(join(existingParent(dataRoot), '.gantry-probe-'));
  try {
    for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(dir, name));
    const data = `lowerdir=${dir}/lower,upperdir=${dir}/upper,workdir=${dir}/work`;
    mount('overlay', join(dir, 'merged'), 'overlay', 0, data);
    unmount(join(dir, 'merged'), MNT_DETACH);
    return undefined;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** `path`, or its nearest parent that exists. */
export function existingParent(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      closeSync(openSync(at, 'r'));
      return at;
    } catch (error) {
      if (at === '/' || !['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw error;
    }
  }
}

/** pidfd_open and pidfd_getfd (Linux 5.6): waiting for containers, and fetching descriptors from the keeper. */
export function tryPidfd(): Trouble {
  const pidfd = pidfdOpen(process.pid);
  try {
    closeSync(pidfdGetFd(pidfd, 2));
    return undefined;
  } finally {
    closeSync(pidfd);
  }
}

/** openat2 (Linux 5.6): paths of images stay below their root. */
export function tryOpenat2(): Trouble {
  const dir = openSync('/proc', 'r');
  try {
    closeSync(openAt2(dir, 'self/stat', 0, 0, RESOLVE.IN_ROOT));
    return undefined;
  } finally {
    closeSync(dir);
  }
}

/** Whether the kernel's system call filters can refuse a call with an error number. */
export function trySeccomp(): Trouble {
  const actions = readFileSync('/proc/sys/kernel/seccomp/actions_avail', 'utf8').trim().split(' ');
  return actions.includes('errno') ? undefined : `the kernel filters only by ${actions.join(', ')}`;
}

const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;
const RTM_NEWLINK = 16;
const NFT_GETGEN = (10 << 8) | 16; // subsystem nf_tables
const NLMSG_ERROR = 2;
const REQUEST_ACK = 0x01 | 0x04;
const CREATE_EXCLUSIVELY = 0x400 | 0x200;

/** Makes a link of this kind in a network namespace of its own, which takes the link with it. */
export function tryLinkKind(kind: 'veth' | 'bridge'): Trouble {
  const linkInfo = attribute(18, attribute(1, Buffer.from(kind))); // IFLA_LINKINFO { IFLA_INFO_KIND }
  const name = attribute(3, Buffer.from('probe0\0')); // IFLA_IFNAME
  const body = Buffer.concat([Buffer.alloc(16), name, linkInfo]);
  return inThrowAwayNetwork(() => ask(NETLINK_ROUTE, RTM_NEWLINK, REQUEST_ACK | CREATE_EXCLUSIVELY, body));
}

/** Asks nf_tables for its generation number, which loads the module where it is one. */
export const tryNfTables = (): Trouble =>
  inThrowAwayNetwork(() => ask(NETLINK_NETFILTER, NFT_GETGEN, REQUEST_ACK, Buffer.alloc(4)));

function inThrowAwayNetwork(work: () => Trouble): Trouble {
  const { fd, result } = newNetworkNamespace(work);
  closeSync(fd);
  return result;
}

/** A netlink attribute, padded to four bytes. */
function attribute(type: number, value: Buffer): Buffer {
  const out = Buffer.alloc(4 + ((value.length + 3) & ~3));
  out.writeUInt16LE(4 + value.length, 0);
  out.writeUInt16LE(type, 2);
  value.copy(out, 4);
  return out;
}

/** Sends one netlink message and reads the kernel's verdict (it answers before send returns). */
function ask(protocol: number, type: number, flags: number, body: Buffer): Trouble {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(16 + body.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(flags, 6);
  const fd = socket(AF.NETLINK, SOCK.RAW, protocol);
  try {
    send(fd, Buffer.concat([head, body]));
    const answer = Buffer.alloc(8192);
    const n = check('recv', receive(fd, answer, MSG.DONTWAIT));
    const failed = n >= 20 && answer.readUInt16LE(4) === NLMSG_ERROR ? -answer.readInt32LE(16) : 0;
    return failed === 0 ? undefined : `the kernel refuses it (errno ${failed})`;
  } finally {
    closeSync(fd);
  }
}
