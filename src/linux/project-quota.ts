/**
 * Project quotas: how much a directory and all that is made below it may hold (quotactl(2), ioctl_xfs_fsgetxattr(2)).
 * xfs has them when it is mounted with `prjquota`, ext4 when it was made with them too.
 */
import { check, declare } from './ffi.ts';
import { ioctl } from './files.ts';

const c_syscall = declare('syscall', 'long', ['long', 'long', 'long', 'long', 'void*']);
/** The same number on every architecture of ours; Linux 5.14 and up. It takes a file system by a descriptor of it. */
const SYS_quotactl_fd = 443;
/** `QCMD(…, PRJQUOTA)` of linux/quota.h with the commands of linux/dqblk_xfs.h. */
const command = (xfs: number): number => ((0x5800 + xfs) << 8) | 2;
const [Q_XGETQUOTA, Q_XSETQLIM, Q_XGETQSTAT] = [command(3), command(4), command(5)];

/** `FS_QUOTA_PDQ_ACCT` and `FS_QUOTA_PDQ_ENFD`: uses are counted, and limits hold. */
const COUNTED_AND_HELD = 0x10 | 0x20;
/** Room for `struct fs_quota_stat`. */
const STAT_BYTES = 128;
/** `struct fs_disk_quota`. */
const QUOTA_BYTES = 112;
/** Limits and uses are told in these. */
const BLOCK_BYTES = 512;
/** `FS_DQ_BSOFT | FS_DQ_BHARD`. */
const BLOCK_LIMITS = 0x4 | 0x8;

const FS_IOC_FSGETXATTR = 0x80_1c_58_1f;
const FS_IOC_FSSETXATTR = 0x40_1c_58_20;
/** `struct fsxattr`: flags, two sizes, the project, one more and padding. */
const FSXATTR_BYTES = 28;
const PROJECT_AT = 12;
/** `FS_XFLAG_PROJINHERIT`: what is made in the directory is of its project. */
const INHERITED = 0x200;

/** What a project holds and may hold, in bytes; 0 is no limit. */
export interface ProjectUse {
  readonly limit: number;
  readonly used: number;
  readonly inodes: number;
}

const quotactl = (fd: number, what: number, project: number, data: Buffer): number =>
  c_syscall(SYS_quotactl_fd, fd, what, project, data);

/** Whether the file system of an open directory holds projects to limits. */
export function hasProjectQuotas(fd: number): boolean {
  const stat = Buffer.alloc(STAT_BYTES);
  stat[0] = 1; // FS_QSTAT_VERSION
  if (quotactl(fd, Q_XGETQSTAT, 0, stat) < 0) return false;
  return (stat.readUInt16LE(2) & COUNTED_AND_HELD) === COUNTED_AND_HELD;
}

/** Undefined: the file system knows nothing of that project. */
export function projectUse(fd: number, project: number): ProjectUse | undefined {
  const quota = Buffer.alloc(QUOTA_BYTES);
  if (quotactl(fd, Q_XGETQUOTA, project, quota) < 0) return undefined;
  const at = (offset: number): number => Number(quota.readBigUInt64LE(offset));
  return { limit: at(8) * BLOCK_BYTES, used: at(40) * BLOCK_BYTES, inodes: at(48) };
}

/** Lets a project hold that many bytes, rounded up to 512; 0: any number. @throws SystemError */
export function limitProject(fd: number, project: number, bytes: number): void {
  const quota = Buffer.alloc(QUOTA_BYTES);
  quota.writeInt8(1, 0); // FS_DQUOT_VERSION
  quota.writeInt8(2, 1); // FS_PROJ_QUOTA
  quota.writeUInt16LE(BLOCK_LIMITS, 2);
  quota.writeUInt32LE(project, 4);
  const blocks = BigInt(Math.ceil(bytes / BLOCK_BYTES));
  quota.writeBigUInt64LE(blocks, 8);
  quota.writeBigUInt64LE(blocks, 16);
  check('quotactl_fd', quotactl(fd, Q_XSETQLIM, project, quota), `project ${project}`);
}

/** The project of an open directory; 0 is none. @throws SystemError where the file system has no such attribute */
export function projectOf(fd: number): number {
  const attributes = Buffer.alloc(FSXATTR_BYTES);
  ioctl(fd, FS_IOC_FSGETXATTR, attributes);
  return attributes.readUInt32LE(PROJECT_AT);
}

/** Makes an open directory, and what will be made in it, of that project. @throws SystemError */
export function setProject(fd: number, project: number): void {
  const attributes = Buffer.alloc(FSXATTR_BYTES);
  ioctl(fd, FS_IOC_FSGETXATTR, attributes);
  attributes.writeUInt32LE((attributes.readUInt32LE(0) | INHERITED) >>> 0, 0);
  attributes.writeUInt32LE(project, PROJECT_AT);
  ioctl(fd, FS_IOC_FSSETXATTR, attributes);
}
