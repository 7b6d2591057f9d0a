/** Specifications of the Container Device Interface: what a device needs in a container. Pure. */
import { InvalidArgument } from '../../base/errors.ts';
import {
  anything,
  decodeBody,
  type Infer,
  integer,
  isObject,
  list,
  map,
  object,
  optional,
  string,
} from '../../base/schema.ts';

const DeviceNode = object('DeviceNode', {
  path: string(),
  hostPath: optional(string()),
  type: optional(string()),
  major: optional(integer()),
  minor: optional(integer()),
  fileMode: optional(integer('uint32')),
  permissions: optional(string()),
  uid: optional(integer('uint32')),
  gid: optional(integer('uint32')),
});
/** A node below /dev; what is not said is as on the host. */
export type DeviceNode = Infer<typeof DeviceNode>;

const Mount = object('Mount', {
  hostPath: string(),
  containerPath: string(),
  type: optional(string()),
  options: optional(list(string())),
});

const Hook = object('Hook', {
  hookName: string(),
  path: string(),
  args: optional(list(string())),
  env: optional(list(string())),
  timeout: optional(integer('int')),
});

const Edits = object('ContainerEdits', {
  env: optional(list(string())),
  deviceNodes: optional(list(DeviceNode)),
  mounts: optional(list(Mount)),
  hooks: optional(list(Hook)),
  additionalGids: optional(list(integer('uint32'))),
});
/** What is changed in a container for a device. */
export type Edits = Infer<typeof Edits>;

const Spec = object('Spec', {
  cdiVersion: string(),
  kind: string(),
  annotations: optional(map(string())),
  devices: list(
    object('Device', {
      name: string(),
      annotations: optional(map(string())),
      containerEdits: optional(anything()),
    }),
  ),
  containerEdits: optional(anything()),
});

/** The devices of one specification, by their qualified names, and what all of them need. */
export interface DeviceSpec {
  readonly edits: Edits;
  readonly devices: ReadonlyMap<string, Edits>;
}

const KIND = /^[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?\/[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?$/;
const NAME = /^[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;
const VERSION = /^[01]\.\d{1,3}\.\d{1,3}$/;
/** Members of edits that are carried out: a device with only half of what it needs would fail in odd ways. */
const EDITS = new Set(['env', 'deviceNodes', 'mounts', 'hooks', 'additionalGids']);
/** Hooks that run while a container is made: none of ours would run the later ones when a daemon has died. */
export const HOOKS = ['prestart', 'createRuntime', 'createContainer', 'startContainer'] as const;

/** @throws InvalidArgument */
export function readDeviceSpec(document: unknown): DeviceSpec {
  const spec = decodeBody(Spec, document);
  if (!VERSION.test(spec.cdiVersion)) throw new InvalidArgument(`unknown cdiVersion ${spec.cdiVersion}`);
  if (!KIND.test(spec.kind)) throw new InvalidArgument(`invalid kind ${JSON.stringify(spec.kind)}`);
  const devices = spec.devices.map(({ name, containerEdits }): [string, Edits] => {
    if (!NAME.test(name)) throw new InvalidArgument(`invalid device name ${JSON.stringify(name)}`);
    return [`${spec.kind}=${name}`, readEdits(containerEdits)];
  });
  return { edits: readEdits(spec.containerEdits), devices: new Map(devices) };
}

function readEdits(document: unknown = {}): Edits {
  const unknown = isObject(document) ? Object.keys(document).find((name) => !EDITS.has(name)) : undefined;
  if (unknown !== undefined) throw new InvalidArgument(`containerEdits.${unknown} is not supported`);
  const edits = decodeBody(Edits, document ?? {});
  for (const { path, hostPath = path, type = '', permissions = '' } of edits.deviceNodes ?? []) {
    for (const each of [path, hostPath]) checkPath(each);
    if (!/^[bcup]?$/.test(type)) throw new InvalidArgument(`device ${path} has the unknown type ${type}`);
    if (!/^[rwm]{0,3}$/.test(permissions))
      throw new InvalidArgument(`device ${path} has the unknown permissions ${permissions}`);
  }
  for (const { hostPath, containerPath } of edits.mounts ?? [])
    for (const each of [hostPath, containerPath]) checkPath(each);
  for (const entry of edits.env ?? [])
    if (!/^[^=\0]+=[^\0]*$/.test(entry))
      throw new InvalidArgument(`invalid environment variable ${JSON.stringify(entry)}`);
  for (const { hookName, path } of edits.hooks ?? []) {
    checkPath(path);
    if (!HOOKS.some((name) => name === hookName))
      throw new InvalidArgument(`hook ${hookName} is not supported: ${HOOKS.join(', ')} are`);
  }
  return edits;
}

function checkPath(path: string): void {
  if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0'))
    throw new InvalidArgument(`${JSON.stringify(path)} is not an absolute path`);
}
