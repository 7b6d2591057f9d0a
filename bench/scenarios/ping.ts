/** ping: how long an engine takes to answer `GET /_ping` many times, on several connections that are kept. */
import { connect } from 'node:net';
import type { EnginePeer } from '../peers/peer.ts';
import type { Scenario } from './scenario.ts';

const CONNECTIONS = 8;
const PINGS_EACH = 1500;
const REQUEST = 'GET /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n';
const ANSWER = /^HTTP\/1\.1 200 .*\r\n\r\nOK$/s;

export const ping: Scenario = {
  name: 'ping',
  title: `${CONNECTIONS * PINGS_EACH} pings on ${CONNECTIONS} connections`,
  unit: 'ms',
  rounds: 15,
  warmUps: 3,
  prepare: async (peer) => {
    if (peer.is === 'runtime') return undefined;
    return {
      once: async () => {
        const began = performance.now();
        await Promise.all(Array.from({ length: CONNECTIONS }, () => pings(peer)));
        return { total: performance.now() - began };
      },
      close: async () => {},
    };
  },
};

/** One connection: the next request goes out when the answer before it has come. @throws for any other answer */
function pings(peer: EnginePeer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: peer.api.socketPath });
    let left = PINGS_EACH;
    let text = '';
    socket.setEncoding('latin1');
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`${peer.name} closed the connection`)));
    socket.on('connect', () => socket.write(REQUEST));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!text.endsWith('OK')) return;
      if (!ANSWER.test(text)) return void socket.destroy(new Error(`${peer.name} answered ${text}`));
      text = '';
      left--;
      if (left > 0) return void socket.write(REQUEST);
      resolve();
      socket.destroy();
    });
  });
}
