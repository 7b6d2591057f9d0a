/** The one door to libc: typed declarations, `errno` read at once, errors that name the call and its object. */
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

/** C types that the calls in this room use; structs are Buffers laid out by hand so that no call depends on koffi. */
export type CType = 'int' | 'uint' | 'long' | 'ulong' | 'size_t' | 'short' | 'str' | 'void*' | 'char**';
/** What a C function can be called with. */
export type CValue = number | bigint | string | Buffer | null | readonly (string | null)[];
/** A declared C function; its result as a number. */
export type CCall = (...args: readonly CValue[]) => number;

/** Of two names for one number the usual one. */
const SECOND_NAMES = new Set(['EWOULDBLOCK', 'EDEADLOCK', 'ENOTSUP']);
const names = new Map<number, string>(
  Object.entries(koffi.os.errno)
    .filter(([name]) => !SECOND_NAMES.has(name))
    .map(([name, value]) => [value as number, name]),
);

/** A system call that failed: `code` is `ENOENT` and the like, `object` what it was applied to. */
export class SystemError extends Error {
  readonly syscall: string;
  readonly errno: number;
  readonly code: string;
  constructor(syscall: string, errno: number, object = '') {
    const code = names.get(errno) ?? `E${errno}`;
    super(`${syscall}${object === '' ? '' : ` ${object}`}: ${code}`);
    this.name = 'SystemError';
    this.syscall = syscall;
    this.errno = errno;
    this.code = code;
  }
}

type Declared = ReturnType<typeof libc.func>;

/** Declares a libc function. 64-bit results come back as numbers: none we use exceeds 2^53. */
export function declare(name: string, result: CType, parameters: readonly CType[]): CCall {
  const call: Declared = libc.func(name, result, [...parameters]);
  return (...args) => Number(call(...args));
}

/** The same as {@link declare}, called on a pool thread; the promise settles with the result and that thread's errno. */
export function declareAsync(name: string, result: CType, parameters: readonly CType[]) {
  const call: Declared = libc.func(name, result, [...parameters]);
  return (args: readonly CValue[], done: (error: unknown, value: number) => void): void => {
    call.async(...args, (error: unknown, value: number | bigint) => done(error, Number(value)));
  };
}

/** errno of the call just made. Valid only directly after it. */
export const errno = (): number => koffi.errno();

/**
 * Returns `value`, or throws what errno says when it is negative.
 * @throws SystemError
 */
export function check(syscall: string, value: number, object = ''): number {
  if (value < 0) throw new SystemError(syscall, koffi.errno(), object);
  return value;
}

/** The address of a buffer's first byte, for structs that point to others. Keep the buffer alive over the call. */
export const addressOf = (buffer: Buffer): bigint => BigInt(koffi.address(buffer) as bigint | number);

export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  EEXIST: 17,
  ENOTDIR: 20,
  EINVAL: 22,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ELOOP: 40,
  ENODATA: 61,
  ESRCH: 3,
  ECHILD: 10,
  EBUSY: 16,
  EPIPE: 32,
  ENXIO: 6,
  EOPNOTSUPP: 95,
  ERANGE: 34,
} as const;
