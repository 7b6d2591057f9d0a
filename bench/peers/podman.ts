/** Debian's podman as a service, with crun, in private roots and a mount namespace that bears crun. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { behindCurtain } from '../cgroups.ts';
import { type EngineStart, socketOf, startEngine } from './engine.ts';
import { type EnginePeer, NotHere } from './peer.ts';

const PODMAN = '/usr/bin/podman';

/** @throws NotHere */
export async function startPodman(
  directory: string,
  { ownNetwork }: Pick<EngineStart, 'ownNetwork'>,
): Promise<EnginePeer> {
  if (!existsSync(PODMAN)) throw new NotHere('Debian package podman is not installed');
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('home'), { recursive: true });
  writeFileSync(at('containers.conf'), SETTINGS);
  const [command, args] = behindCurtain(PODMAN, [
    ...['--root', at('data')],
    ...['--runroot', at('run')],
    ...['--tmpdir', at('tmp')],
    ...['--cgroup-manager', 'cgroupfs'],
    ...['--storage-driver', 'overlay'],
    ...['--events-backend', 'file'],
    ...['--runtime', 'crun'],
    ...['--network-config-dir', at('networks')],
    ...['--log-level', 'error'],
    ...['system', 'service', '--time', '0', `unix://${socketOf(directory)}`],
  ]);
  return startEngine({
    name: 'podman',
    directory,
    ownNetwork,
    command,
    args,
    env: { HOME: at('home'), CONTAINERS_CONF: at('containers.conf') },
  });
}

/** podman raises limits of its containers by default; a machine without that right would refuse every start. */
const SETTINGS = '[containers]\ndefault_ulimits = []\n';
