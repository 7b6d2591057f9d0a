/** What checks of containers share: a row of the list, a published port. */
import assert from 'node:assert/strict';
import type { Probe } from '../../probe.ts';

/** A JSON object of an answer. */
export type Doc = Record<string, unknown>;

/** A container's row in the list. */
export const listed = async (probe: Probe, id: string, query = 'all=1'): Promise<Doc> => {
  const answer = await probe.api.get(`/containers/json?${query}`);
  const found = probe
    .succeeded<Doc[]>('ContainerList', answer)
    .find((each) => String(each.Id).startsWith(id.slice(0, 12)));
  return found ?? assert.fail(`${id} is not listed: ${answer.text}`);
};

/** A published port in the words of each version. */
export const published = ({ minor }: Probe) =>
  minor < 6
    ? { config: { PortSpecs: ['80'] }, host: {} }
    : {
        config: { ExposedPorts: { '80/tcp': {} } },
        host: { PortBindings: { '80/tcp': [{ HostPort: '' }] } },
      };
