/** A machine with everything, for tests of what requests mean on one. */
import type { HostFacts } from './host-config.ts';

export const facts: HostFacts = {
  hostname: 'host',
  cpus: 2,
  memoryBytes: 8e9,
  cgroupVersion: 1,
  limits: {
    ...{ memory: true, swap: true, swappiness: true, reservation: true, oomKillDisable: true, pids: true },
    ...{ cpuShares: true, cpuQuota: true, cpuRealtime: true },
    ...{ blkioWeight: true, blkioWeightDevice: true, blkioThrottle: true, cpus: '0-1', mems: '0' },
  },
  cgroupDriver: 'cgroupfs',
  apparmor: undefined,
  defaults: {
    shmBytes: 64 << 20,
    ipcMode: 'private',
    cgroupnsMode: undefined,
    init: false,
    noNewPrivileges: false,
    seccomp: 'builtin',
  },
  runtimes: ['crun', 'runc'],
  defaultRuntime: 'crun',
  logDriver: 'local',
  logOptions: {},
  bridge: true,
  recursiveReadOnly: true,
  cdiSpecDirs: [],
  ownUserIds: false,
};
