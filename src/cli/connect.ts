/** The engine that a command speaks to. */
import { type ApiClient, connectTo } from '../api/client/index.ts';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/** At the address said, else the environment's, else where the engine listens by default. @throws InvalidArgument */
export const connect = (host: string | undefined): ApiClient =>
  connectTo(host ?? process.env.DOCKER_HOST ?? DEFAULT_HOST);
