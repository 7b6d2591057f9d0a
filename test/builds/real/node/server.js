import { createServer } from 'node:http';
import { greeting } from './lib/greeting.js';

const server = createServer((request, response) =>
  response.end(`${greeting(decodeURIComponent(request.url.slice(1)))}\n`),
);
server.listen(process.env.PORT);
process.once('SIGTERM', () => server.close());
