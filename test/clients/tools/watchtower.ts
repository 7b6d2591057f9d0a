import type { Call, Seen, Tool } from './tool.ts';

interface Inspected {
  readonly Config: object;
  readonly HostConfig: object;
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, object>> };
}

const made = ({ old }: Seen): object => {
  const { Config, HostConfig, NetworkSettings } = old as Inspected;
  return { ...Config, HostConfig, NetworkingConfig: { EndpointsConfig: NetworkSettings.Networks } };
};
const endpoint = ({ old, again }: Seen): object => ({
  Container: (again as { Id: string }).Id,
  EndpointConfig: Object.values((old as Inspected).NetworkSettings.Networks)[0],
});

const looks: readonly Call[] = [
  {
    ask: 'GET /containers/json?filters={"status":{"running":true,"created":true,"exited":true,"restarting":true}}',
    reads: ['[].Id:string'],
  },
  {
    ask: 'GET /containers/{web}/json',
    as: 'old',
    reads: [
      'Name:string',
      'Image:string',
      'Config.Image:string',
      'Config.Labels:object',
      'Config.Env:list',
      'Config.Cmd:list',
      'HostConfig.NetworkMode:string',
      'HostConfig.AutoRemove:boolean',
      'HostConfig.PortBindings:object',
      'State.Running:boolean',
      'State.Restarting:boolean',
      'NetworkSettings.Networks.*.Aliases',
    ],
  },
  {
    ask: 'GET /images/{old.Image}/json',
    reads: ['Id:string', 'RepoDigests:list', 'RepoTags:list', 'Config.Env:list', 'Config.Cmd:list'],
  },
  { ask: 'POST /images/create?fromImage={pulled}&tag=1' },
  { ask: 'GET /images/{old.Config.Image}/json', reads: ['Id:string'] },
];

/** Watchtower's client (`pkg/container/client.go`): a container is made anew of what inspect told of the old one. */
export const watchtower: Tool = {
  tool: 'Watchtower',
  api: '1.25',
  calls: [
    ...looks,
    {
      ask: 'POST /containers/{web}/exec',
      status: 201,
      as: 'hook',
      body: { Tty: true, Cmd: ['sh', '-c', 'true'] },
    },
    { ask: 'POST /exec/{hook.Id}/start', body: { Tty: true, Detach: false } },
    { ask: 'GET /exec/{hook.Id}/json', reads: ['ExitCode:number', 'Running:boolean', 'ContainerID:string'] },
    { ask: 'POST /containers/{web}/rename?name=old-web', status: 204 },
    { ask: 'POST /containers/{web}/kill?signal=SIGKILL', status: 204 },
    { ask: 'DELETE /containers/{web}?force=1', status: 204 },
    { ask: 'GET /containers/{web}/json', status: 404, reads: ['message:string'] },
    { ask: 'POST /containers/create?name=web', status: 201, as: 'again', body: made, reads: ['Warnings'] },
    {
      ask: 'POST /networks/{network}/disconnect',
      body: { Container: '{again.Id}', Force: true },
    },
    { ask: 'POST /networks/{network}/connect', body: endpoint },
    { ask: 'POST /containers/{again.Id}/start', status: 204 },
    {
      ask: 'GET /containers/{again.Id}/json',
      reads: ['State.StartedAt:string', 'NetworkSettings.Networks.*.IPAddress:string'],
    },
  ],
};
