import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryEntry } from '../../../formats/oci.ts';
import type { StepImage } from '../../images/steps.ts';
import { documentOf } from './document.ts';

const layersOf = (history: readonly HistoryEntry[]): StepImage => ({
  id: '',
  chainId: undefined,
  document: {
    history: [...history],
    rootfs: { type: 'layers', diff_ids: history.map((_, i) => `sha256:${i}`) },
  },
});

test('a layer has the time when it was made, anything else that of the first new layer or of the one before', () => {
  const { history, created } = documentOf(
    {
      rootfs: { diff_ids: [] },
      history: [
        { created: '1', created_by: 'base' },
        { created_by: 'ENV', empty_layer: true },
        { created_by: 'RUN a' },
        { created_by: 'CMD', empty_layer: true },
        { created_by: 'RUN b' },
        { created_by: 'USER', empty_layer: true },
      ],
    },
    layersOf([{ created: '0' }, { created: '2' }, { created: '3' }]),
  );
  assert.deepEqual(
    history?.map((entry) => entry.created),
    ['1', '2', '2', '2', '3', '3'],
  );
  assert.equal(created, '3');
});

test('layers that the history of a base leaves out stand behind it', () => {
  const { history } = documentOf(
    { rootfs: { diff_ids: [] }, history: [{ created_by: 'RUN a' }] },
    layersOf([
      { created: '1', created_by: 'from local ' },
      { created: '2', created_by: 'mount / from exec a' },
    ]),
  );
  assert.deepEqual(history, [
    { created: '1', created_by: 'RUN a' },
    { created: '2', created_by: 'mount / from exec a', comment: 'buildkit.exporter.image.v0' },
  ]);
});

test('what is empty is left out, and nothing is told of containers', () => {
  const made = documentOf(
    {
      rootfs: { diff_ids: [] },
      config: { User: '', Cmd: [], Labels: {}, Env: ['A=1'], Hostname: 'h', ArgsEscaped: true },
      container: 'c',
      docker_version: '20',
    },
    undefined,
  );
  assert.deepEqual(made.config, { Env: ['A=1'], ArgsEscaped: true });
  assert.deepEqual(Object.keys(made), ['architecture', 'config', 'history', 'os', 'rootfs']);
});
