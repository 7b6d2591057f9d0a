/** One program a system call, in an image: run inside, they tell which calls a container is let through with. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busyboxRootfs } from '../../harness/image.ts';
import { directory, dockerArchiveOf, type Member, tarOf } from '../../harness/layered.ts';
import { syscallProgram } from '../../harness/syscall-program.ts';

/** The image: busybox and the programs. */
export const IMAGE = 'calls:all';
/** Linux 6.18 has calls up to 469. */
const CALLS = 470;
/** What would wait for a signal or for the host's disks, by machine: pause and sync. */
const LEFT_OUT: Readonly<Record<string, readonly number[]>> = { x64: [34, 162], arm64: [81] };

/** Numbers of all calls that are tried. */
export const callNumbers: readonly number[] = Array.from({ length: CALLS }, (_, number) => number).filter(
  (number) => !LEFT_OUT[process.arch]?.includes(number),
);

/** Each with arguments that mean nothing to it: it does no more than tell whether it was let through. */
const call = (number: number): Member => [
  { path: `call/${number}`, mode: 0o755 },
  syscallProgram({ name: `${number}`, x64: number, arm64: number, args: [-1, -1, -1] }),
];
/** Four, with a byte each of their session keyring's number, made negative: KEYCTL_GET_KEYRING_ID of -3. */
const keyring = [0, 1, 2, 3].map((byte) => ({
  path: `call/keyring${byte}`,
  program: syscallProgram({ name: 'keyctl', x64: 250, arm64: 219, args: [0, -3, 0], byte }),
}));

/** What they say of this process's own. */
export function ownKeyring(): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-keyring-'));
  try {
    const codes = keyring.map(({ program }, index) => {
      const path = join(directory, `${index}`);
      writeFileSync(path, program, { mode: 0o755 });
      return spawnSync(path).status;
    });
    return codes.join(' ');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** A docker archive of the image, as every engine loads it. */
export const callsArchive = (): Buffer =>
  dockerArchiveOf([
    {
      tags: [IMAGE],
      layers: [
        readFileSync(busyboxRootfs()),
        tarOf([
          directory('call'),
          ...keyring.map(({ path, program }): Member => [{ path, mode: 0o755 }, program]),
          ...callNumbers.map(call),
        ]),
      ],
    },
  ]);
