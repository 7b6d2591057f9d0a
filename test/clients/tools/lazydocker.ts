import type { Tool } from './tool.ts';

/** lazydocker (`pkg/commands`): lists, inspects, follows numbers, and shows processes. */
export const lazydocker: Tool = {
  tool: 'lazydocker',
  api: '1.25',
  calls: [
    {
      ask: 'GET /containers/json?all=1',
      reads: [
        '[].Id:string',
        '[].Names[]:string',
        '[].Labels:object',
        '[].State:string',
        '[].Ports:list',
        '[].Image:string',
      ],
    },
    {
      ask: 'GET /containers/{web}/json',
      reads: [
        'Id:string',
        'Created:string',
        'Path:string',
        'Args:list',
        'State.Status:string',
        'State.ExitCode:number',
        'State.Health.Status:string',
        'Mounts[].Destination:string',
        'Config.Env:list',
        'Config.Tty:boolean',
        'NetworkSettings.Ports:object',
      ],
    },
    { ask: 'GET /containers/{web}/top', reads: ['Titles[]:string', 'Processes[]:list'] },
    {
      ask: 'GET /containers/{web}/stats?stream=1',
      until: 'memory_stats',
      reads: [
        'read:string',
        'pids_stats.current:number',
        'cpu_stats.cpu_usage.total_usage:number',
        'cpu_stats.cpu_usage.usage_in_usermode:number',
        'cpu_stats.system_cpu_usage:number',
        'cpu_stats.throttling_data:object',
        'precpu_stats:object',
        'memory_stats.usage:number',
        'memory_stats.limit:number',
        'name:string',
        'id:string',
        'networks.eth0.rx_bytes:number',
      ],
    },
    { ask: 'GET /images/json', reads: ['[].Id:string', '[].RepoTags:list', '[].Size:number'] },
    {
      ask: 'GET /images/{image}/history',
      reads: ['[].Id:string', '[].CreatedBy:string', '[].Size:number', '[].Tags'],
    },
    {
      ask: 'GET /volumes',
      reads: ['Volumes[].Name:string', 'Volumes[].Driver:string', 'Volumes[].Mountpoint:string'],
    },
    { ask: 'GET /networks', reads: ['[].Name:string', '[].Driver:string', '[].Scope:string'] },
    {
      ask: 'GET /networks/{network}',
      reads: ['Containers.*.Name:string', 'Containers.*.IPv4Address:string'],
    },
    { ask: 'GET /events', until: '"pause"', reads: ['Type:string', 'Action:string', 'Actor.ID:string'] },
    { ask: 'POST /containers/{web}/pause', status: 204 },
    { ask: 'POST /containers/{web}/unpause', status: 204 },
    { ask: 'POST /containers/{web}/restart?t=0', status: 204 },
    { ask: 'POST /containers/{web}/stop?t=0', status: 204 },
    { ask: 'DELETE /containers/{web}?force=0&v=1', status: 204 },
    { ask: 'POST /containers/prune?filters={}', reads: ['SpaceReclaimed:number'] },
    { ask: 'POST /volumes/prune?filters={}', reads: ['SpaceReclaimed:number'] },
    { ask: 'POST /networks/prune?filters={}' },
    { ask: 'POST /images/prune?filters={}', reads: ['SpaceReclaimed:number'] },
  ],
};
