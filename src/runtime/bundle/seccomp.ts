/** The default system-call filter: a table of ours, cut to a container's capabilities and the machine. */
import table from './seccomp.json' with { type: 'json' };

interface Condition {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
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
  readonly syscalls?: readonly Omit<Rule, 'when' | 'unless'>[];
}

const ARCHES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const holds = (condition: Condition, capabilities: ReadonlySet<string>, arch: string): boolean =>
  (condition.caps?.every((name) => capabilities.has(name)) ?? true) &&
  (condition.arches?.includes(arch) ?? true);

/** The filter for a container with these capabilities. Pure: the same input gives the same filter, so crun's cache hits. */
export function defaultSeccomp(
  capabilities: readonly string[],
  machine: string = process.arch,
): SeccompProfile {
  const held = new Set(capabilities);
  const arch = ARCHES[machine] ?? machine;
  const rules = (table.rules as readonly Rule[]).filter(
    ({ when, unless }) =>
      (when === undefined || holds(when, held, arch)) && (unless === undefined || !holds(unless, held, arch)),
  );
  const family = table.archMap.find(
    ({ architecture }) => architecture === (arch === 'arm64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'),
  );
  return {
    defaultAction: table.defaultAction,
    defaultErrnoRet: table.defaultErrnoRet,
    architectures: family ? [family.architecture, ...family.subArchitectures] : [],
    syscalls: rules.map(({ when: _when, unless: _unless, ...rule }) => rule),
  };
}
