/** Where Gantry and dockerd 26's BuildKit make different things of a case of the corpus, by the case's name. */
import type { Expectation } from '../builds/build-case.ts';

/** Cases by which dockerd 26.1 itself ends, by a panic. */
export const endsDockerd: ReadonlySet<string> = new Set(['a Dockerfile without FROM']);

/** What else may come of a case than the same image, or the same words, on both. */
export const differences: Readonly<Record<string, Expectation>> = {
  'a Dockerfile without FROM': { refusedAlone: /no stages|no build stage/, why: 'dockerd ends' },
};
