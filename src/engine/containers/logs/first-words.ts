/** Clients start a container and read its log at once: docker-py's `start`, `logs`. They mean what it prints first. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Task } from '../../../runtime/index.ts';

/** So young a container may be about to say its first word; a program that only prints has done so by then. */
const YOUNG_MS = 100;
const LOOK_MS = 2;

/** A container, as far as it matters here. */
interface Speaker {
  readonly task: Pick<Task, 'ageMs' | 'isSilent'> | undefined;
}

/** Reads after the first word of a container that has just started, or when none came. */
export async function* afterFirstWords<T>(
  container: Speaker,
  signal: AbortSignal,
  read: () => AsyncIterable<T>,
): AsyncGenerator<T> {
  while (mayBeAboutToSpeak(container) && !signal.aborted) await sleep(LOOK_MS);
  yield* read();
}

/** One that has ended says nothing more when all of it has come: then it has no task. */
const mayBeAboutToSpeak = ({ task }: Speaker): boolean =>
  task !== undefined && task.ageMs < YOUNG_MS && task.isSilent;
