/** Answers of 1.0–1.24 have every member that the documents and daemons of the version had. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpoint, fieldsAt, spans } from '../../conformance/contract.ts';
import { complaints } from '../../conformance/shape.ts';
import { ask, post, type Reply, type Served, serve } from './serve.ts';

const calls: Readonly<Record<string, (served: Served, version: string) => Promise<Reply>>> = {
  ContainerList: ({ path }, v) => ask(path, `${v}/containers/json?all=1`),
  ContainerCreate: ({ path }, v) =>
    post(path, `${v}/containers/create`, { body: { Image: 'busybox', Cmd: ['true'] } }),
  ContainerInspect: ({ path }, v) => ask(path, `${v}/containers/web/json`),
  ContainerUpdate: ({ path }, v) => post(path, `${v}/containers/web/update`, { body: { Memory: 1 << 26 } }),
  ImageList: ({ path }, v) => ask(path, `${v}/images/json`),
  ImageInspect: ({ path }, v) => ask(path, `${v}/images/busybox/json`),
  ImageHistory: ({ path }, v) => ask(path, `${v}/images/busybox/history`),
  ImageDelete: ({ path }, v) => ask(path, `${v}/images/busybox`, { method: 'DELETE' }),
  Info: ({ path }, v) => ask(path, `${v}/info`),
  Version: ({ path }, v) => ask(path, `${v}/version`),
  ExecCreate: ({ path }, v) => post(path, `${v}/containers/web/exec`, { body: { Cmd: ['true'] } }),
  ExecInspect: ({ path }, v) => ask(path, `${v}/exec/e/json`),
};

for (let minor = 0; minor <= 24; minor++)
  for (const [id, call] of Object.entries(calls)) {
    const contract = endpoint(id);
    if (!spans(contract.span, minor)) continue;
    test(`${id} at v1.${minor} has what that version had`, async () => {
      await using served = await serve();
      const reply = await call(served, `/v1.${minor}`);
      assert.ok(reply.status < 300, reply.text);
      const value: unknown = reply.text === '' ? undefined : JSON.parse(reply.text);
      assert.deepEqual(complaints(value, fieldsAt(contract, minor)), []);
    });
  }
