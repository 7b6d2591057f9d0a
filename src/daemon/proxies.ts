/** How registries are reached: by flags or daemon.json, else by the environment, as dockerd has it. */
import { InvalidArgument } from '../base/errors.ts';
import { type Proxies, readProxy } from '../registry/index.ts';
import type { Values } from './settings.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InvalidArgument naming the flag or the variable, never the password in it */
export function readProxies(values: Values, environment: Environment): Proxies {
  const read = (key: string): string => {
    const upper = key.replace('-', '_').toUpperCase();
    const from = [
      [key, values.get(key)],
      [upper, environment[upper]],
      [upper.toLowerCase(), environment[upper.toLowerCase()]],
    ] as const;
    const [name, value] = from.find(([, each]) => each !== undefined && each !== '') ?? [key, ''];
    if (key !== 'no-proxy' && value !== '' && readProxy(String(value)) === undefined)
      throw new InvalidArgument(`${name}: not the address of an HTTP, HTTPS or SOCKS5 proxy`);
    return String(value);
  };
  return { http: read('http-proxy'), https: read('https-proxy'), none: read('no-proxy') };
}
