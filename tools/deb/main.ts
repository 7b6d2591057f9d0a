/**
 * Makes the Debian package of this machine's architecture: `npm run deb`, or
 *
 *     sh tools/node tools/deb/main.ts [--version VERSION] [--out DIRECTORY] [--plain]
 *
 * `--plain` leaves it uncompressed, which takes a second instead of a minute. The same sources and packages make the same
 * bytes: everything is root's, sorted, and as old as SOURCE_DATE_EPOCH, or the last commit, says.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { VERSION } from '../../src/base/release.ts';
import { describe } from '../../src/cli/completion/described.ts';
import { completions } from '../../src/cli/completion/index.ts';
import { programOf } from '../../src/cli/main.ts';
import { manualOf } from '../manual.ts';
import { ARCHITECTURES, controlOf, copyrightOf, debianChangelogOf, type Part } from './control.ts';
import { type Entry, entriesOf } from './files.ts';

const root = join(import.meta.dirname, '../..');
const inRoot = (...parts: string[]): string => join(root, ...parts);
const text = (...parts: string[]): string => readFileSync(inRoot(...parts), 'utf8');

const { values } = parseArgs({
  options: { version: { type: 'string' }, out: { type: 'string' }, plain: { type: 'boolean' } },
});
const version = values.version ?? `${VERSION}-1`;
const out = values.out ?? inRoot('dist-deb');
const architecture = ARCHITECTURES[process.arch];
if (architecture === undefined) throw new Error(`there is no Debian package for ${process.arch}`);

/** Seconds since 1970 that everything in the package is from. */
function epoch(): number {
  const said = process.env.SOURCE_DATE_EPOCH;
  if (said !== undefined && /^\d+$/.test(said)) return Number(said);
  try {
    return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }));
  } catch (cause) {
    throw new Error('no commit to take the time from: set SOURCE_DATE_EPOCH', { cause });
  }
}

/** Builds into a directory of its own: whatever runs from dist/ is not disturbed. */
function build(directory: string, seconds: number): string[] {
  const env = { ...process.env, SOURCE_DATE_EPOCH: `${seconds}` };
  execFileSync('sh', [inRoot('tools/node'), inRoot('tools/build.ts'), '--into', directory], { env });
  return readdirSync(directory).sort();
}

/** What is not in the bundle: koffi with its library for this architecture and Debian's libc, and Node.js. */
function packages(): Map<string, string> {
  const patterns = [
    'koffi/package.json',
    'koffi/index.js',
    'koffi/src/koffi/index.js',
    'koffi/src/koffi/src/static.js',
    `@koromix/koffi-linux-${process.arch}/package.json`,
    `@koromix/koffi-linux-${process.arch}/index.js`,
    `@koromix/koffi-linux-${process.arch}/linux_${process.arch}/koffi.node`,
    `node-linux-${process.arch}/package.json`,
    `node-linux-${process.arch}/bin/node`,
  ];
  const from = inRoot('node_modules');
  const found = globSync(patterns, { cwd: from });
  const lacking = patterns.filter((each) => !found.includes(each));
  if (lacking.length > 0)
    throw new Error(`missing in node_modules: ${lacking.join(', ')}; run: npm run setup`);
  return new Map(found.sort().map((path) => [path, join(from, path)]));
}

