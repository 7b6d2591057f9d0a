/** What stands where in the Debian package. Pure: a list of places with what they hold; main.ts lays it out. */
import { gzipSync } from 'node:zlib';
import type { Page } from '../manual.ts';

/** One file of the package. Directories follow from the paths. */
export type Entry = { readonly path: string } & (
  | { readonly text: string | Buffer; readonly mode?: number }
  | { readonly from: string; readonly mode?: number }
  | { readonly link: string }
);

const LIB = 'usr/lib/gantry';
const DOC = 'usr/share/doc/gantry';

/** What files are made of. */
export interface Ingredients {
  /** Names in the directory of a fresh build. */
  readonly built: { readonly directory: string; readonly names: readonly string[] };
  /** The packages that are not in the bundle: path below node_modules → file on this machine. */
  readonly packages: ReadonlyMap<string, string>;
  readonly pages: readonly Page[];
  readonly completions: Readonly<Record<'bash' | 'zsh' | 'fish', string>>;
  readonly units: { readonly service: string; readonly socket: string };
  readonly defaults: string;
  readonly overrides: string;
  readonly copyright: string;
  readonly changelog: { readonly debian: string; readonly own: string };
  /** Pages for users: name → file. */
  readonly docs: ReadonlyMap<string, string>;
  readonly launcher: string;
  readonly version: string;
}

/** The same bytes each time: no name and no time in the head. */
const gzipped = (text: string): Buffer => gzipSync(text, { level: 9 });

/** A unit whose program is the package's. */
const unit = (text: string): string => text.replaceAll('/usr/local/bin/gantry', '/usr/bin/gantry');

/** Every file, in the order of paths. */
export function entriesOf(what: Ingredients): readonly Entry[] {
  const { completions } = what;
  const module = { name: 'gantry', version: what.version, type: 'module' };
  const entries: Entry[] = [
    { path: `${LIB}/bin/gantry`, from: what.launcher, mode: 0o755 },
    { path: 'usr/bin/gantry', link: '../lib/gantry/bin/gantry' },
    { path: `${LIB}/package.json`, text: `${JSON.stringify(module, null, 2)}\n` },
    ...what.built.names
      .filter((name) => name.endsWith('.js'))
      .map((name) => ({ path: `${LIB}/dist/${name}`, from: `${what.built.directory}/${name}` })),
    ...[...what.packages].map(([name, from]) => ({
      path: `${LIB}/node_modules/${name}`,
      from,
      mode: name.endsWith('/bin/node') ? 0o755 : 0o644,
    })),
    { path: 'usr/lib/systemd/system/gantry.service', text: unit(what.units.service) },
    { path: 'usr/lib/systemd/system/gantry.socket', text: what.units.socket },
    { path: 'etc/default/gantry', text: what.defaults },
    { path: 'usr/share/bash-completion/completions/gantry', text: completions.bash },
    { path: 'usr/share/zsh/vendor-completions/_gantry', text: completions.zsh },
    { path: 'usr/share/fish/vendor_completions.d/gantry.fish', text: completions.fish },
    ...what.pages.map(({ name, text }) => ({
      path: `usr/share/man/man${name.slice(-1)}/${name}.gz`,
      text: gzipped(text),
    })),
    { path: `${DOC}/copyright`, text: what.copyright },
    { path: `${DOC}/changelog.Debian.gz`, text: gzipped(what.changelog.debian) },
    { path: `${DOC}/changelog.gz`, text: gzipped(what.changelog.own) },
    ...[...what.docs].map(([name, from]) => ({ path: `${DOC}/${name}`, from })),
    { path: 'usr/share/lintian/overrides/gantry', text: what.overrides },
  ];
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}
