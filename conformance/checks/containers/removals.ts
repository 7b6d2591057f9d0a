/** Containers are removed; and what is said of one that is not there. */
import assert from 'node:assert/strict';
import { type Check, check } from '../../probe.ts';
import { noContainer } from '../../texts.ts';

export const removals: readonly Check[] = [
  check('ContainerDelete', 'removes what has ended', async (probe) => {
    const id = await probe.ended('true');
    probe.succeeded('ContainerDelete', await probe.api.delete(`/containers/${id}?v=1`));
    assert.equal((await probe.api.get(`/containers/${id}/json`)).status, 404);
  }),
  check('ContainerDelete', 'one that runs', async (probe) => {
    const id = await probe.running();
    const answer = await probe.api.delete(`/containers/${id}`);
    if (probe.minor < 3) return assert.equal(answer.status, 204, answer.text);
    const cannot =
      'You cannot remove a running container. Stop the container before attempting removal or use -f';
    const impossible = 'Impossible to remove a running container, please stop it first';
    probe.failed('ContainerDelete', answer, probe.since([3, 406], [14, 500], [17, 409]), [
      [3, impossible],
      [10, `${impossible} or use -f`],
      [14, cannot],
      [17, `Conflict, ${cannot}`],
      [19, `Cannot destroy container ${id}: Conflict, ${cannot}`],
      [21, `Conflict, ${cannot}`],
      [
        23,
        `You cannot remove a running container ${id}. Stop the container before attempting removal or use -f`,
      ],
    ]);
  }),
  check(
    'ContainerDelete',
    'force removes one that runs',
    async (probe) => {
      const id = await probe.running();
      probe.succeeded('ContainerDelete', await probe.api.delete(`/containers/${id}?force=1`));
    },
    { from: 10 },
  ),
  ...(
    [
      ['ContainerInspect', 'GET', '/containers/nobody/json'],
      ['ContainerStart', 'POST', '/containers/nobody/start'],
      ['ContainerStop', 'POST', '/containers/nobody/stop?t=1'],
      ['ContainerRestart', 'POST', '/containers/nobody/restart?t=1'],
      ['ContainerWait', 'POST', '/containers/nobody/wait'],
      ['ContainerDelete', 'DELETE', '/containers/nobody'],
    ] as const
  ).map(([id, method, path]) =>
    check(id, 'an unknown container', async (probe) => {
      probe.failed(id, await probe.api.request(method, path), 404, noContainer('nobody'));
    }),
  ),
  ...(
    [
      ['ContainerTop', 'GET', '/containers/nobody/top'],
      ['ContainerLogs', 'GET', '/containers/nobody/logs?stdout=1'],
      ['ContainerChanges', 'GET', '/containers/nobody/changes'],
      ['ContainerExport', 'GET', '/containers/nobody/export'],
      ['ContainerStats', 'GET', '/containers/nobody/stats'],
      ['ContainerResize', 'POST', '/containers/nobody/resize?h=1&w=1'],
      ['ContainerRename', 'POST', '/containers/nobody/rename?name=x'],
      ['ContainerPause', 'POST', '/containers/nobody/pause'],
      ['ContainerUnpause', 'POST', '/containers/nobody/unpause'],
      ['ContainerAttach', 'POST', '/containers/nobody/attach?stream=1&stdout=1'],
    ] as const
  ).map(([id, method, path]) =>
    check(id, 'of an unknown container', async (probe) => {
      const answer = await probe.api.request(method, path);
      assert.equal(answer.status, 404, answer.text);
      probe.says(answer, /(no such (id|container): nobody)$/i);
    }),
  ),
];
