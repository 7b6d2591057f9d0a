/**
 * Bundles what ships: dist/gantry.js with its lazily loaded chunks, and each `*.worker.ts` as an entry of its own.
 * With `--clean` nothing of earlier builds stays: what is packed has only what it needs. `--into DIRECTORY` builds there.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { basename, dirname, join, resolve } from 'node:path';
import { type BuildResult, build, type Plugin } from 'esbuild';

/** Chunks of the build before stay this long: a running engine may still load one of them. */
const OLD_CHUNK_MS = 60 * 60 * 1000;

/** Entries by the name they get in `outdir`: the command line, the worker threads, the programs of their own. */
function entries(root: string): Record<string, string> {
  const own = globSync(['src/**/*.worker.ts', 'src/**/*.program.ts'], { cwd: root });
  const named = own.map((file) => [basename(file, '.ts'), join(root, file)] as const);
  return { gantry: join(root, 'src/cli/main.ts'), ...Object.fromEntries(named) };
}

/** What release.ts tells: the commit (`+` when files differ from it) and the time. Outside a checkout: unknown. */
function release(root: string): Record<string, string> {
  const git = (...argv: string[]) =>
    execFileSync('git', argv, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  let commit = 'unknown';
  try {
    commit = git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : '+');
  } catch {
    // no git, or no repository
  }
  // Packages that are made twice have the same bytes twice.
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const built = (epoch === undefined ? new Date() : new Date(Number(epoch) * 1000))
    .toISOString()
    .replace(/\.\d+/, '');
  return { __GANTRY_COMMIT__: JSON.stringify(commit), __GANTRY_BUILT__: JSON.stringify(built) };
}

/**
 * `import 'node:http'` makes Node evaluate every export of it, lazy ones too, and so load its whole web client: 3 MiB
 * of memory that nothing here uses. The builtin itself does not; only what is imported of it is looked up.
 */
const lazyHttp: Plugin = {
  name: 'lazy-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'http', namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /^http$/, namespace: 'builtin' }, () => {
      const names = Object.keys(Object.getOwnPropertyDescriptors(http)).filter((name) => name !== 'default');
      const line = (name: string) => `export const ${name} = /* @__PURE__ */ (() => http.${name})();`;
      return {
        contents: ["const http = process.getBuiltinModule('node:http');", ...names.map(line)].join('\n'),
      };
    });
  },
};

/** Bundles the sources below `root` in memory. */
function bundle(root: string, outdir: string): Promise<BuildResult<{ write: false }>> {
  return build({
    absWorkingDir: root,
    entryPoints: entries(root),
    outdir,
    write: false,
    bundle: true,
    splitting: true,
    format: 'esm',
    // Node keeps the text of what it has loaded: names stay, for errors to be read.
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [lazyHttp],
    platform: 'node',
    target: 'node24',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'linked',
    chunkNames: 'chunk-[hash]',
    define: release(root),
    // koffi finds its native library next to itself.
    external: ['koffi'],
    // CommonJS packages inside an ES module still call require for Node's own modules.
    banner: {
      js: "import { createRequire as __makeRequire } from 'node:module'; const require = __makeRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

/** One letter beyond Latin-1 doubles what a program's text takes in memory; esbuild leaves those in expressions. */
function inAscii({ path, contents, text }: { path: string; contents: Uint8Array; text: string }) {
  if (!path.endsWith('.js') || !/[^\0-\x7f]/.test(text)) return { path, contents };
  const escaped = text.replace(
    /[^\0-\x7f]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return { path, contents: Buffer.from(escaped) };
}

/** Writes each output beside its place and renames it there: a starting engine never reads half a file. */
function install(
  outputs: readonly { path: string; contents: Uint8Array }[],
  outdir: string,
  keepMs: number,
): void {
  mkdirSync(outdir, { recursive: true });
  const isEntry = (one: { path: string }): boolean => basename(one.path) === 'gantry.js';
  // The entry last: its time is what the launcher compares with the sources'.
  for (const { path, contents } of [...outputs.filter((one) => !isEntry(one)), ...outputs.filter(isEntry)]) {
    const fresh = join(dirname(path), `.${basename(path)}.${process.pid}`);
    writeFileSync(fresh, contents);
    renameSync(fresh, path);
  }
  const kept = new Set(outputs.map((one) => basename(one.path)));
  for (const name of readdirSync(outdir)) {
    const path = join(outdir, name);
    if (!kept.has(name) && Date.now() - statSync(path).mtimeMs > keepMs) rmSync(path, { force: true });
  }
}

const root = dirname(import.meta.dirname);
const into = process.argv.indexOf('--into');
const outdir = into > 0 ? resolve(process.argv[into + 1] ?? '') : join(root, 'dist');
const built = await bundle(root, outdir).catch(() => process.exit(1)); // esbuild has said why
const outputFiles = built.outputFiles.map(inAscii);
install(outputFiles, outdir, process.argv.includes('--clean') ? 0 : OLD_CHUNK_MS);
const bytes = outputFiles
  .filter((one) => one.path.endsWith('.js'))
  .reduce((sum, one) => sum + one.contents.length, 0);
console.log(`build: ${outputFiles.length} files, ${Math.round(bytes / 1024)} KiB of JavaScript in dist/`);
