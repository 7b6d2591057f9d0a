/** What the client of a build lends, so that git may read its repositories. */

/** For one repository. */
export interface GitAccess {
  /** Said to a web server. */
  readonly authorization?: {
    /** The addresses that it is for: this one, and those below it. */
    readonly scope: string;
    readonly value: string;
  };
  readonly ssh?: {
    /** In the form of known_hosts(5); undefined: none are known. */
    readonly knownHosts: string | undefined;
    /** Lays a socket of the client's agent at a path, for as long as the repository is read. */
    lay(path: string): Promise<void>;
  };
}

const GITHUB = ['https://github.com/', 'https://www.github.com/'];

/** What a secret that opens a repository opens besides: on GitHub there is one login for all. */
export const scopeOf = (repository: string): string =>
  GITHUB.find((prefix) => repository.startsWith(prefix)) ?? repository;

/** How a token is said, whoever it is of. */
export const tokenHeader = (token: Buffer): string =>
  `basic ${Buffer.concat([Buffer.from('x-access-token:'), token]).toString('base64')}`;
