/** The engine that a command speaks to. */
import { type ApiClient, connectTo } from '../api/client/index.ts';

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/** The address said, else the environment's, else where the engine listens by default. */
export const hostOr = (said: string | undefined): string => said ?? (process.env.DOCKER_HOST || DEFAULT_HOST);

/** A client at that address. @throws InvalidArgument */
export const connect = (host: string | undefined): ApiClient => connectTo(hostOr(host));
