/** Programs of a hundred bytes that make one system call and end with its error number: nothing else asks the kernel so plainly. */

interface Call {
  readonly name: string;
  /** Its number on each machine. */
  readonly x64: number;
  readonly arm64: number;
  /** The first three arguments, 32 bits each; the rest are 0. */
  readonly args?: readonly number[];
  /** By the 32-bit entry (int 0x80), with this number; x86-64 alone has it. */
  readonly x86?: number;
  /** Which byte of the negative result becomes the exit code; default: the lowest. */
  readonly byte?: number;
}

const LOAD_ADDRESS = 0x400000n;
const HEADERS_BYTES = 64 + 56;
const MACHINE = { x64: 62, arm64: 183 } as const;

const imm32 = (value: number): number[] => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return [...bytes];
};

function codeX64({ x64, x86, args = [], byte = 0 }: Call): Buffer {
  const [a = 0, b = 0, c = 0] = args;
  const entry = x86 === undefined ? [0x0f, 0x05] : [0xcd, 0x80];
  // The old entry takes its arguments in other registers.
  const registers = x86 === undefined ? [0xc7, 0xc6, 0xc2] : [0xc3, 0xc1, 0xc2];
  return Buffer.from([
    ...[0x48, 0xc7, 0xc0, ...imm32(x86 ?? x64)],
    ...[a, b, c].flatMap((value, index) => [0x48, 0xc7, registers[index] ?? 0, ...imm32(value)]),
    ...[0x4d, 0x31, 0xd2, 0x4d, 0x31, 0xc0, ...entry],
    ...[0x48, 0xf7, 0xd8, 0x48, 0x89, 0xc7], // neg rax; mov rdi, rax
    ...[0x48, 0xc1, 0xef, 8 * byte], // shr rdi
    ...[0x48, 0xc7, 0xc0, 60, 0, 0, 0, 0x0f, 0x05], // exit(rdi)
  ]);
}

function codeArm64({ arm64, args = [], byte = 0 }: Call): Buffer {
  const load = (register: number, value: number): number[] => [
    0xd2800000 | ((value & 0xffff) << 5) | register,
    0xf2a00000 | (((value >>> 16) & 0xffff) << 5) | register,
  ];
  const [a = 0, b = 0, c = 0] = args;
  const words = [
    ...[a, b, c, 0, 0].flatMap((value, register) => load(register, value)),
    ...load(8, arm64),
    ...[0xd4000001, 0xcb0003e0, 0xd340fc00 | ((8 * byte) << 16)], // svc; neg x0, x0; lsr x0, x0
    ...load(8, 93),
    0xd4000001,
  ];
  const code = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) code.writeUInt32LE(word >>> 0, index * 4);
  return code;
}

/** An executable for this machine. Its exit code is the error number, 0 for success (or 256 less a small result). */
export function syscallProgram(call: Call): Buffer {
  const machine = process.arch === 'arm64' ? 'arm64' : 'x64';
  const code = machine === 'arm64' ? codeArm64(call) : codeX64(call);
  const head = Buffer.alloc(HEADERS_BYTES);
  head.write('\x7fELF\x02\x01\x01', 'latin1');
  head.writeUInt16LE(2, 16); // ET_EXEC
  head.writeUInt16LE(MACHINE[machine], 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(LOAD_ADDRESS + BigInt(HEADERS_BYTES), 24); // entry
  head.writeBigUInt64LE(64n, 32); // program headers
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(56, 54);
  head.writeUInt16LE(1, 56);
  head.writeUInt32LE(1, 64); // PT_LOAD
  head.writeUInt32LE(5, 68); // read, execute
  head.writeBigUInt64LE(LOAD_ADDRESS, 80);
  head.writeBigUInt64LE(LOAD_ADDRESS, 88);
  const bytes = BigInt(HEADERS_BYTES + code.length);
  head.writeBigUInt64LE(bytes, 96);
  head.writeBigUInt64LE(bytes, 104);
  head.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([head, code]);
}

const NEW_USER = 0x10000000;
const SIGCHLD = 17;

/** What no plain container may do (EPERM), or what does not exist for it (ENOSYS). */
export const FORBIDDEN: readonly Call[] = [
  { name: 'keyctl', x64: 250, arm64: 219 },
  { name: 'add_key', x64: 248, arm64: 217 },
  { name: 'request_key', x64: 249, arm64: 218 },
  { name: 'bpf', x64: 321, arm64: 280 },
  { name: 'perf_event_open', x64: 298, arm64: 241 },
  { name: 'userfaultfd', x64: 323, arm64: 282 },
  { name: 'mount', x64: 165, arm64: 40 },
  { name: 'fsopen', x64: 430, arm64: 430 },
  { name: 'open_by_handle_at', x64: 304, arm64: 265 },
  { name: 'kexec_load', x64: 246, arm64: 104 },
  { name: 'init_module', x64: 175, arm64: 105 },
  { name: 'finit_module', x64: 313, arm64: 273 },
  { name: 'io_uring_setup', x64: 425, arm64: 425 },
  { name: 'personality of another system', x64: 135, arm64: 92, args: [0x0d0d0000] },
  { name: 'clone3', x64: 435, arm64: 435 },
  { name: 'clone with a user namespace', x64: 56, arm64: 220, args: [NEW_USER | SIGCHLD] },
  { name: 'unshare of the user namespace', x64: 272, arm64: 97, args: [NEW_USER] },
  { name: 'setns', x64: 308, arm64: 268 },
  { name: 'a virtual machine’s socket', x64: 41, arm64: 198, args: [40, 1, 0] },
  { name: 'swapon', x64: 167, arm64: 224 },
  { name: 'reboot', x64: 169, arm64: 142 },
  { name: 'settimeofday', x64: 164, arm64: 170 },
];

/** By the 32-bit entry, where there is one. */
export const FORBIDDEN_X86: readonly Call[] = [
  { name: 'keyctl (32 bits)', x64: 250, arm64: 219, x86: 288 },
  { name: 'bpf (32 bits)', x64: 321, arm64: 280, x86: 357 },
  { name: 'mount (32 bits)', x64: 165, arm64: 40, x86: 21 },
];

/** The control: it reaches the kernel, which knows no such descriptor (EBADF). */
export const CONTROL: Call = { name: 'close', x64: 3, arm64: 57, args: [-1] };
