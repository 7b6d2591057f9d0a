/** The end that no daemon can prepare for, and its next start. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandOf, cpuMs, descendantsOf } from '../processes.ts';

const POLL_MS = 10;
const END_TIMEOUT_MS = 15_000;
/** On a busy machine. */
const SAY_TIMEOUT_MS = 60_000;

/** A daemon that answers again. */
export interface Restarted {
  /** From its start until it answered. */
  readonly answerMs: number;
  /** Processor time that it and what it started took until then. */
  readonly cpuMs: number;
}

/**
 * Kills the daemon with SIGKILL and waits until it is gone; `companion`: a program beside it that the kernel ends with it.
 * As long as its parent has not heard of its end, a new dockerd takes that containerd for one that runs, and gives up after
 * 15 seconds.
 */
export async function killDaemon(child: ChildProcess, companion: string | undefined): Promise<void> {
  const beside = descendantsOf(child.pid ?? 0).filter((pid) => programOf(pid) === companion);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
  for (const end = Date.now() + END_TIMEOUT_MS; beside.some((pid) => existsSync(`/proc/${pid}`)); ) {
    if (Date.now() > end) throw new Error(`${companion} outlives its daemon`);
    await sleep(POLL_MS);
  }
}

const programOf = (pid: number): string => basename(commandOf(pid).split('\0')[0] ?? '');

/** Processor time of a daemon and of what descends from it. */
export const daemonCpuMs = (pid: number): number =>
  [pid, ...descendantsOf(pid)].reduce((sum, each) => sum + cpuMs(each), 0);

/** Resolves when `word` stands in the file behind the byte `from`. */
export async function saidIn(file: string, word: string, from: number): Promise<void> {
  for (const end = Date.now() + SAY_TIMEOUT_MS; !readFileSync(file).includes(word, from); await sleep(1))
    if (Date.now() > end) throw new Error(`${file} does not say ${word}`);
}
