import { file, tarOf } from '../../harness/layered.ts';
import type { Call, Tool } from './tool.ts';

const LABELS = {
  'org.testcontainers': 'true',
  'org.testcontainers.sessionId': 's1',
  'org.testcontainers.lang': 'java',
};

/** What its driver for HTTP (docker-java) sends with each. */
const headers = { 'x-tc-sid': 's1', 'user-agent': 'tc-java/2.0', accept: 'application/json' };

/** Testcontainers for Java: a container with a file and a published port, watched, executed in, and reaped. */
const calls: readonly Call[] = [
  { ask: 'GET /_ping', headers },
  {
    ask: 'GET /info',
    headers,
    reads: ['OSType:string', 'ServerVersion:string', 'OperatingSystem:string', 'MemTotal:number'],
  },
  { ask: 'GET /version', headers, reads: ['ApiVersion:string', 'Version:string'] },
  // In a container of its own it asks for the way out.
  { ask: 'GET /networks/bridge', headers, reads: ['IPAM.Config[].Gateway:string'] },
  { ask: 'GET /images/json?filters={"reference":["{image}"]}', headers, reads: ['[].Id:string'] },
  {
    ask: 'GET /images/{image}/json',
    headers,
    reads: ['Id:string', 'RepoTags[]:string', 'Config.Cmd:list'],
  },
  { ask: 'GET /containers/json?filters={"label":["org.testcontainers.hash=0"]}&limit=1', headers },
  {
    ask: 'POST /networks/create',
    headers,
    status: 201,
    as: 'net',
    body: { Name: 'tc-net', CheckDuplicate: true, Labels: LABELS },
    reads: ['Id:string'],
  },
  {
    ask: 'POST /containers/create',
    headers,
    status: 201,
    as: 'made',
    reads: ['Id:string', 'Warnings:list'],
    body: {
      Image: '{image}',
      Cmd: ['sh', '-c', 'cat /tc.txt; exec sleep 100'],
      Env: [],
      ExposedPorts: { '8080/tcp': {} },
      Labels: LABELS,
      Volumes: {},
      HostConfig: {
        Binds: [],
        Links: [],
        PortBindings: { '8080/tcp': [{ HostIp: '', HostPort: '' }] },
        VolumesFrom: [],
        ExtraHosts: [],
        NetworkMode: '{net.Id}',
        Privileged: false,
      },
      NetworkingConfig: { EndpointsConfig: { '{net.Id}': { Aliases: ['tc-1'] } } },
    },
  },
  {
    ask: 'PUT /containers/{made.Id}/archive?path=/&noOverwriteDirNonDir=false',
    headers: { ...headers, 'content-type': 'application/x-tar' },
    body: () => tarOf([file('tc.txt', 'ready to serve\n')]),
  },
  { ask: 'POST /containers/{made.Id}/start', headers, status: 204 },
  {
    ask: 'GET /containers/{made.Id}/json',
    headers,
    reads: [
      'Id:string',
      'Name:string',
      'Created:string',
      'State.Running:boolean',
      'State.Status:string',
      'State.StartedAt:string',
      'State.ExitCode:number',
      'Config.Image:string',
      'Config.ExposedPorts:object',
      'HostConfig.PortBindings:object',
      'NetworkSettings.Ports.8080/tcp[].HostPort:string',
      'NetworkSettings.Networks.*.IPAddress:string',
      'NetworkSettings.Networks.*.Gateway:string',
    ],
  },
  {
    ask: 'POST /containers/{made.Id}/exec',
    headers,
    status: 201,
    as: 'exec',
    body: { AttachStdout: true, AttachStderr: true, Cmd: ['df', '-P'] },
  },
  { ask: 'POST /exec/{exec.Id}/start', headers, body: { Detach: false, Tty: false } },
  { ask: 'GET /exec/{exec.Id}/json', headers, reads: ['Running:boolean', 'ExitCode:number'] },
  { ask: 'GET /containers/{made.Id}/logs?stdout=true&stderr=true&follow=false&since=0', headers },
  { ask: 'GET /containers/{made.Id}/archive?path=/tc.txt', headers },
  // Its reaper's questions, and what it then does.
  {
    ask: 'GET /containers/json?all=true&filters={"label":{"org.testcontainers.sessionId=s1":true}}',
    headers,
    reads: ['[].Id:string', '[].Created:number'],
  },
  { ask: 'POST /containers/{made.Id}/kill', headers, status: 204 },
  { ask: 'DELETE /containers/{made.Id}?v=true&force=true', headers, status: 204 },
  {
    ask: 'POST /networks/prune?filters={"label":["org.testcontainers.sessionId=s1"]}',
    headers,
    reads: ['NetworksDeleted[]:string'],
  },
  {
    ask: 'POST /volumes/prune?filters={"label":["org.testcontainers.sessionId=s1"]}',
    headers,
    reads: ['SpaceReclaimed:number'],
  },
  {
    ask: 'POST /images/prune?filters={"label":["org.testcontainers.sessionId=s1"],"dangling":["false"]}',
    headers,
    reads: ['SpaceReclaimed:number'],
  },
];

/** At the version it pins now, or did before. */
export const testcontainersJava = (api: '1.32' | '1.44'): Tool => ({
  tool: 'Testcontainers for Java',
  api,
  calls,
});
