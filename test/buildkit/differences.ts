/** Where Gantry and dockerd 26's BuildKit make different things of a case of the corpus, by the case's name. */
import type { Expectation } from '../builds/build-case.ts';

/** Cases by which dockerd 26.1 itself ends, by a panic. */
export const endsDockerd: ReadonlySet<string> = new Set(['a Dockerfile without FROM']);

/** Cases in which BuildKit differs as the classic builder does: the corpus says how, and why. */
export const asBefore: ReadonlySet<string> = new Set([
  'COPY --chmod, --link and --exclude',
  'COPY --parents',
  'ADD: an archive onto a link that leads elsewhere',
  'ADD: a hard link of an archive with another mode and owner than its file',
  'ADD: an archive whose names lead out',
  'ADD: an archive with a name that hides files',
  'ADD --chmod, and --unpack=false',
  'RUN: what it changes is the layer',
  'a line of 70,000 characters',
]);

/** The lines of a Dockerfile around the one that failed, as the command line shows them. */
const placed = (at: number, lines: readonly string[], error: string): string => {
  const shown = [...lines, ''].map(
    (line, i) => `${`${i + 1}`.padStart(4)} | ${i + 1 === at ? '>>>' : '   '} ${line}`,
  );
  return [
    `Dockerfile:${at}`,
    '-'.repeat(20),
    ...shown,
    '-'.repeat(20),
    `ERROR: failed to solve: ${error}`,
  ].join('\n');
};
const MISSING = 'failed to compute cache key: failed to calculate checksum of ref …: ';

/** What else may come of a case than the same image, or the same words, on both. */
export const differences: Readonly<Record<string, Expectation>> = {
  'a Dockerfile without FROM': { refusedAlone: /file with no instructions/, why: 'dockerd ends' },
  'ENV with a brace that stays open': {
    refused: [
      /unsupported modifier \(.\) in substitution$/, // it reads behind the end
      placed(2, ['FROM scratch', 'ENV a=${b'], `failed to process "\${b": syntax error: missing '}'`),
    ],
  },
  'COPY: a link to nowhere': {
    refused: [
      /"\/nowhere": not found$/, // where the link leads; Gantry names what was asked for
      placed(2, ['FROM busybox', 'COPY gone /x'], `${MISSING}"/gone": not found`),
    ],
  },
  'COPY --from: what is not there': {
    refused: [
      /lstat \/nothing: no such file or directory$/, // the same words as for a missing file of the context
      placed(
        3,
        ['FROM busybox AS a', 'FROM busybox', 'COPY --from=a /nothing /x'],
        `${MISSING}"/nothing": not found`,
      ),
    ],
  },
  'COPY: an empty file, a large one, long names and a deep path': {
    differs: [
      '- layer 1 "x/early" file 644 0:0 11 "before 1970" at -5',
      '+ layer 1 "x/early" file 644 0:0 11 "before 1970" at 0',
    ],
    why: 'times before 1970 are 1970 in what a client sends',
  },
  'ONBUILD of what is no instruction fails in the child': {
    refused: [
      /^(Dockerfile:1\n-+\n( .*\n)+-{20}\n){2}ERROR: failed to solve: unknown instruction: NOSUCH$/, // it shows the place twice
      placed(1, ['FROM nonsense-trigger'], 'unknown instruction: NOSUCH'),
    ],
  },
  '.dockerignore: a pattern that is none': {
    refused: [
      // dockerd's sync and its end race: either is told.
      /^ERROR: failed to solve: (?:rpc error: code = Unknown desc = invalid excludepatterns: \[a\[\]: syntax error in pattern|Canceled: context canceled)$/,
      'ERROR: failed to solve: invalid excludepatterns: [a[]: syntax error in pattern',
    ],
  },
};
