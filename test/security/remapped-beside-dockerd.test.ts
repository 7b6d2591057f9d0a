/** What a container with ids of its own sees and may, beside dockerd's with the same ids. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Dockerd, type Engine, startDockerd } from '../harness/dockerd.ts';
import type { Gantry } from '../harness/gantry.ts';
import { runInside } from './inside.ts';
import { idTables, startRemapped } from './remapped.ts';

let gantry: Gantry;
let dockerd: Dockerd | string;
const ends: (() => Promise<void>)[] = [];
before(async () => {
  const scope = { after: (end: () => Promise<void>) => void ends.unshift(end) };
  gantry = await startRemapped(scope);
  const etc = idTables(scope);
  dockerd = await startDockerd(scope, { release: 13, bridge: true, args: ['--userns-remap=mapped'], etc });
});
after(async () => {
  for (const end of ends) await end();
});

const LOOKS: Readonly<Record<string, string>> = {
  ids: 'id; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups',
  rights: 'grep -E "^(Cap|NoNewPrivs|Seccomp:|Groups)" /proc/self/status',
  'owners of its files':
    'stat -c "%n %u:%g" / /bin /etc /etc/hosts /etc/hostname /etc/resolv.conf /etc/passwd /tmp',
  'owners of devices':
    'stat -c "%n %u:%g %a" /dev/null /dev/zero /dev/full /dev/tty /dev/random /dev/urandom /dev/shm',
  'owners of the kernel’s files':
    'stat -c "%n %u:%g" /proc /sys /proc/1/environ /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmax /sys/class/net/lo',
  'how the kernel’s files are mounted':
    "grep -E ' (/proc|/sys|/proc/sys|/proc/bus|/proc/fs|/proc/irq|/dev|/dev/pts|/dev/shm|/dev/mqueue) ' /proc/self/mounts | cut -d' ' -f2-4 | sort",
  'what it may change':
    'for each in "echo 1 >/proc/sys/net/ipv4/ip_forward" "echo 1 >/proc/sys/kernel/shmmax" "hostname x" "mknod /x b 1 1" "mount -t tmpfs x /tmp" "chmod 777 /dev/null" "chown 1 /dev/null" "echo x >/dev/stdout" "touch /etc/hosts"; do (eval "$each") >/dev/null 2>&1; echo "$each: $?"; done',
};

const look = async (engine: Engine, script: string) =>
  (await runInside(engine, { Cmd: ['sh', '-c', script] })).output;

for (const [what, script] of Object.entries(LOOKS))
  test(`a container with ids of its own has as dockerd’s: ${what}`, async (t) => {
    if (typeof dockerd === 'string') return t.skip(dockerd);
    assert.equal(await look(gantry, script), await look(dockerd, script));
  });

for (const HostConfig of [
  { Privileged: true },
  { NetworkMode: 'host' },
  { PidMode: 'host' },
  { Privileged: true, UsernsMode: 'host' },
  { NetworkMode: 'host', UsernsMode: 'host' },
  { UTSMode: 'host' },
  { CgroupnsMode: 'host' },
])
  test(`with ids of its own, a container with ${JSON.stringify(HostConfig)} runs, or is refused, as dockerd’s`, async (t) => {
    if (typeof dockerd === 'string') return t.skip(dockerd);
    const outcome = async (engine: Engine) => {
      const { status, refused, exitCode } = await runInside(engine, { Cmd: ['true'], HostConfig });
      return { status, refused, exitCode };
    };
    assert.deepEqual(await outcome(gantry), await outcome(dockerd));
  });
