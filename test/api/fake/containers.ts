/** The fake engine's containers: a verb notes that it was called, and refuses what the names ask it to. */
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { InvalidArgument, inContext } from '../../../src/base/errors.ts';
import type { Engine } from '../../../src/engine/index.ts';
import type { CreateRequest } from '../../../src/model/container.ts';
import { containerContext, containerFailure } from '../../../src/model/failures/container.ts';
import { imageFailure } from '../../../src/model/failures/image.ts';
import { ID, IMAGE_ID, inspected, listed, pathStat } from './documents.ts';
import type { Stage } from './stage.ts';
import { echo, logged, measured } from './streams.ts';

type Containers = Engine['containers'];

/** All verbs on containers. */
export const fakeContainers = (stage: Stage): Containers => ({
  ...life(stage),
  ...looks(stage),
  ...files(stage),
});

const life = (
  stage: Stage,
): Pick<
  Containers,
  'create' | 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'rename' | 'remove' | 'update'
> => {
  const { fake, known, note } = stage;
  return {
    async create(request: CreateRequest, { name, platform }) {
      note('create', request, name, platform);
      if (request.Image === 'missing') throw imageFailure.notFound({ name: 'missing:latest' });
      if (name === 'web') throw containerFailure.nameTaken({ name: 'web', holder: ID });
      return { Id: ID, Warnings: [] };
    },
    async start(name, options) {
      known(name);
      note('start', name, options);
      if (fake.running) throw containerFailure.alreadyRunning({ id: name });
    },
    async stop(name, options) {
      known(name);
      note('stop', name, options);
      if (!fake.running) throw containerFailure.alreadyStopped({ id: name });
    },
    async restart(name, options) {
      known(name);
      note('restart', name, options);
    },
    async kill(name, options) {
      known(name);
      note('kill', name, options);
      if (!fake.running)
        throw inContext(containerFailure.notRunning({ id: ID }), containerContext.kill({ name }));
    },
    async pause(name) {
      known(name);
    },
    async unpause(name) {
      known(name);
    },
    async rename(name, to) {
      known(name);
      note('rename', name, to);
      await fake.gate;
    },
    async remove(name, options) {
      known(name);
      note('remove', name, options);
      if (fake.running && !options.force)
        throw inContext(containerFailure.alive({ state: 'running' }), containerContext.remove({ name }));
    },
    async update(name, request) {
      known(name);
      note('update', name, request);
      return { Warnings: [] };
    },
  };
};

const looks = (
  stage: Stage,
): Pick<Containers, 'list' | 'inspect' | 'wait' | 'resize' | 'attach' | 'logs' | 'top' | 'stats'> => {
  const { fake, known, note, signals, open, ended } = stage;
  return {
    async list(options) {
      note('list', options);
      return [options.size ? { ...listed, SizeRw: 5, SizeRootFs: 6 } : listed];
    },
    async inspect(name, options) {
      known(name);
      note('inspect', name, options);
      return { ...structuredClone(inspected), ...(options.size && { SizeRw: 5, SizeRootFs: 6 }) };
    },
    async wait(name, { condition, signal }) {
      known(name);
      note('wait', name, condition);
      signals.push(signal);
      return { ended: ended.then((StatusCode) => ({ StatusCode })) };
    },
    async resize(name, size) {
      known(name);
      note('resize', name, size);
    },
    async attach(name, options) {
      known(name);
      note('attach', name, options);
      return echo(fake.terminal, open, options.stdin);
    },
    async logs(name, options) {
      known(name);
      note('logs', name, options);
      signals.push(options.signal);
      return { terminal: fake.terminal, output: logged(options) };
    },
    async top(name, psArgs) {
      known(name);
      note('top', name, psArgs);
      return {
        titles: ['UID', 'PID', 'TTY', 'TIME', 'CMD'],
        rows: [['root', '42', 'pts/0', '00:00:00', 'sh -c true']],
      };
    },
    async stats(name, { signal, ...options }) {
      known(name);
      note('stats', name, options);
      signals.push(signal);
      return measured(options.stream, signal);
    },
  };
};

const files = (
  stage: Stage,
): Pick<
  Containers,
  'prune' | 'statPath' | 'getArchive' | 'copy' | 'putArchive' | 'export' | 'changes' | 'insert' | 'commit'
> => {
  const { known, note } = stage;
  return {
    async prune(filters) {
      note('prune', filters);
      return { ContainersDeleted: [ID], SpaceReclaimed: 5 };
    },
    async statPath(name, path) {
      known(name);
      note('statPath', name, path);
      if (path !== '/etc/link') throw containerFailure.fileNotFound({ path, name });
      return pathStat;
    },
    async getArchive(name, path) {
      known(name);
      note('getArchive', name, path);
      return { stat: pathStat, archive: Readable.from([Buffer.from('tar')]) };
    },
    async copy(name, path) {
      known(name);
      note('copy', name, path);
      if (path === '/missing') throw containerFailure.fileNotFound({ path, name });
      return Readable.from([Buffer.from('tar')]);
    },
    async putArchive(name, path, archive, { signal: _signal, ...options }) {
      known(name);
      if (path === '/refused') {
        for await (const _ of archive.iterator({ destroyOnReturn: false })) break;
        throw new InvalidArgument('refused half-way');
      }
      note('putArchive', name, path, options, await text(archive));
    },
    async export(name) {
      known(name);
      return Readable.from([Buffer.from('all')]);
    },
    async changes(name) {
      known(name);
      return name === ID ? [] : [{ Path: '/etc', Kind: 0 }];
    },
    async *insert({ image, url, path }) {
      note('insert', image, url, path);
      yield { status: 'Downloading', progressDetail: { current: 50, total: 100 } };
      yield { status: IMAGE_ID };
    },
    async commit(name, { signal: _signal, ...options }) {
      known(name);
      note('commit', name, options);
      return { Id: IMAGE_ID };
    },
  };
};