/** The packages in the bundle, as its source maps tell, and those beside it. */
function parts(directory: string, names: readonly string[], beside: Iterable<string>): Part[] {
  const sources = names
    .filter((name) => name.endsWith('.map'))
    .flatMap(
      (name) => (JSON.parse(readFileSync(join(directory, name), 'utf8')) as { sources: string[] }).sources,
    );
  const nameOf = (path: string): string | undefined =>
    /(?:^|node_modules\/)((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1];
  const inBundle = sources.filter((path) => path.includes('node_modules/')).map(nameOf);
  const all = new Set([...inBundle, ...[...beside].map(nameOf)].filter((name) => name !== undefined));
  return [...all].sort().flatMap((name) => {
    const file = globSync(['LICEN[SC]E*', 'license*'], { cwd: inRoot('node_modules', name) }).sort()[0];
    const own = JSON.parse(text('node_modules', name, 'package.json')) as {
      version: string;
      license?: string;
    };
    const licence = file === undefined ? `License: ${own.license}` : text('node_modules', name, file);
    return [{ name, version: own.version, text: licence }];
  });
}

function layOut(entries: readonly Entry[], tree: string): void {
  for (const entry of entries) {
    const path = join(tree, entry.path);
    mkdirSync(dirname(path), { recursive: true });
    if ('link' in entry) symlinkSync(entry.link, path);
    else {
      if ('from' in entry) cpSync(entry.from, path, { dereference: true });
      else writeFileSync(path, entry.text);
      chmodSync(path, entry.mode ?? 0o644);
    }
  }
}

/** DEBIAN/: control, conffiles, md5sums, and the scripts. */
function writeControl(entries: readonly Entry[], tree: string): void {
  const files = entries.filter((entry) => !('link' in entry)).map(({ path }) => path);
  const kib = files.reduce((sum, path) => sum + Math.ceil(lstatSync(join(tree, path)).size / 1024), 0);
  const md5 = (path: string): string =>
    createHash('md5')
      .update(readFileSync(join(tree, path)))
      .digest('hex');
  const sums = files.filter((path) => !path.startsWith('etc/')).map((path) => `${md5(path)}  ${path}\n`);
  const members: Entry[] = [
    { path: 'DEBIAN/control', text: controlOf(version, architecture ?? '', kib) },
    { path: 'DEBIAN/conffiles', text: '/etc/default/gantry\n' },
    { path: 'DEBIAN/md5sums', text: sums.join('') },
    ...['postinst', 'prerm', 'postrm'].map((name) => ({
      path: `DEBIAN/${name}`,
      from: inRoot('contrib/debian', name),
      mode: 0o755,
    })),
  ];
  layOut(members, tree);
}

/** Directories too: what a builder's umask or clock was must not be seen in the package. */
function settle(tree: string, seconds: number): void {
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, seconds, seconds);
  }
  chmodSync(tree, 0o755);
  lutimesSync(tree, seconds, seconds);
}

const work = mkdtempSync(join(tmpdir(), 'gantry-deb-'));
try {
  const seconds = epoch();
  const date = new Date(seconds * 1000);
  const built = join(work, 'built');
  const names = build(built, seconds);
  const gantry = describe(programOf(() => undefined));
  const made = (shell: string): string => completions[shell]?.(gantry) ?? '';
  const beside = packages();
  const entries = entriesOf({
    built: { directory: built, names },
    packages: beside,
    pages: manualOf(gantry, { version: VERSION, date: date.toISOString().slice(0, 10) }),
    completions: { bash: made('bash'), zsh: made('zsh'), fish: made('fish') },
    units: {
      service: text('contrib/systemd/gantry.service'),
      socket: text('contrib/systemd/gantry.socket'),
    },
    defaults: text('contrib/debian/gantry.default'),
    overrides: text('contrib/debian/lintian-overrides'),
    copyright: copyrightOf(text('NOTICE'), parts(built, names, beside.keys())),
    changelog: { debian: debianChangelogOf(version, date), own: text('CHANGELOG.md') },
    docs: new Map(globSync('*.md', { cwd: inRoot('docs') }).map((name) => [name, inRoot('docs', name)])),
    launcher: inRoot('bin/gantry'),
    version: VERSION,
  });
  const tree = join(work, 'tree');
  layOut(entries, tree);
  writeControl(entries, tree);
  settle(tree, seconds);
  mkdirSync(out, { recursive: true });
  const file = join(out, `gantry_${version}_${architecture}.deb`);
  const form = values.plain ? ['-Znone'] : ['-Zxz', '--threads-max=1'];
  execFileSync('dpkg-deb', ['--root-owner-group', ...form, '--build', tree, file], {
    env: { ...process.env, SOURCE_DATE_EPOCH: `${seconds}` },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  console.log(file);
} finally {
  rmSync(work, { recursive: true, force: true });
}
