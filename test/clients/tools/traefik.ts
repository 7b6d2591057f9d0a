import type { Tool } from './tool.ts';

/** Traefik's docker provider (`pkg/provider/docker`): labels and addresses of containers, again at each start and end. */
export const traefik: Tool = {
  tool: 'Traefik',
  api: '1.24',
  calls: [
    { ask: 'GET /version', reads: ['Version:string', 'ApiVersion:string'] },
    { ask: 'GET /containers/json?all=1&limit=0', reads: ['[].Id:string'] },
    {
      ask: 'GET /containers/{web}/json',
      reads: [
        'Id:string',
        'Name:string',
        'State.Status:string',
        'State.Health.Status:string',
        'HostConfig.NetworkMode:string',
        'Config.Labels:object',
        'NetworkSettings.Ports.80/tcp[].HostPort:string',
        'NetworkSettings.Networks.*.IPAddress:string',
        'NetworkSettings.Networks.*.GlobalIPv6Address:string',
        'NetworkSettings.Networks.*.NetworkID:string',
      ],
    },
    {
      ask: 'GET /events?filters={"type":{"container":true}}',
      until: '"start"',
      reads: ['Type:string', 'Action:string', 'Actor.ID:string', 'Actor.Attributes:object', 'time:number'],
    },
    { ask: 'POST /containers/{done}/start', status: 204 },
    // Its other provider asks whether there is a swarm.
    { ask: 'GET /services', status: 406, reads: ['message:string'] },
    { ask: 'GET /networks?filters={"scope":{"swarm":true}}' },
  ],
};
