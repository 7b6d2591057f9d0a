/** What counts as done in a build: the rules of the cache, each beside dockerd's. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Engine, startDockerd } from '../harness/dockerd.ts';
import { startGantry } from '../harness/gantry.ts';
import { directory, loadArchive, type Member, tarOf } from '../harness/layered.ts';
import { map } from './build-case.ts';

const gantry = await startGantry({ after });
const dockerd = await startDockerd({ after });
const skip = typeof dockerd === 'string' ? dockerd : false;

const DOCKERFILE = `FROM busybox
ENV e=1
COPY a /a
ARG used
ARG unused
LABEL l=$used
COPY d /d
WORKDIR /w
RUN echo "$used" > /f
`;

/** The context, some of it as a test wants it. */
const contextWith = (...changed: readonly Member[]): Buffer => {
  const usual: readonly Member[] = [
    [{ path: 'Dockerfile' }, DOCKERFILE],
    [{ path: 'a' }, 'a'],
    directory('d'),
    [{ path: 'd/x' }, 'x'],
  ];
  const paths = new Set(changed.map(([{ path }]) => path));
  return tarOf([...usual.filter(([{ path }]) => !paths.has(path)), ...changed]);
};

/** Which steps were taken from the cache, one character a step: `c` or `-`; and the image. */
async function cached(
  { api }: Pick<Engine, 'api'>,
  context: Buffer,
  query: Readonly<Record<string, string>> = {},
): Promise<{ readonly steps: string; readonly id: string }> {
  const words = new URLSearchParams({
    networkmode: 'none',
    rm: '1',
    buildargs: map({ used: '1' }),
    ...query,
  });
  const answer = await api('1.41').post(`/build?${words}`, context);
  assert.equal(answer.status, 200, answer.text);
  assert.doesNotMatch(answer.text, /"error"/);
  const said = answer.text.split('\n').filter((line) => line.trim() !== '');
  const messages = said.map((line) => JSON.parse(line) as { stream?: string; aux?: { ID?: string } });
  const text = messages.map(({ stream = '' }) => stream).join('');
  const steps = text.split(/^Step \d+\/\d+ : /m).slice(2);
  return {
    steps: steps.map((step) => (step.includes('\n ---> Using cache\n') ? 'c' : '-')).join(''),
    id: messages.flatMap(({ aux }) => aux?.ID ?? []).at(-1) ?? '',
  };
}

const engines = [['Gantry', gantry] as const, ['dockerd', dockerd] as const];
for (const [name, engine] of engines)
  test(`${name}: a step is done again when what decides it has changed, and all after it`, {
    skip,
  }, async () => {
    assert(typeof engine !== 'string');
    const first = await cached(engine, contextWith());
    assert.equal(first.steps, '--------');
    assert.deepEqual(await cached(engine, contextWith()), { steps: 'cccccccc', id: first.id });
    const TIME = 1_500_000_000_000_000_000n;
    for (const [what, context, query, steps] of [
      ['a time', contextWith([{ path: 'a', mtimeNanos: TIME }, 'a']), {}, 'cccccccc'],
      // What is copied is root's whoever owned it: dockerd does it again, for nothing.
      [
        'an owner',
        contextWith([{ path: 'a', uid: 5 }, 'a']),
        {},
        name === 'Gantry' ? 'cccccccc' : 'c-------',
      ],
      ['a content', contextWith([{ path: 'a' }, 'b']), {}, 'c-------'],
      ['a content below', contextWith([{ path: 'd/x' }, 'y']), {}, 'ccccc---'],
      ['a mode', contextWith([{ path: 'd/x', mode: 0o755 }, 'x']), {}, 'ccccc---'],
      ['a name', contextWith([{ path: 'd/z' }, 'x']), {}, 'ccccc---'],
      ['an argument of labels', contextWith(), { buildargs: map({ used: '2' }) }, 'cccc----'],
      ['everything, as asked', contextWith(), { nocache: '1' }, '--------'],
    ] as const)
      assert.deepEqual([what, (await cached(engine, context, query)).steps], [what, steps]);
  });

test('what is done survives the daemon, and images bring it along', async (t) => {
  const { id } = await cached(gantry, contextWith(), { t: 'cached' });
  await gantry.restart();
  assert.deepEqual(await cached(gantry, contextWith()), { steps: 'cccccccc', id });
  const archive = (await gantry.api().get('/images/cached/get')).bytes;
  const fresh = await startGantry(t);
  await loadArchive(fresh.api(), archive);
  const from = await cached(fresh, contextWith(), { cachefrom: '["cached"]' });
  assert.equal(from.steps, 'cccccccc');
});

test('a step that two builds ask for at once is done once', async () => {
  const context = tarOf([
    [
      { path: 'Dockerfile' },
      'FROM busybox\nRUN --mount=type=cache,target=/c echo x >> /c/log && sleep 1 && cp /c/log /log\n',
    ],
  ]);
  const [one, two] = await Promise.all([cached(gantry, context), cached(gantry, context)]);
  assert.equal(one?.id, two?.id);
  const told = await cached(
    gantry,
    tarOf([[{ path: 'Dockerfile' }, `FROM ${one?.id}\nRUN test "$(cat /log)" = x\n`]]),
  );
  assert.equal(told.steps, '-');
});
