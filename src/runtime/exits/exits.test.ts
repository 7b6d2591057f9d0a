import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { pidfdOpen, pidfdSignal, Reactor } from '../../linux/index.ts';
import { chooseExitSource, Exits } from './exits.ts';

const skip = chooseExitSource(undefined) === 'pidfd' ? false : 'this kernel’s pidfds do not know exits';

/** A process whose parent never waits for it: it stays a zombie until the parent ends. */
async function unreaped(t: TestContext, program: string): Promise<{ pid: number; go: () => void }> {
  const parent = spawn(
    'sh',
    ['-c', `exec 3<&0; sh -c 'read line <&3; ${program}' & echo $!; exec sleep 1000`],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  t.after(() => parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  return { pid: Number(line.toString()), go: () => parent.stdin.end('\n') };
}

function exits(t: TestContext): Exits {
  const reactor = new Reactor((error) => assert.fail(String(error)));
  const made = new Exits({ reactor, log: silentLog, source: 'pidfd', connector: undefined });
  t.after(() => {
    made.close();
    reactor.close();
  });
  return made;
}

for (const [program, code, signal] of [
  ['exit 7', 7, 0],
  ['kill -9 $$', 137, 9],
  ['exit 0', 0, 0],
] as const)
  test(`a process that its parent does not reap has its exit status all the same: ${program}`, {
    skip,
  }, async (t) => {
    const { pid, go } = await unreaped(t, program);
    const pidfd = pidfdOpen(pid);
    t.after(() => closeSync(pidfd));
    const status = exits(t).watch(pid, pidfd);
    assert(pidfdSignal(pidfd, 0), 'it runs');
    go();
    assert.deepEqual(await status, { code, signal });
    assert.match(readFileSync(`/proc/${pid}/stat`, 'utf8'), /\) Z /, 'nobody has reaped it');
  });
