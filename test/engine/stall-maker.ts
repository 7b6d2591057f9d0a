/**
 * Loaded into a daemon by a test, which then makes its thread stand still by signals: SIGUSR2 in a function, until the
 * file `GANTRY_TEST_END` names is there; SIGWINCH in a call of the kernel, until somebody writes to the FIFO `GANTRY_TEST_FIFO`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const { GANTRY_TEST_END: end, GANTRY_TEST_FIFO: fifo } = process.env;

function spinsHere(): void {
  for (let look = Date.now(); ; ) {
    if (Date.now() < look) continue;
    if (existsSync(end!)) return;
    look += 100;
  }
}

if (isMainThread && end !== undefined && fifo !== undefined) {
  process.on('SIGUSR2', spinsHere);
  process.on('SIGWINCH', () => readFileSync(fifo));
}
