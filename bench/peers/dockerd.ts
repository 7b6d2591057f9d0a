/** Debian's dockerd, unpacked beside the machine's own packages: private roots; bridge and rules only in a network of its own. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineStart, socketOf, startEngine } from './engine.ts';
import { type EnginePeer, NotHere } from './peer.ts';

const PEERS = join(import.meta.dirname, '../../tools/peers.sh');

/** The directory that holds dockerd, containerd and runc. @throws NotHere */
function programs(release: readonly string[]): string {
  let unpacked: string;
  try {
    unpacked = execFileSync('sh', [PEERS, ...release], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  } catch (error) {
    throw new NotHere(
      `Debian's docker.io cannot be unpacked: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (!existsSync(join(unpacked, 'usr/sbin/dockerd'))) throw new NotHere(`no dockerd in ${unpacked}`);
  return unpacked;
}

/** Starts it with everything below `directory`. `release`: what the unpacking program is told. */
async function startRelease(
  name: string,
  release: readonly string[],
  directory: string,
  { ownNetwork }: Pick<EngineStart, 'ownNetwork'>,
): Promise<EnginePeer> {
  const unpacked = programs(release);
  const at = (name: string): string => join(directory, name);
  const cgroup = `gantry-bench-${process.pid}${release.join('')}`;
  mkdirSync(directory, { recursive: true });
  writeFileSync(at('daemon.json'), '{}'); // the machine's own settings are not ours
  return startEngine({
    name,
    directory,
    command: join(unpacked, 'usr/sbin/dockerd'),
    args: [
      ...['--host', `unix://${socketOf(directory)}`],
      ...['--data-root', at('data')],
      ...['--exec-root', at('exec')],
      ...['--pidfile', at('pid')],
      ...['--config-file', at('daemon.json')],
      ...(ownNetwork ? [] : ['--bridge=none', '--iptables=false', '--ip-forward=false', '--ip-masq=false']),
      '--userland-proxy=false',
      '--live-restore',
      ...['--exec-opt', 'native.cgroupdriver=cgroupfs'],
      ...['--cgroup-parent', `/${cgroup}`],
      ...['--storage-driver', 'overlay2'],
      ...['--log-level', 'warn'],
    ],
    env: { PATH: `${unpacked}/usr/bin:${unpacked}/usr/sbin:${process.env.PATH ?? ''}` },
    cgroup,
    companion: 'containerd',
    ownNetwork,
  });
}

type Start = (directory: string, options: Pick<EngineStart, 'ownNetwork'>) => Promise<EnginePeer>;

/** The one of this machine's release. */
export const startDockerd: Start = (...start) => startRelease('dockerd', [], ...start);

/** Debian 13's, whose clients build by BuildKit. */
export const startDockerd26: Start = (...start) => startRelease('dockerd-26', ['13'], ...start);
