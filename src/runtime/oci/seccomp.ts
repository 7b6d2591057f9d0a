/** System-call filters: the default table or a profile of the user's, cut to a container's capabilities and the machine. */
import { release } from 'node:os';
import { InvalidArgument } from '../../base/errors.ts';
import table from './seccomp.json' with { type: 'json' };

interface Condition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  /** `5.11`: the oldest kernel. */
  readonly minKernel?: string;
}
interface Rule {
  readonly names: readonly string[];
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: string;
  }[];
  readonly when?: Condition;
  readonly unless?: Condition;
}

/** `linux.seccomp` of an OCI runtime configuration. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly Omit<Rule, 'when' | 'unless'>[];
}

const ARCHES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Everything of it holds: what a rule's `when` asks. */
function holds(condition: Condition, capabilities: ReadonlySet<string>, arch: string): boolean {
  return (
    (condition.caps?.every((name) => capabilities.has(name)) ?? true) &&
    (!condition.arches?.length || condition.arches.includes(arch)) &&
    (!condition.minKernel || isKernelAtLeast(condition.minKernel))
  );
}

/** Something of it holds: what a rule's `unless` asks. */
function touches(condition: Condition, capabilities: ReadonlySet<string>, arch: string): boolean {
  return (
    (condition.caps?.some((name) => capabilities.has(name)) ?? false) ||
    (condition.arches?.includes(arch) ?? false) ||
    (Boolean(condition.minKernel) && isKernelAtLeast(condition.minKernel ?? ''))
  );
}

function isKernelAtLeast(wanted: string, kernel: string = release()): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function rulesFor(rules: readonly Rule[], capabilities: readonly string[], arch: string) {
  const held = new Set(capabilities);
  return rules
    .filter(
      ({ when, unless }) =>
        (when === undefined || holds(when, held, arch)) &&
        (unless === undefined || !touches(unless, held, arch)),
    )
    .map(({ when: _when, unless: _unless, ...rule }) => rule);
}

interface Family {
  readonly architecture: string;
  readonly subArchitectures: readonly string[];
}

function architecturesOf(families: readonly Family[], arch: string): string[] {
  const native = arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64';
  const family = families.find(({ architecture }) => architecture === native);
  return family ? [family.architecture, ...family.subArchitectures] : [];
}

/** The filter for a container with these capabilities. Pure: the same input gives the same filter, so crun's cache hits. */
export function defaultSeccomp(
  capabilities: readonly string[],
  machine: string = process.arch,
): SeccompProfile {
  const arch = ARCHES[machine] ?? machine;
  return {
    defaultAction: table.defaultAction,
    defaultErrnoRet: table.defaultErrnoRet,
    architectures: architecturesOf(table.archMap, arch),
    syscalls: rulesFor(table.rules as readonly Rule[], capabilities, arch),
  };
}

/** A profile as Docker documents it: the OCI form, and rules that hold only with or without something. */
export interface SeccompSource {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly Family[];
  readonly flags?: readonly string[];
  readonly syscalls?: readonly SourceRule[];
}
interface SourceRule extends Omit<Rule, 'names' | 'when' | 'unless'> {
  readonly name?: string;
  readonly names?: readonly string[];
  readonly includes?: Condition;
  readonly excludes?: Condition;
}

/** Reads a profile's text. @throws InvalidArgument when it is no profile, or contradicts itself */
export function parseSeccomp(text: string): SeccompSource {
  const fail = (why: string, cause?: unknown) =>
    new InvalidArgument(`Decoding seccomp profile failed: ${why}`, { cause });
  let source: SeccompSource;
  try {
    source = JSON.parse(text) as SeccompSource;
  } catch (cause) {
    throw fail('it is no JSON', cause);
  }
  if (typeof source !== 'object' || source === null || Array.isArray(source))
    throw fail('it is no JSON object');
  if (typeof source.defaultAction !== 'string') throw fail('it has no defaultAction');
  const { architectures = [], archMap = [], syscalls = [] } = source;
  if (!Array.isArray(syscalls) || !Array.isArray(architectures) || !Array.isArray(archMap))
    throw fail('syscalls, architectures and archMap are lists');
  if (architectures.length > 0 && archMap.length > 0)
    throw fail(
      "'architectures' and 'archMap' were specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  for (const rule of syscalls) {
    const named = Array.isArray(rule?.names) && rule.names.length > 0;
    if (!named && typeof rule?.name !== 'string') throw fail('a rule names no system call');
    if (named && rule.name)
      throw fail("'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'");
    if (typeof rule.action !== 'string') throw fail('a rule has no action');
  }
  return source;
}

/** The filter that a user's profile means for a container with these capabilities. Pure, but for the kernel's version. */
export function seccompFrom(
  source: SeccompSource,
  capabilities: readonly string[],
  machine: string = process.arch,
): SeccompProfile {
  const arch = ARCHES[machine] ?? machine;
  const architectures = source.archMap?.length
    ? architecturesOf(source.archMap, arch)
    : (source.architectures ?? []);
  const rules = (source.syscalls ?? []).map(
    ({ name, names, action, errnoRet, args, includes, excludes }) => ({
      names: names?.length ? names : [name ?? ''],
      action,
      ...(errnoRet === undefined ? {} : { errnoRet }),
      ...(args?.length ? { args } : {}),
      ...(includes ? { when: includes } : {}),
      ...(excludes ? { unless: excludes } : {}),
    }),
  );
  return {
    defaultAction: source.defaultAction,
    ...(source.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: source.defaultErrnoRet }),
    ...(architectures.length > 0 ? { architectures } : {}),
    ...(source.flags?.length ? { flags: source.flags } : {}),
    syscalls: rulesFor(rules, capabilities, arch),
  };
}
