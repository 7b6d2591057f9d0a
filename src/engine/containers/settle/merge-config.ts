/** A configuration whose gaps are filled from another: what a commit says over what its container has. Pure. */
import type { ContainerConfig, HealthConfig } from '../../../model/container.ts';

/** What `said` leaves out is as in `base`; lists of names are joined. */
export function mergeConfig(said: ContainerConfig, base: ContainerConfig): ContainerConfig {
  const merged: ContainerConfig = {
    ...said,
    User: said.User || base.User || '',
    Env: joinEnv(said.Env ?? [], base.Env ?? []),
    Labels: { ...base.Labels, ...said.Labels },
    ...command(said, base),
    WorkingDir: said.WorkingDir || base.WorkingDir || '',
    ...optional('ExposedPorts', joinSets(said.ExposedPorts, base.ExposedPorts)),
    ...optional('Volumes', joinSets(said.Volumes, base.Volumes)),
    ...optional('StopSignal', said.StopSignal || base.StopSignal),
    ...optional('Healthcheck', mergeHealth(said.Healthcheck, base.Healthcheck)),
  };
  return merged;
}

type NameSet = ContainerConfig['Volumes'];
function joinSets(said: NameSet, base: NameSet): NameSet {
  const joined = { ...base, ...said };
  return Object.keys(joined).length > 0 ? joined : undefined;
}

function joinEnv(said: readonly string[], base: readonly string[]): string[] {
  const names = new Set(said.map(nameOf));
  return [...said, ...base.filter((item) => !names.has(nameOf(item)))];
}
const nameOf = (item: string): string => item.split('=', 1)[0] ?? '';

/** Who brings an entry point brings its arguments too. */
function command(said: ContainerConfig, base: ContainerConfig): Pick<ContainerConfig, 'Cmd' | 'Entrypoint'> {
  const own = { ...optional('Cmd', said.Cmd), ...optional('Entrypoint', said.Entrypoint) };
  if ((said.Entrypoint?.length ?? 0) > 0) return own;
  const Cmd = (said.Cmd?.length ?? 0) > 0 ? said.Cmd : base.Cmd;
  return { ...optional('Cmd', Cmd), ...optional('Entrypoint', said.Entrypoint ?? base.Entrypoint) };
}

function mergeHealth(
  said: HealthConfig | undefined,
  base: HealthConfig | undefined,
): HealthConfig | undefined {
  if (!said || !base) return said ?? base;
  const filled = Object.entries(said).filter(
    ([, value]) => value !== 0 && !(Array.isArray(value) && value.length === 0),
  );
  return { ...base, ...Object.fromEntries(filled) };
}

/** Nothing for what is undefined: an absent member is not one without a value. */
const optional = <K extends string, V>(name: K, value: V | undefined): { [P in K]?: V } =>
  (value === undefined ? {} : { [name]: value }) as { [P in K]?: V };
