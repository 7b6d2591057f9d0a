/** A real browser without a window, and pages of origins that are not the engine's. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createConnections, type Socket } from 'node:net';
import { type Browser, chromium } from 'playwright-core';

const SWITCHES = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Every name leads to this machine, as one does whose owner has pointed it here.
  '--host-resolver-rules=MAP * 127.0.0.1',
];

/** Debian's. It is ended with the test. */
export async function startChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: '/usr/bin/chromium', args: SWITCHES });
}

/** A web site with one empty page, on a port of its own: `http://NAME:port` for any name. */
export interface Site extends AsyncDisposable {
  readonly port: number;
  /** From now on who connects reaches that port, as when the owner of a name points it elsewhere. */
  pointTo(port: number): void;
}

/** Serves a site until it is disposed. */
export async function startSite(): Promise<Site> {
  const pages = createServer((_request, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html', Connection: 'close' }).end('<!doctype html>'),
  );
  const open = new Set<Socket>();
  let there: number | undefined;
  const name = createConnections((socket) => {
    open.add(socket.once('close', () => open.delete(socket)).on('error', () => socket.destroy()));
    if (there === undefined) return void pages.emit('connection', socket);
    const behind = connect(there, '127.0.0.1').on('error', () => socket.destroy());
    open.add(behind.once('close', () => open.delete(behind)));
    socket.pipe(behind).pipe(socket);
  });
  name.listen(0, '127.0.0.1');
  await once(name, 'listening');
  return {
    port: (name.address() as AddressInfo).port,
    pointTo(port) {
      there = port;
    },
    async [Symbol.asyncDispose]() {
      name.close();
      for (const socket of open) socket.destroy();
      await once(name, 'close');
    },
  };
}
