/** Packages of clients from npm, each release in a directory of its own. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CACHE } from '../harness/image.ts';

/** The node_modules with that release and what it needs, installed once in the cache's directory of that name. */
export function modulesOf(client: string, release: string, name: string): string {
  const directory = join(CACHE, name);
  const packages = join(directory, 'node_modules');
  if (existsSync(join(packages, client, 'package.json'))) return packages;
  mkdirSync(directory, { recursive: true });
  const argv = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  execFileSync('npm', [...argv, '--prefix', directory, `${client}@${release}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return packages;
}
