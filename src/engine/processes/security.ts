/** `SecurityOpt` of a container, read into what it asks for. Pure. */
import { settingFailure } from '../../model/failures/setting.ts';
import { defaultSeccomp, parseSeccomp, type SeccompProfile, seccompFrom } from '../../runtime/index.ts';

/** What a container's security options ask for. */
export interface Security {
  /** `builtin`: the engine's own table; `default`: the one the daemon was told; else the text of a profile. */
  readonly seccomp: 'default' | 'builtin' | 'unconfined' | { readonly profile: string };
  readonly noNewPrivileges: boolean;
  /** Undefined: the default profile, where the host has AppArmor. */
  readonly apparmor: string | undefined;
  /** Undefined: as `Privileged` says. */
  readonly writableCgroups: boolean | undefined;
}

/** What the daemon's settings give to containers that say nothing. */
export interface SecurityDefaults {
  readonly noNewPrivileges: boolean;
  /** `builtin`, `unconfined`, or the text of a profile. */
  readonly seccomp: string;
}

/** The words that Go reads as booleans. */
const BOOLEANS: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false] as const),
]);
/** A profile's name goes to a file of the kernel as it is. */
const APPARMOR_NAME = /^[^\s\p{Cc}]{1,255}$/u;
const LABEL = /^(disable|(user|role|type|level|filetype):[A-Za-z0-9_.:,-]+)$/;

/** `name=value`, or with a colon as clients before 1.24 wrote it. @throws InvalidArgument */
export function readSecurity(
  options: readonly string[],
  defaults: Pick<SecurityDefaults, 'noNewPrivileges'> = { noNewPrivileges: false },
): Security {
  const found = {
    seccomp: 'default' as Security['seccomp'],
    noNewPrivileges: defaults.noNewPrivileges,
    apparmor: undefined as string | undefined,
    writableCgroups: undefined as boolean | undefined,
  };
  for (const option of options) {
    if (option === 'no-new-privileges') found.noNewPrivileges = true;
    else if (option === 'writable-cgroups') found.writableCgroups = true;
    else if (option !== 'disable') readPair(option, found);
  }
  return found;
}

function readPair(option: string, found: { -readonly [K in keyof Security]: Security[K] }): void {
  const at = option.includes('=') ? option.indexOf('=') : option.indexOf(':');
  if (at < 0) throw settingFailure.securityOptInvalid({ how: 1, option });
  const value = option.slice(at + 1);
  const invalid = () => settingFailure.securityOptInvalid({ how: 2, option });
  const flag = (): boolean => {
    const read = BOOLEANS[value];
    if (read === undefined) throw invalid();
    return read;
  };
  switch (option.slice(0, at)) {
    case 'label':
      // Labels mean something to SELinux only; as in dockerd without it they are read and have no effect.
      if (!LABEL.test(value)) throw invalid();
      break;
    case 'apparmor':
      if (!APPARMOR_NAME.test(value)) throw invalid();
      found.apparmor = value;
      break;
    case 'seccomp':
      found.seccomp = readSeccomp(value);
      break;
    case 'no-new-privileges':
      found.noNewPrivileges = flag();
      break;
    case 'writable-cgroups':
      found.writableCgroups = flag();
      break;
    default:
      throw invalid();
  }
}

function readSeccomp(value: string): Security['seccomp'] {
  if (value === 'unconfined' || value === 'builtin') return value;
  if (value === '') return 'default';
  parseSeccomp(value);
  return { profile: value };
}

/** The filter of a container with these capabilities; undefined: none. */
export function seccompOf(
  asked: Security['seccomp'],
  daemon: SecurityDefaults['seccomp'],
  privileged: boolean,
  capabilities: readonly string[],
): SeccompProfile | undefined {
  const text = typeof asked === 'object' ? asked.profile : asked === 'default' ? daemon : asked;
  // A privileged container has no filter unless it brings one.
  if (text === 'unconfined' || (privileged && typeof asked !== 'object')) return undefined;
  return text === 'builtin' ? defaultSeccomp(capabilities) : seccompFrom(parseSeccomp(text), capabilities);
}

/**
 * The AppArmor profile of a container's processes; undefined: none is set. `hostDefault` undefined: the host has no
 * AppArmor, and profiles that are asked for have no effect, as in dockerd.
 */
export function apparmorOf(
  asked: string | undefined,
  hostDefault: string | undefined,
  privileged: boolean,
): string | undefined {
  if (hostDefault === undefined) return undefined;
  return asked || (privileged ? 'unconfined' : hostDefault);
}
