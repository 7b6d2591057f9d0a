/** What an engine says of a compose project's containers, networks and volumes, in a form that two engines can share. */
import { arranged } from '../cli/plain.ts';
import type { Engine } from '../harness/dockerd.ts';

/** What is asked for. */
export type Facts = 'containers' | 'networks' | 'volumes';

/** The version that both engines of the comparison and Compose itself know. */
const VERSION = '1.41';
/** Of a container's settings: what engines fill in by themselves, differently, and no file asked for. */
const OWN_CHOICE = {
  Runtime: '<runtime>',
  KernelMemory: undefined,
  KernelMemoryTCP: undefined,
  ContainerIDFile: '',
  CgroupParent: '',
  LogConfig: '<log>',
  MaskedPaths: [],
  ReadonlyPaths: [],
};

type Members = Readonly<Record<string, unknown>>;
interface Container {
  readonly Name: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly Config: Members;
  readonly HostConfig: Members;
  readonly Mounts: readonly {
    Type: string;
    Name?: string;
    Source: string;
    Destination: string;
    RW: boolean;
  }[];
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, Endpoint>>;
    readonly Ports: Members;
  };
}
interface Endpoint {
  readonly Aliases: readonly string[] | null;
  readonly Links: readonly string[] | null;
  readonly IPAMConfig: unknown;
}

/** One line of JSON for each thing, in the order of their names. */
export async function factsOf(engine: Engine, of: readonly Facts[]): Promise<readonly string[]> {
  const lines = await Promise.all(of.map((each) => ASK[each](engine)));
  return lines.flat();
}

const FILTERS = encodeURIComponent(JSON.stringify({ label: ['com.docker.compose.project'] }));

const ASK: Readonly<Record<Facts, (engine: Engine) => Promise<readonly string[]>>> = {
  async containers({ api }) {
    const of = api(VERSION);
    const listed = (await of.get(`/containers/json?all=1&filters=${FILTERS}`)).json<{ Id: string }[]>();
    const all = await Promise.all(
      listed.map(async ({ Id }) => (await of.get(`/containers/${Id}/json`)).json<Container>()),
    );
    return all.toSorted((a, b) => (a.Name < b.Name ? -1 : 1)).map(containerLine);
  },
  async networks({ api }) {
    const listed = (await api(VERSION).get(`/networks?filters=${FILTERS}`)).json<
      (Members & { Name: string })[]
    >();
    return listed
      .toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
      .map(({ Name, Driver, Internal, Attachable, EnableIPv6, Options, Labels }) =>
        line('network', { Name, Driver, Internal, Attachable, EnableIPv6, Options, Labels }),
      );
  },
  async volumes({ api }) {
    const { Volumes } = (await api(VERSION).get(`/volumes?filters=${FILTERS}`)).json<{
      Volumes: readonly (Members & { Name: string })[] | null;
    }>();
    return (Volumes ?? [])
      .toSorted((a, b) => (a.Name < b.Name ? -1 : 1))
      .map(({ Name, Driver, Scope, Options, Labels }) =>
        line('volume', { Name, Driver, Scope, Options, Labels }),
      );
  },
};

const line = (kind: string, members: object): string => `${kind} ${arranged(JSON.stringify(members), {})}`;

/** Compose sends what stands in a map in any order. */
const inOrder = <T>(list: readonly T[] | null | undefined): readonly T[] | null | undefined =>
  list?.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** Short ids are named by the order in which they are seen, which must not hang on how they sort. */
const idsLast = (names: readonly string[] | null): readonly string[] | undefined => {
  const isId = (name: string): boolean => /^[0-9a-f]{12}$/.test(name);
  return names?.toSorted((a, b) => Number(isId(a)) - Number(isId(b)) || (a < b ? -1 : 1));
};

/** No policy has no name in dockerd 20.10, as Compose 1 sends it; since then it is called `no`. */
const policyName = ({ RestartPolicy }: Members): Members => ({
  Name: (RestartPolicy as { Name: string }).Name || 'no',
});

function labels(all: unknown): Members {
  const told = all as Readonly<Record<string, string>>;
  const { 'com.docker.compose.depends_on': needs, 'com.docker.compose.slug': _random, ...others } = told;
  return needs === undefined ? others : { ...others, needs: needs.split(',').toSorted() };
}

function containerLine({ Name, State, Config, HostConfig, Mounts, NetworkSettings }: Container): string {
  const networks = Object.entries(NetworkSettings.Networks).map(([name, { Aliases, Links, IPAMConfig }]) => [
    name,
    { Aliases: idsLast(Aliases) ?? null, Links: inOrder(Links) ?? null, IPAMConfig },
  ]);
  return line('container', {
    Name,
    State: [State.Status, State.ExitCode, State.Health?.Status],
    Config: {
      ...Config,
      NetworkDisabled: undefined,
      Env: inOrder(Config.Env as string[] | null),
      Labels: labels(Config.Labels),
    },
    HostConfig: {
      ...HostConfig,
      ...OWN_CHOICE,
      RestartPolicy: { ...(HostConfig.RestartPolicy as Members), ...policyName(HostConfig) },
      Binds: inOrder(HostConfig.Binds as string[] | null),
      Mounts: inOrder(HostConfig.Mounts as unknown[] | null),
      Ulimits: inOrder(HostConfig.Ulimits as unknown[] | null),
      ExtraHosts: inOrder(HostConfig.ExtraHosts as string[] | null),
    },
    Mounts: Mounts.map(({ Type, Name: volume, Source, Destination, RW }) => [
      Type,
      volume ?? Source,
      Destination,
      RW,
    ])
      .map((each) => each.join(' '))
      .toSorted(),
    Networks: Object.fromEntries(networks),
    Ports: Object.keys(NetworkSettings.Ports).toSorted(),
  });
}
