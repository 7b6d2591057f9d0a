/** The engine itself: today's input → engine call → today's output. */
import { InvalidArgument } from '../../base/errors.ts';
import type { Handlers, TextReply } from './handlers.ts';

/** What clients learn before anything else: never from a cache; builds by the classic builder; no swarm. */
const ping: TextReply = {
  text: 'OK',
  headers: {
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    'Builder-Version': '1',
    Swarm: 'inactive',
  },
};

export const system: Handlers<Extract<keyof Handlers, `system${string}`>> = {
  systemPing: async () => ping,

  systemPingHead: async () => ({ ...ping, text: '' }),

  systemVersion: (_input, { engine }) => engine.system.version(),

  systemInfo: (_input, { engine }) => engine.system.info(),

  async systemEvents({ query }, { engine, signal }) {
    const { since, until } = query;
    if (since !== undefined && until !== undefined && until < since)
      throw new InvalidArgument(
        `\`since\` time (${seconds(since)}) cannot be after \`until\` time (${seconds(until)})`,
      );
    return engine.events.subscribe({ ...query, signal });
  },
};

const seconds = (nanos: bigint): string => String(Number(nanos) / 1e9);
