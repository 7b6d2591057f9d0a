/** Text in a build that wants to be more than text (SC-INJ-01, 04, 08, 10). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { buildAnew as build, messagesIn } from '../harness/building.ts';
import { type Gantry, startGantry } from '../harness/gantry.ts';

let gantry: Gantry;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  gantry = await startGantry({ after: (end) => void ends.push(end) });
});
after(() => Promise.all(ends.map((end) => end())));

test('SC-INJ-01: a line’s end in what a build is told becomes no line of a file', async () => {
  for (const extrahosts of [
    'x:1.2.3.4\n6.6.6.6 evil',
    'x\n6.6.6.6 evil:1.2.3.4',
    'x:1.2.3.4\r\n6.6.6.6 evil',
  ]) {
    const { error, text, said } = await build(gantry, 'FROM busybox\nRUN cat /etc/hosts\n', [], {
      extrahosts,
    });
    assert.notEqual(error, '', text);
    assert.doesNotMatch(said, /6\.6\.6\.6/);
  }
  assert.notEqual((await build(gantry, 'FROM busybox\n', [], { t: 'a\nb' })).error, '');
});

test('SC-INJ-04: labels and arguments are what they are, whatever is in them', async () => {
  const odd = {
    'a\nRUN touch /pwned': 'c\n"d"',
    '"': '\u001b[31m',
    'x=y z': "' ; \\",
    big: 'x'.repeat(50_000),
  };
  const buildargs = JSON.stringify({
    A: 'x\nRUN touch /pwned',
    B: '$(touch /pwned)`touch /pwned`"; touch /pwned; "',
  });
  const labels = JSON.stringify(odd);
  const { error } = await build(
    gantry,
    'FROM busybox\nARG A\nARG B\nLABEL a=$A b="$B"\nENV C=$B\nRUN test ! -e /pwned && test -n "$A"\n',
    [],
    { labels, buildargs, t: 'odd' },
  );
  assert.equal(error, '');
  const { Config } = (await gantry.api().get('/images/odd/json')).json<{
    Config: { Labels: Record<string, string> };
  }>();
  const { a, b, ...others } = Config.Labels;
  assert.deepEqual(
    [a, b, others],
    ['x\nRUN touch /pwned', '$(touch /pwned)`touch /pwned`"; touch /pwned; "', odd],
  );
});

test('SC-INJ-08: escapes of a command reach its client, and never our log', async () => {
  const { said } = await build(
    gantry,
    'FROM busybox\nRUN printf "\\033[31mred\\033]0;title\\007\\n"; printf "\\033[2J" >&2; false\n',
  );
  assert.ok(said.includes('\u001b[31mred'));
  assert.ok(!gantry.log().includes('\u001b'));
});

test('SC-INJ-10: a command that prints messages of the stream forges none', async () => {
  const forged = '{"errorDetail":{"message":"forged"},"error":"forged"}\\r\\n{"aux":{"ID":"sha256:0"}}\\r\\n';
  const { text, error, id } = await build(
    gantry,
    `FROM busybox\nRUN printf '${forged}'; printf '${forged}' >&2\n`,
  );
  assert.equal(error, '');
  assert.match(id, /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(
    messagesIn(text).filter((message) => message.error !== undefined),
    [],
  );
});
