/** `docker version` and `docker info`: true values, from memory. */
import type { SystemVersion } from '../../model/system.ts';
import { describedDevices } from '../devices/cdi.ts';
import type { SystemDeps } from './deps.ts';
import { createDiskUsage } from './disk-usage.ts';
import { info } from './info.ts';
import type { System } from './promise.ts';

/** The verbs on the engine as a whole. */
export function createSystem(deps: SystemDeps): System {
  return {
    async info() {
      await deps.directory.certain();
      return info(deps, {
        images: await deps.imageCount(),
        devices: await describedDevices(deps.cdiSpecDirs),
        runtimeVersion: await deps.runtimeVersion(),
      });
    },
    version: async () => version(deps, await deps.runtimeVersion()),
    diskUsage: createDiskUsage(deps.usage),
  };
}

function version({ host, engine, defaultRuntime }: SystemDeps, runtimeVersion: string): SystemVersion {
  return {
    Platform: { Name: 'Gantry' },
    Components: [
      {
        Name: 'Engine',
        Version: engine.version,
        Details: {
          ApiVersion: engine.apiVersion,
          Arch: host.goArch,
          BuildTime: engine.buildTime,
          Experimental: 'false',
          GitCommit: engine.gitCommit,
          // The key is Go's; clients print whatever stands there as what the engine runs on.
          GoVersion: `node ${process.versions.node}`,
          KernelVersion: host.kernel,
          MinAPIVersion: engine.minApiVersion,
          Os: 'linux',
        },
      },
      { Name: defaultRuntime, Version: runtimeVersion, Details: {} },
    ],
    Version: engine.version,
    ApiVersion: engine.apiVersion,
    MinAPIVersion: engine.minApiVersion,
    GitCommit: engine.gitCommit,
    GoVersion: `node ${process.versions.node}`,
    Os: 'linux',
    Arch: host.goArch,
    KernelVersion: host.kernel,
    BuildTime: engine.buildTime,
  };
}
