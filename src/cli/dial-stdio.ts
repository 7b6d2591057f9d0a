/** `gantry dial-stdio`: carries one connection to the engine over stdin and stdout, as clients want it at ssh's other end. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { placeOf } from '../api/client/index.ts';
import { codeOf, Unavailable } from '../base/errors.ts';
import { hostOr } from './connect.ts';

/** Runs until the engine's side has ended. Input that ends closes that direction alone. @throws Unavailable */
async function dialStdio(host: string): Promise<void> {
  const engine = connect({ ...placeOf(host), allowHalfOpen: true });
  try {
    await once(engine, 'connect');
  } catch (error) {
    throw new Unavailable(`no engine answers at ${host} (${codeOf(error)})`, { cause: error });
  }
  // When the engine goes, nobody waits for what its client may still say.
  const input = pipeline(process.stdin, engine).catch(() => undefined);
  try {
    // The process ends its output by its own end, when all of it is written.
    await pipeline(engine, process.stdout, { end: false });
  } finally {
    engine.destroy();
    process.stdin.destroy();
  }
  await input;
}

/** The command. */
export const dialStdioCommand = (): Command =>
  new Command('dial-stdio')
    .description('connect stdin and stdout to the engine, for clients that come by ssh')
    .option('-H, --host <address>', 'the engine (default: $DOCKER_HOST, else unix:///var/run/docker.sock)')
    .action(({ host }: { host?: string }) => dialStdio(hostOr(host)));
