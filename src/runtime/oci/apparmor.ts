/** AppArmor, where the kernel has it: the profile of plain containers, loaded when it is not. */
import { execFileSync } from 'node:child_process';
import { messageOf } from '../../base/errors.ts';
import { readText } from '../../base/files.ts';
import type { Log } from '../../base/log.ts';

export const APPARMOR_PROFILE = 'gantry-default';
/** A hanging parser must not hold the daemon. */
const PARSER_TIMEOUT_MS = 20_000;

/** Where the kernel tells (apparmor(7)), and how a profile is loaded; tests have others. */
export interface AppArmorHost {
  readonly enabledFile: string;
  readonly profilesFile: string;
  /** @throws when it cannot be loaded */
  readonly load: (profile: string) => void;
}
const HERE: AppArmorHost = {
  enabledFile: '/sys/module/apparmor/parameters/enabled',
  profilesFile: '/sys/kernel/security/apparmor/profiles',
  load: (profile) =>
    void execFileSync('apparmor_parser', ['-Kr'], {
      input: profile,
      timeout: PARSER_TIMEOUT_MS,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { PATH: '/usr/sbin:/sbin:/usr/bin:/bin' },
    }),
};

/**
 * The profile that containers get which ask for none. Undefined: the kernel has no AppArmor. `unconfined`: it has, but
 * the profile can neither be found nor loaded; that is warned of.
 */
export function defaultAppArmor(log: Log, host: AppArmorHost = HERE): string | undefined {
  if (!/^Y/.test(readText(host.enabledFile))) return undefined;
  if (isLoaded(host)) return APPARMOR_PROFILE;
  try {
    host.load(profileText());
    if (isLoaded(host)) return APPARMOR_PROFILE;
    log.warn('apparmor.unconfined', {
      reason: `the kernel does not list ${APPARMOR_PROFILE} after loading it`,
    });
  } catch (error) {
    log.warn('apparmor.unconfined', { reason: messageOf(error), mend: 'install apparmor' });
  }
  return 'unconfined';
}

/** Lines are `NAME (MODE)`. */
const isLoaded = ({ profilesFile }: AppArmorHost): boolean =>
  readText(profilesFile)
    .split('\n')
    .some((line) => line.startsWith(`${APPARMOR_PROFILE} (`));

/** What no container may do whatever its capabilities say; in the language of apparmor.d(5). */
function profileText(): string {
  const writes = ['/proc/sys/kernel/{core_pattern,modprobe,hotplug}', '/proc/sys/vm/**', '/proc/sys/fs/**'];
  const all = ['/proc/{kcore,kmem,mem,sysrq-trigger}', '/sys/firmware/**', '/sys/kernel/security/**'];
  const own = `peer=${APPARMOR_PROFILE}`;
  return [
    `profile ${APPARMOR_PROFILE} flags=(attach_disconnected,mediate_deleted) {`,
    '  capability,',
    '  network,',
    '  file,',
    '  umount,',
    '  # Whoever ends it: the engine, its runtimes, and processes of its own kind.',
    '  signal (receive) peer=unconfined,',
    '  signal (receive) peer={crun,runc},',
    `  signal (send, receive) ${own},`,
    `  ptrace (read, trace, readby, tracedby) ${own},`,
    '  deny mount,',
    ...writes.map((path) => `  deny ${path} w,`),
    ...all.map((path) => `  deny ${path} rwklx,`),
    '  deny /sys/{block,bus,class,dev,devices,kernel,module,power}/** wklx,',
    '}',
    '',
  ].join('\n');
}
