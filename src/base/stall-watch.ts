/** Watches the thread that serves clients from another one, and tells where it stands when it stands still. */
import type { Session } from 'node:inspector';
import { getEnvironmentData } from 'node:worker_threads';
import { readText } from './files.ts';
import { PULSE, type Pulse, STALL_MS } from './heartbeat.ts';

const LOOK_MS = 500;
/** A thread that runs a program answers at once, on a busy machine soon; one that the kernel holds does not. */
const ANSWER_MS = 2000;
/** Who stalls again and again is told of so often, for each telling stops the thread once more. */
const TOLD_EVERY_MS = 10_000;
const FRAMES_MAX = 12;

/** Watches, if this thread's maker has a pulse, for as long as this thread lives. Costs a look at a number each half second. */
export function watchForStalls(): void {
  const pulse = getEnvironmentData(PULSE) as Pulse | undefined;
  if (pulse === undefined) return;
  let last = Atomics.load(pulse.beats, 0);
  let still = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  setInterval(() => {
    const now = Atomics.load(pulse.beats, 0);
    still = now === last ? still + LOOK_MS : 0;
    last = now;
    // Each stall once, at the look at which it has become one.
    if (still !== STALL_MS || performance.now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = performance.now();
    void tell(pulse);
  }, LOOK_MS).unref();
}

async function tell({ beats, level }: Pulse): Promise<void> {
  const before = Atomics.load(beats, 0);
  // Loaded when there is something to tell: a daemon in health has no use for them.
  const [{ createLog }, inspector] = await Promise.all([import('./log.ts'), import('node:inspector')]);
  const stack = await stackOfMain(new inspector.Session());
  // Where it is now that it goes on says nothing of where it stood.
  const where = Atomics.load(beats, 0) !== before ? {} : stack ? { stack } : { kernel: waitsFor() };
  createLog(level).warn('daemon.stalled', where);
}

/** The functions in which the main thread is, the innermost first; undefined when the kernel holds it. */
async function stackOfMain(session: Session): Promise<string[] | undefined> {
  const found = Promise.withResolvers<string[] | undefined>();
  const timer = setTimeout(() => found.resolve(undefined), ANSWER_MS);
  const addresses = new Map<string, string>();
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({ params }) => addresses.set(params.scriptId, params.url));
  session.on('Debugger.paused', ({ params }) => {
    found.resolve(
      params.callFrames
        .slice(0, FRAMES_MAX)
        .map(
          ({ functionName, location: { scriptId, lineNumber, columnNumber = 0 } }) =>
            `${functionName || '(anonymous)'} ${addresses.get(scriptId)}:${lineNumber + 1}:${columnNumber + 1}`,
        ),
    );
    session.post('Debugger.resume', () => session.disconnect());
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
  try {
    return await found.promise;
  } finally {
    clearTimeout(timer);
  }
}

/** The function of the kernel in which the main thread waits (proc_pid_wchan(5)), as far as it tells. */
const waitsFor = (): string => readText(`/proc/self/task/${process.pid}/wchan`) || 'unknown';
