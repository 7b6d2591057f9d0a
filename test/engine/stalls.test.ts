/** A daemon whose thread stands still says so, and where, while it does. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { mkfifo } from '../../src/linux/index.ts';
import { Gantry } from '../harness/gantry.ts';
import { until } from '../harness/until.ts';

interface Line {
  readonly stack?: readonly string[];
  readonly kernel?: string;
  readonly milliseconds?: number;
}

/** A daemon that the signals of stall-maker.ts stop, what it says of that, and what lets it go on. */
async function stallable(t: TestContext) {
  const env: Record<string, string> = {
    NODE_OPTIONS: `--import ${join(import.meta.dirname, 'stall-maker.ts')}`,
  };
  const gantry = new Gantry({ env });
  const [fifo, end] = [join(gantry.root, 'fifo'), join(gantry.root, 'end')];
  Object.assign(env, { GANTRY_TEST_FIFO: fifo, GANTRY_TEST_END: end });
  mkfifo(fifo, 0o600);
  const goOn = async (): Promise<void> => {
    writeFileSync(end, '');
    await writeFile(fifo, 'go on', { flag: 'r+' }); // r+: also when nobody reads
  };
  t.after(async () => {
    await goOn();
    rmSync(fifo);
    await gantry.end();
  });
  await gantry.start();
  const told = async (event: string): Promise<Line> => {
    const line = (): string | undefined =>
      gantry
        .log()
        .split('\n')
        .find((each) => each.includes(`"${event}"`));
    return JSON.parse((await until(line, (found) => found !== undefined))!) as Line;
  };
  return { gantry, told, goOn };
}

test('RC-R06: a thread that computes without end is told with the function that does, then how long it was', async (t) => {
  const { gantry, told, goOn } = await stallable(t);
  process.kill(gantry.pid, 'SIGUSR2');
  const { stack } = await told('daemon.stalled');
  assert.match(stack?.join('\n') ?? '', /^spinsHere file:.*stall-maker\.ts:\d+:\d+$/m);
  await goOn();
  const { milliseconds = 0 } = await told('daemon.stall-over');
  assert(milliseconds >= 1000, `${milliseconds} ms`);
  assert.equal((await gantry.api().get('/_ping')).status, 200);
});

test('RC-R06: a thread that the kernel holds is told with where in the kernel it waits', async (t) => {
  const { gantry, told, goOn } = await stallable(t);
  process.kill(gantry.pid, 'SIGWINCH');
  const { kernel, stack } = await told('daemon.stalled');
  assert.equal(stack, undefined);
  assert.match(kernel ?? '', /fifo|pipe|wait/);
  await goOn();
  await told('daemon.stall-over');
  assert.equal((await gantry.api().get('/_ping')).status, 200);
});
