/** Containers of the crash campaign: each knows what it must have written and how it must have ended. */

/** What a container of the campaign does. */
export type Kind = 'writer' | 'heavy' | 'terminal' | 'reader' | 'short';

/** One container of the campaign, and what is expected of it. */
export interface Workload {
  readonly kind: Kind;
  readonly name: string;
  readonly command: readonly string[];
  readonly terminal: boolean;
  readonly stdin: boolean;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a reader ends whose stdin ends. */
export const END_OF_INPUT = 99;

const lines = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i + 1)).join('');

/** `seconds`: how long the long ones live. */
export function workload(kind: Kind, number: number, seconds: number): Workload {
  const name = `${kind}-${number}`;
  const exitCode = (number * 7 + 1) % 99;
  const base = { kind, name, exitCode, terminal: false, stdin: false, stderr: '' };
  switch (kind) {
    case 'writer': {
      const count = Math.round(seconds / 0.25);
      return {
        ...base,
        command: shell(
          `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "out $i"; echo "err $i" >&2; sleep 0.25; done; exit ${exitCode}`,
        ),
        stdout: lines(count, (n) => `out ${n}\n`),
        stderr: lines(count, (n) => `err ${n}\n`),
      };
    }
    case 'heavy': {
      const rounds = Math.round(seconds / 0.2);
      const filler = 'x'.repeat(60);
      return {
        ...base,
        command: shell(
          `i=0; while [ $i -lt ${rounds} ]; do i=$((i+1)); awk -v i=$i 'BEGIN{for(b=1;b<=400;b++)printf "%d-%05d ${filler}\\n",i,b}'; sleep 0.2; done; exit ${exitCode}`,
        ),
        stdout: lines(rounds, (i) => lines(400, (b) => `${i}-${String(b).padStart(5, '0')} ${filler}\n`)),
      };
    }
    case 'terminal': {
      const count = Math.round(seconds / 0.3);
      return {
        ...base,
        terminal: true,
        stdin: true,
        command: shell(
          `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "tty $i"; sleep 0.3; done; exit ${exitCode}`,
        ),
        stdout: lines(count, (n) => `tty ${n}\r\n`),
      };
    }
    case 'reader':
      // Echoes what it is told until it is told to go; the campaign tells it after each restart.
      return {
        ...base,
        stdin: true,
        command: shell(
          `while read line; do echo "got $line"; if [ "$line" = end ]; then exit ${exitCode}; fi; done; exit ${END_OF_INPUT}`,
        ),
        stdout: '',
      };
    case 'short':
      return {
        ...base,
        command: shell(`echo "short ${number}"; echo "done ${number}" >&2; exit ${exitCode}`),
        stdout: `short ${number}\n`,
        stderr: `done ${number}\n`,
      };
    default:
      return kind satisfies never;
  }
}

const shell = (script: string): readonly string[] => ['sh', '-c', script];

/** A generator of numbers in [0, 1) that a seed repeats (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
