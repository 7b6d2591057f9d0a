/** exec: a program in a running container, attached, until its output has ended. */
import { unframe } from '../api.ts';
import type { EnginePeer } from '../peers/peer.ts';
import { create, IDLE, removeNow, start } from './containers.ts';
import type { Figures, Scenario } from './scenario.ts';

const CODE = 3;
const OUTPUT = 'hello\n';
const COMMAND = ['/bin/sh', '-c', `echo hello; exit ${CODE}`];

export const exec: Scenario = {
  name: 'exec',
  title: 'exec: attached, until the output has ended',
  unit: 'ms',
  rounds: 25,
  warmUps: 3,
  prepare: async (peer) => {
    if (peer.is === 'runtime') {
      const id = `gantry-bench-exec-${process.pid}`;
      const end = await peer.hold(id, IDLE);
      return { once: async () => ({ total: await peer.exec(id, COMMAND, CODE, OUTPUT) }), close: end };
    }
    const id = await create(peer, IDLE);
    await start(peer, id);
    return { once: () => onEngine(peer, id), close: () => removeNow(peer, id) };
  },
};

async function onEngine(peer: EnginePeer, container: string): Promise<Figures> {
  const began = performance.now();
  const { Id } = await peer.api.json<{ Id: string }>('POST', `/containers/${container}/exec`, {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: COMMAND,
  });
  const created = performance.now();
  const said = unframe(await peer.api.hijack(`/exec/${Id}/start`, { Detach: false, Tty: false }));
  const ended = performance.now();
  const { ExitCode } = await peer.api.json<{ ExitCode: number }>('GET', `/exec/${Id}/json`);
  if (said !== OUTPUT || ExitCode !== CODE)
    throw new Error(`${peer.name}: exec gave exit code ${ExitCode} and output ${JSON.stringify(said)}`);
  return { total: ended - began, create: created - began, 'start to end': ended - created };
}
