/** API 1.42. */

import { type Doc, isDoc } from '../doc-path.ts';
import { wordsWere } from '../failure.ts';
import { mountsOf } from '../forms/containers.ts';
import { builderSize, oneParent } from '../forms/disk-usage.ts';
import { pruneOfAll } from '../forms/volumes.ts';
import { added, copied, removed, reshaped, rewritten } from '../lens.ts';
import { step } from '../step.ts';

const optionsOf = { VolumeOptions: 'volume', TmpfsOptions: 'tmpfs', BindOptions: 'bind' } as const;

/** Options of another mount type were not looked at before. */
function dropForeignOptions(doc: Doc): void {
  for (const mount of mountsOf(doc))
    for (const [options, type] of Object.entries(optionsOf)) if (mount.Type !== type) delete mount[options];
}

/** A WebSocket always was for all three streams, whatever was asked. */
function allStreams({ query }: Doc): void {
  if (isDoc(query)) Object.assign(query, { stdin: '1', stdout: '1', stderr: '1' });
}

const conditions = new Set(['not-running', 'next-exit', 'removed']);

export const v1_42 = step('1.42', {
  summary: 'Stop takes a signal, terminals a first size, frames a content type; kernel memory limits go.',
  requests: {
    'POST /containers/{name}/stop': [added('query.signal')],
    'GET /containers/{name}/attach/ws': [reshaped('streams are chosen', { up: allStreams, shape: 'none' })],
    'POST /containers/{name}/restart': [added('query.signal')],
    'POST /containers/{name}/wait': [
      rewritten('query.condition', 'an unknown condition is an error', {
        up: (condition) => (conditions.has(String(condition)) ? condition : undefined),
      }),
    ],
    'POST /containers/create': [
      added('body.HostConfig.ConsoleSize'),
      // Limits stood at the top before 1.18, and were honoured there long after.
      copied('body.Memory', 'body.HostConfig.Memory'),
      copied('body.MemorySwap', 'body.HostConfig.MemorySwap'),
      copied('body.CpuShares', 'body.HostConfig.CpuShares'),
      copied('body.Cpuset', 'body.HostConfig.CpusetCpus'),
      added('body.HostConfig.Mounts[].BindOptions.CreateMountpoint'),
      reshaped('options must fit the type of their mount', { up: dropForeignOptions, shape: 'none' }),
    ],
    'POST /containers/{name}/exec': [added('body.ConsoleSize')],
    'POST /exec/{id}/start': [added('body.ConsoleSize')],
    'GET /images/json': [added('query.shared-size')],
    'GET /system/df': [added('query.type')],
    'POST /volumes/prune': [pruneOfAll],
    'POST /volumes/create': [added('body.ClusterVolumeSpec')],
  },
  responses: {
    'GET /system/df': [oneParent, removed('body.BuilderSize', builderSize, { type: 'integer' })],
    'GET /containers/{name}/json': [
      removed('body.HostConfig.KernelMemory', 0),
      removed('body.HostConfig.KernelMemoryTCP', 0),
    ],
    'GET /info': [removed('body.KernelMemory', false), removed('body.KernelMemoryTCP', false)],
  },
  failures: [
    wordsWere(
      'GET /containers/json',
      'filter.exitedNoNumber',
      ({ value }) => `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`,
    ),
    wordsWere(
      'GET /containers/json',
      'filter.statusUnknown',
      ({ value }) => `Invalid filter 'status=${value}'`,
    ),
    wordsWere('any', 'filter.unknown', ({ name }) => `Invalid filter '${name}'`),
    wordsWere(
      'any',
      'filter.valuesInvalid',
      ({ name, values }) => `Invalid filter '${name}=[${values.join(' ')}]'`,
    ),
    wordsWere(
      'any',
      'filter.valuesTooMany',
      ({ name, values }) => `Invalid filter '${name}=[${values.join(' ')}]': only one value is expected`,
    ),
    wordsWere(
      'any',
      'filter.isTaskInvalid',
      ({ values }) => `Invalid filter 'is-task${values.length > 0 ? `=[${values.join(' ')}]` : ''}'`,
    ),
    wordsWere(
      'any',
      'request.typeUnsupported',
      ({ type }) => `Content-Type specified (${type}) must be 'application/json'`,
    ),
    wordsWere(
      'POST /containers/create',
      'setting.signalInvalid',
      ({ signal }) => `Invalid signal: ${signal}`,
    ),
    wordsWere(
      'POST /containers/create',
      'container.noConfig',
      () => 'Config cannot be empty in order to create a container',
    ),
    wordsWere(
      'GET /containers/{name}/logs',
      'container.noStream',
      () => 'Bad parameters: you must choose at least one stream',
    ),
    wordsWere(
      'POST /containers/{name}/kill',
      'setting.signalInvalid',
      ({ signal }) => `Invalid signal: ${signal}`,
      { alone: true },
    ),
  ],
  before: { framesAnnounced: false, unreadable: 'bare', kernelMemory: 'warned' },
});
