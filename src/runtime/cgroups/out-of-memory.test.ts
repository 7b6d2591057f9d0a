import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelMessage } from '../../linux/index.ts';
import { tellsOfKill } from './out-of-memory.ts';

const PATH = '/system.slice/gantry-0123.scope';
const ended = { pid: 812, startTime: '5000', cgroupPath: PATH };
const told = (...records: string[]) =>
  tellsOfKill(
    records.map((record) => kernelMessage(record)!),
    ended,
  );
const oom = (memcg: string, at: number) =>
  `6,1,${at},-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=${memcg},task_memcg=${memcg},task=sh,pid=815,uid=0\n SUBSYSTEM=x\n`;

test('a kill in the container’s cgroup, or one below it, is told by the kernel’s log', () => {
  assert.equal(told('6,0,1,-;Linux version 6.1', oom(PATH, 50_000_001)), true);
  assert.equal(told(oom(`${PATH}/init.scope`, 50_000_001)), true);
});

test('a kill of its first process is told also when the kernel says nothing of cgroups', () => {
  assert.equal(
    told('3,9,60000000,-;Memory cgroup out of memory: Killed process 812 (sh) total-vm:4kB'),
    true,
  );
  assert.equal(told('3,9,60000000,-;Out of memory: Killed process 812 (sh) total-vm:4kB'), true);
});

test('what befell another container, or the one before it in the same cgroup, is not its own', () => {
  assert.equal(told(oom('/system.slice/gantry-01234.scope', 50_000_001)), false);
  assert.equal(told(oom(PATH, 49_999_999)), false);
  assert.equal(
    told('3,9,60000000,-;Memory cgroup out of memory: Killed process 8120 (sh) total-vm:4kB'),
    false,
  );
  assert.equal(told(), false);
});

test('a message is read without the fields that follow it; what is none is not read', () => {
  assert.deepEqual(kernelMessage('6,1,22,-,caller=T1;a; b\n SUBSYSTEM=net\n'), { at: 22, text: 'a; b' });
  assert.equal(kernelMessage(' SUBSYSTEM=net'), undefined);
});
