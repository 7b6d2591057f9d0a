/** The fake engine's builds in BuildKit's manner: each tells a vertex, and makes what a test can look at. */
import type { BuildHistory, BuildRecord, Solved, Solves } from '../../../src/engine/index.ts';
import type { BuildEvent } from '../../../src/model/build-event.ts';
import { PlacedFailure, solveFailure } from '../../../src/model/failures/solve.ts';
import type { Stage } from './stage.ts';

const DIGEST = `sha256:${'1'.repeat(64)}`;

/** What was solved, by its token. */
export const fakeSolves = ({ fake, note }: Stage): Solves => ({
  async solve({ client, tell, signal, ...options }) {
    note('solve', options);
    const vertex = { is: 'vertex', digest: DIGEST, inputs: [], name: '[1/1] RUN true' } as const;
    await tell({ ...vertex, started: 1_000_000_001n });
    await tell({ is: 'log', vertex: DIGEST, stream: 1, bytes: Buffer.from('hello\n'), at: 1_000_000_002n });
    const secret = await client.secret('a secret', signal);
    if (secret) note('secret', secret.toString());
    if (fake.failingBuilds) {
      await tell({ ...vertex, started: 1_000_000_001n, completed: 1_000_000_003n, error: 'exit code: 1' });
      throw new PlacedFailure(
        new Error('process "/bin/sh -c false" did not complete successfully: exit code: 1'),
        {
          vertex: DIGEST,
          source: {
            file: {
              filename: 'Dockerfile',
              bytes: Buffer.from('FROM scratch\nRUN false\n'),
              language: 'Dockerfile',
            },
            ranges: [{ startLine: 2, endLine: 2 }],
          },
        },
      );
    }
    await tell({ ...vertex, started: 1_000_000_001n, completed: 1_000_000_003n });
    return solvedOf(options.multiPlatform, note);
  },
  async export(_solved, { outputs, cacheTo }) {
    note('export', outputs, cacheTo);
    for (const output of outputs)
      if (output.is === 'tar')
        await new Promise((resolve, reject) => {
          const into = output.into();
          into
            .once('error', reject)
            .once('finish', () => resolve(undefined))
            .end('an archive');
        });
    return new Map([['containerimage.digest', DIGEST]]);
  },
  async readFile(token, path) {
    if (token !== 'token-1') throw solveFailure.refUnknown({ ref: token });
    return Buffer.from(`what is in ${path}`);
  },
  checkCaches: () => undefined,
  readDirectory: async (_token, path) => [fileAt(`${path}/a`)],
  stat: async (_token, path) => fileAt(path),
});

const fileAt = (path: string) => ({
  ...{ path, mode: 0o644, uid: 1, gid: 2, size: 3, linkname: '' },
  mtimeNanos: 1_000_000_000n,
});

const solvedOf = (multiPlatform: boolean, note: Stage['note']): Solved => ({
  multiPlatform,
  answers: new Map(),
  results: [{ platform: 'linux/amd64', token: 'token-1', config: Buffer.from('{}'), vertex: DIGEST }],
  async [Symbol.asyncDispose]() {
    note('disposed');
  },
});

/** Builds of this test, in memory. */
export function fakeHistory(): BuildHistory {
  const told = new Map<
    string,
    { events: BuildEvent[]; record: BuildRecord; ended: PromiseWithResolvers<void> }
  >();
  return {
    async begin({ internal: _, ...facts }) {
      const events: BuildEvent[] = [];
      const ended = Promise.withResolvers<void>();
      const record: BuildRecord = {
        ...facts,
        ...{ createdAt: '2020-01-01T00:00:00Z', response: {}, pinned: false, warnings: 0, generation: 0 },
        steps: { total: 1, completed: 1, cached: 0 },
      };
      told.set(facts.ref, { events, record, ended });
      return {
        tell: (event) => void events.push(event),
        end: async () => ended.resolve(),
      };
    },
    list: () => [...told.values()].map(({ record }) => record),
    async *watch() {},
    async *follow(ref) {
      while (!told.has(ref)) await new Promise((resolve) => setImmediate(resolve));
      const found = told.get(ref);
      await found?.ended.promise;
      yield found?.events ?? [];
    },
    pin: async (ref) => void known(ref),
    async forget(ref) {
      known(ref);
      told.delete(ref);
    },
  };
  function known(ref: string): void {
    if (!told.has(ref)) throw solveFailure.recordMissing({ ref });
  }
}
