/** All registries: where a name leads, who may come in, what can be found. */
import { Failed, InvalidArgument, messageOf, Unauthorized } from '../base/errors.ts';
import type { Credentials } from '../formats/credentials.ts';
import { type Download, download } from './download.ts';
import { RegistryError } from './failure.ts';
import { Connections, Repository, Session } from './repository.ts';
import { firstRoute, type Route } from './routes.ts';
import { type Address, HUB, pullAddresses, pushAddresses, type RegistrySettings } from './settings.ts';
import { drop, expectStatus, readWhole } from './transport.ts';

/** One repository that a search has found. */
export interface SearchHit {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
  readonly automated: boolean;
}

/** A repository at one of its addresses. */
export interface RegistryRoute extends Route {
  readonly repository: Repository;
}

const SEARCH_BYTES_MAX = 1 << 20;
const HUB_INDEX = 'index.docker.io';
/** How Docker's clients name Docker Hub when they log in. */
export const HUB_LOGIN = 'https://index.docker.io/v1/';

/** The way to every registry, and what was learned of each. */
export class Registries {
  readonly #settings: RegistrySettings;
  readonly #connections: Connections;

  constructor(settings: RegistrySettings) {
    this.#settings = settings;
    this.#connections = new Connections(settings);
  }

  /** The routes to a repository for reading, in the order in which to try them. @throws InvalidArgument */
  routesToPull(domain: string, path: string, credentials: Credentials | undefined): RegistryRoute[] {
    return pullAddresses(domain, this.#settings).map((address) => this.#routeTo(address, path, credentials));
  }

  /** The routes to a repository for writing: never a mirror. @throws InvalidArgument */
  routesToPush(domain: string, path: string, credentials: Credentials | undefined): RegistryRoute[] {
    return pushAddresses(domain, this.#settings).map((address) => this.#routeTo(address, path, credentials));
  }

  #routeTo(address: Address, path: string, credentials: Credentials | undefined): RegistryRoute {
    const repository = new Repository(new Session(this.#connections, address, credentials), path);
    return { repository, mirror: address.mirror };
  }

  /**
   * Whether the registry lets these credentials in.
   * @throws Unauthorized when it does not, Unreachable, RegistryError
   */
  async login(server: string, credentials: Credentials, signal: AbortSignal): Promise<void> {
    await firstRoute(pushAddresses(registryOf(server), this.#settings), async (address) => {
      // A connection of its own: what was let in before must not answer for a new password.
      const connections = new Connections(this.#settings);
      try {
        const session = new Session(connections, address, credentials);
        const answer = await session.send({ method: 'GET', url: session.url('/v2/'), signal }, []);
        if (answer.status !== 401) await expectStatus(answer, 200);
        await drop(answer);
        if (answer.status === 401)
          throw new Unauthorized(`login attempt to ${address.base}/v2/ failed with status: 401 Unauthorized`);
      } catch (error) {
        // A token server's refusal.
        if (error instanceof RegistryError && error.status === 401)
          throw new Unauthorized(`Get "${address.base}/v2/": unauthorized: incorrect username or password`, {
            cause: error,
          });
        throw error;
      } finally {
        await connections.close();
      }
    });
  }

  /**
   * Finds repositories by a word, by the search API of old registries; by a registry's catalogue where it offers only
   * that. `term` may begin with a registry's name.
   */
  async search(
    term: string,
    options: {
      readonly limit: number;
      readonly credentials: Credentials | undefined;
      readonly signal: AbortSignal;
    },
  ): Promise<SearchHit[]> {
    const { domain, word } = splitTerm(term);
    return firstRoute(pushAddresses(domain, this.#settings), async (address) => {
      const base = domain === HUB ? { ...address, base: `https://${HUB_INDEX}` } : address;
      const session = new Session(this.#connections, base, options.credentials);
      return (await searchIndex(session, word, options)) ?? (await searchCatalog(session, word, options));
    });
  }

  /** What lies at an address of the web. @throws see {@link download} */
  download(url: URL, signal: AbortSignal): Promise<Download> {
    return download(url, this.#settings, signal);
  }

  close(): Promise<void> {
    return this.#connections.close();
  }
}

/** The registry that `serveraddress` of a login names: a host, or a URL as old clients stored it. @throws InvalidArgument */
export function registryOf(server: string): string {
  if (server === '' || server === HUB_LOGIN) return HUB;
  const host = server.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  if (host === '' || host.length > 255)
    throw new InvalidArgument(`invalid server address ${JSON.stringify(server.slice(0, 100))}`);
  return host === HUB_INDEX ? HUB : host;
}

function splitTerm(term: string): { domain: string; word: string } {
  const slash = term.indexOf('/');
  const first = slash < 0 ? '' : term.slice(0, slash);
  if (first.includes('://') || term.includes('://'))
    throw new InvalidArgument('invalid repository name: repository name (…) should not have a scheme');
  const isHost = first === 'localhost' || /[.:]/.test(first);
  return isHost ? { domain: registryOf(first), word: term.slice(slash + 1) } : { domain: HUB, word: term };
}

type Asked = Parameters<Registries['search']>[1];

/** Undefined: this registry has no such API. */
async function searchIndex(
  session: Session,
  word: string,
  { limit, signal }: Asked,
): Promise<SearchHit[] | undefined> {
  const url = session.url('/v1/search');
  url.searchParams.set('q', word);
  url.searchParams.set('n', String(limit));
  const answer = await session.send({ method: 'GET', url, signal }, []);
  if (answer.status === 404) {
    await drop(answer);
    return undefined;
  }
  const { results } = readJson(await readWhole(await expectStatus(answer, 200), SEARCH_BYTES_MAX));
  return list(results)
    .slice(0, limit)
    .map((each) => ({
      name: text(each.name),
      description: text(each.description),
      stars: typeof each.star_count === 'number' ? each.star_count : 0,
      official: each.is_official === true,
      automated: each.is_automated === true || each.is_trusted === true,
    }));
}

async function searchCatalog(session: Session, word: string, { limit, signal }: Asked): Promise<SearchHit[]> {
  const url = session.url('/v2/_catalog');
  url.searchParams.set('n', '1000');
  const answer = await expectStatus(
    await session.send({ method: 'GET', url, signal }, ['registry:catalog:*']),
    200,
  );
  const { repositories } = readJson(await readWhole(answer, SEARCH_BYTES_MAX));
  const names = Array.isArray(repositories) ? repositories.filter((each) => typeof each === 'string') : [];
  return names
    .filter((name: string) => name.includes(word))
    .slice(0, limit)
    .map((name: string) => ({ name, description: '', stars: 0, official: false, automated: false }));
}

function readJson(bytes: Buffer): Record<string, unknown> {
  try {
    return (JSON.parse(bytes.toString('utf8')) ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw new Failed(`the registry's answer is no JSON: ${messageOf(error)}`);
  }
}

const list = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'object' && each !== null) : [];
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 1000) : '');
