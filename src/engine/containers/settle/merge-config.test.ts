import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerConfig } from '../../../model/container.ts';
import { mergeConfig } from './merge-config.ts';

const base: ContainerConfig = {
  User: 'base',
  Env: ['A=base', 'B=base'],
  Cmd: ['base'],
  Entrypoint: ['entry'],
  Labels: { a: 'base', b: 'base' },
  WorkingDir: '/base',
  ExposedPorts: { '1/tcp': {} },
  Volumes: { '/base': {} },
  StopSignal: 'INT',
  Healthcheck: { Test: ['CMD', 'base'], Interval: 5, Retries: 3 },
};

test('what is not said is as it was', () => {
  assert.deepEqual(mergeConfig({}, base), base);
  assert.deepEqual(mergeConfig({ Env: [], Cmd: [], Labels: {}, User: '' }, base), base);
});

test('what is said stands before what was, names joined', () => {
  const said: ContainerConfig = {
    User: 'said',
    Env: ['B=said', 'C=said'],
    Labels: { b: 'said' },
    WorkingDir: '/said',
    ExposedPorts: { '2/udp': {} },
    Volumes: { '/said': {} },
    StopSignal: 'TERM',
    Healthcheck: { Interval: 7, Retries: 0, Test: [] },
  };
  assert.deepEqual(mergeConfig(said, base), {
    User: 'said',
    Env: ['B=said', 'C=said', 'A=base'],
    Cmd: ['base'],
    Entrypoint: ['entry'],
    Labels: { a: 'base', b: 'said' },
    WorkingDir: '/said',
    ExposedPorts: { '1/tcp': {}, '2/udp': {} },
    Volumes: { '/base': {}, '/said': {} },
    StopSignal: 'TERM',
    Healthcheck: { Test: ['CMD', 'base'], Interval: 7, Retries: 3 },
  });
});

test('a command keeps the entry point; an entry point of its own takes no command of before', () => {
  const { Cmd, Entrypoint } = mergeConfig({ Cmd: ['said'] }, base);
  assert.deepEqual([Cmd, Entrypoint], [['said'], ['entry']]);
  const other = mergeConfig({ Entrypoint: ['other'] }, base);
  assert.deepEqual([other.Cmd, other.Entrypoint], [undefined, ['other']]);
  const cleared = mergeConfig({ Entrypoint: [] }, base);
  assert.deepEqual([cleared.Cmd, cleared.Entrypoint], [['base'], []]);
});
