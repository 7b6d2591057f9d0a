/** Files put together of parts, and settings of containers. */
import { readFileSync } from 'node:fs';
import type { Play } from '../play.ts';

export const parts: Play = {
  name: 'parts',
  async play(stage) {
    const env = { FROM_SHELL: 'shell' };
    await stage.compose('config', { env, briefly: stage.is === 'v1' });
    await stage.compose('up -d', { env });
    await stage.until('logs app', /SHARED|REGION/);
    await stage.compose('logs --no-color app other', { sorted: true });
    await stage.compose('exec -T other cat /files/note');
    await stage.facts('containers');
    await stage.compose('-f compose.yaml -p second up -d app', { env });
    await stage.until(['-f', 'compose.yaml', '-p', 'second', 'logs', 'app'], /REGION/);
    await stage.compose('-f compose.yaml -p second logs --no-color app');
    await stage.all('-p second down', 'down');
    if (stage.is === 'v1') return;
    await stage.all(
      '-f included.yaml up -d',
      '-f included.yaml logs --no-color db',
      '-f included.yaml down -v',
    );
  },
};

const STATUS = ['cat', '/proc/self/status', '/proc/self/limits'] as const;

/** Gantry and later daemons give the capabilities that there are. */
const UNPRIVILEGED = {
  why: 'dockerd 20.10 starts nothing privileged on a machine that lacks a capability of its kernel: nothing is so here',
  only: 'v1',
} as const;

/** Whether this machine has all capabilities of its kernel, as a machine within a machine may not. */
function everyCapability(): boolean {
  const bounding = /^CapBnd:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const last = Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
  return BigInt(`0x${bounding}`) === 2n ** BigInt(last + 1) - 1n;
}

export const limits: Play = {
  name: 'limits',
  differences: [
    ...(everyCapability() ? [] : [UNPRIVILEGED]),
    {
      why: 'the soft limit of open files holds for execs too; runc, written in Go, raises its own to the hard one and passes that on',
      gantry: [/Max open files {3}512 /, 'Max open files   <soft> '],
      dockerd: [/Max open files {3}(512|1024) /, 'Max open files   <soft> '],
    },
  ],
  async play(stage) {
    if (stage.is === 'v1' && !everyCapability()) stage.edit('compose.yaml', '    privileged: true\n', '');
    await stage.compose('up -d');
    await stage.compose([
      'exec',
      '-T',
      'bounded',
      'sh',
      '-c',
      `${STATUS.join(' ')} | grep -E "^(Cap(Prm|Bnd)|NoNewPrivs|Seccomp:|Groups|Max (open files|processes))"; cat /proc/1/comm`,
    ]);
    await stage.compose([
      'exec',
      '-T',
      'bounded',
      'sh',
      '-c',
      'cat /proc/sys/net/core/somaxconn /proc/self/oom_score_adj; df -k /dev/shm | tail -1 | awk "{print \\$2}"; id; pwd; echo lost >/dev/nothing; touch /no',
    ]);
    await stage.until('logs returning', /again.*again.*again/s);
    await stage.docker(['inspect', '-f', '{{.HostConfig.RestartPolicy.Name}}', stage.container('returning')]);
    await stage.compose('stop stubborn');
    await stage.compose('logs --no-color stubborn');
    await stage.facts('containers');
    await stage.compose('down');
  },
};

export const gpu: Play = {
  name: 'gpu',
  async play(stage) {
    await stage.compose('up -d');
    await stage.compose('down');
  },
};
