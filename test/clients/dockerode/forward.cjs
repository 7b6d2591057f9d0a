/** Loaded before a program that looks for an engine at 127.0.0.1:2375: what connects there reaches its socket. */
const { connect, createServer } = require('node:net');

createServer((client) => {
  const engine = connect('/run/docker.sock');
  client.pipe(engine).pipe(client);
  for (const [one, other] of [
    [client, engine],
    [engine, client],
  ])
    one.on('error', () => other.destroy());
})
  .listen(2375, '127.0.0.1')
  .unref();
