/** Ways in which a file of state is damaged: by a disk, by a crash of the machine, by a person, by a newer release. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';

/** `other`: the bytes of some other file of state. */
type Damage = (path: string, other: Buffer, random: () => number) => void;

const FULL_BYTES = 1 << 30;

/** Each leaves something in the file's place. */
export const KINDS: Readonly<Record<string, Damage>> = {
  empty: (path) => truncateSync(path),
  half: (path) => truncateSync(path, readFileSync(path).length >> 1),
  flipped(path, _other, random) {
    const bytes = readFileSync(path);
    const at = Math.floor(random() * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    writeFileSync(path, bytes);
  },
  "another file's": (path, other) => writeFileSync(path, other),
  'of a wrong type': (path) => writeFileSync(path, '[1, "two", null]\n'),
  'of a newer layout': (path) => writeFileSync(path, '{"layout":99,"row":{"new":true}}\n'),
  'of 1 GB': (path) => truncateSync(path, FULL_BYTES),
  'a directory'(path) {
    rmSync(path);
    mkdirSync(path);
  },
  'a pipe'(path) {
    rmSync(path);
    execFileSync('mkfifo', [path]);
  },
};
