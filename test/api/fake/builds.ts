/** The fake engine's builds: one tells what came as its context, and fails where a test says so. */
import type { Engine } from '../../../src/engine/index.ts';
import { buildFailure } from '../../../src/model/failures/build.ts';
import type { Progress } from '../../../src/model/progress.ts';
import { IMAGE_ID } from './documents.ts';
import { fakeHistory, fakeSolves } from './solves.ts';
import type { Stage } from './stage.ts';

/** All verbs on builds. */
export const fakeBuilds = (stage: Stage): Engine['builds'] => ({
  ...classic(stage),
  solves: fakeSolves(stage),
  history: fakeHistory(),
});

const classic = ({ fake, note, signals }: Stage): Omit<Engine['builds'], 'history' | 'solves'> => ({
  async *build({ signal, ...options }) {
    signals.push(signal);
    note('build', options);
    yield* contextTold(options.source);
    yield { status: 'Downloading', id: 'layer', progressDetail: { current: 50, total: 100 } };
    if (fake.failingBuilds)
      throw buildFailure.commandFailed({ words: ['/bin/sh', '-c', 'exit 3'], status: 3 });
    yield { aux: { ID: IMAGE_ID } };
    yield { stream: 'Successfully built\n' };
  },
  cancel: (id) => note('buildCancel', id),
  async prune({ signal: _signal, filters, ...options }) {
    note('buildPrune', filters, options);
    return { SpaceReclaimed: 0 };
  },
  usage: async () => ({ TotalCount: 0, ActiveCount: 0, TotalSize: 0, Reclaimable: 0 }),
});

async function* contextTold(
  source: Parameters<Engine['builds']['build']>[0]['source'],
): AsyncGenerator<Progress> {
  if (source.is === 'remote') return yield { stream: `from ${source.address}\n` };
  let bytes = 0;
  for await (const chunk of source.bytes as AsyncIterable<Buffer>) bytes += chunk.length;
  const own = source.dockerfile?.();
  yield { stream: `${bytes} bytes${own ? `, ${own}` : ''}\n` };
}
