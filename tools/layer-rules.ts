/** Who may import whom, as data, and the pure check of one file against it. The table is the architecture. */
import { dirname, join } from 'node:path';

const ground = ['base', 'model', 'formats'];

/** A room's neighbours below it. What is missing here is forbidden. */
const may: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  formats: ['base', 'model'],
  linux: ['base'],
  storage: [...ground, 'linux'],
  network: [...ground, 'linux'],
  runtime: [...ground, 'linux'],
  registry: ground,
  engine: [...ground, 'linux', 'storage', 'network', 'runtime', 'registry'],
  'api/contract': ['base', 'model'],
  'api/client': [...ground, 'api/contract'],
  'api/versions': [...ground, 'api/contract'],
  'api/buildkit': [...ground, 'engine'],
  'api/handlers': [...ground, 'api/contract', 'api/buildkit', 'engine'],
  'api/http': [...ground, 'api/contract', 'api/versions', 'api/handlers', 'api/buildkit'],
  cli: [...ground, 'api/client', 'daemon'],
  daemon: [...ground, 'linux', 'storage', 'network', 'runtime', 'registry', 'engine', 'api/http'],
};

/** What may be imported for its types alone, which leave nothing behind at run time. */
const mayTypes: Readonly<Record<string, readonly string[]>> = {
  'api/http': ['engine'],
};

/** Rooms that are entered file by file. All others have doors. */
const open = [...ground, 'api/contract'];
/** Doors besides `index.ts`: what the command line reads before it loads an engine. */
const sideDoors: Readonly<Record<string, readonly string[]>> = {
  daemon: ['options.ts', 'settings.ts', 'config-file.ts', 'doctor.ts', 'fsck.ts', 'hosts.ts', 'ports.ts'],
};

/** Modules that only some rooms may touch: each is one room's business. */
const reserved: Readonly<Record<string, readonly string[]>> = {
  'node:http': ['api/http', 'api/client', 'registry'],
  'node:http2': ['api/buildkit'],
  'node:https': ['registry'],
  'node:tls': ['api/http', 'api/client', 'registry', 'runtime'],
  'node:child_process': ['runtime', 'storage', 'daemon', 'cli'],
  'node:sqlite': ['storage'],
  'node:ffi': ['linux'],
  koffi: ['linux'],
  pino: ['base'],
  commander: ['cli'],
  ws: ['api/http'],
  '@bufbuild/protobuf': ['api/buildkit'],
  undici: ['registry'],
  re2js: ['engine'],
  yaml: ['engine'],
  'dns-packet': ['network'],
  'ipaddr.js': ['network', 'engine', 'daemon', 'api/versions'],
};

const pure = ['model', 'formats', 'api/contract', 'api/versions'];
const WORLD = /^node:(fs|net|http|https|http2|dgram|child_process|worker_threads|sqlite)(\/|$)/;

const rooms = Object.keys(may).sort((a, b) => b.length - a.length);
/** The room of a path like `src/engine/images/pull.ts`. */
const roomOf = (path: string): string | undefined => rooms.find((room) => path.startsWith(`src/${room}/`));

interface Import {
  readonly target: string;
  readonly typesOnly: boolean;
}

/** The modules that a source file names in imports and exports. Comments do not count. */
export function importsOf(text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  // Statements begin a line, as the formatter leaves them: text inside of strings and templates is not taken for one.
  const statements = code.matchAll(/^(?:import|export)(\s+type\b)?[\w\s{},*$]*?\bfrom\s*'([^']+)'/gm);
  const others = code.matchAll(/(?:^import|\bimport\(\s*)\s*'([^'\s]+)'/gm);
  return [
    ...[...statements].map(([, type, target = '']) => ({ target, typesOnly: type !== undefined })),
    ...[...others].map(([, target = '']) => ({ target, typesOnly: false })),
  ];
}

function packageComplaint(from: string, target: string, isTest: boolean): string | undefined {
  if (isTest) return undefined;
  const name = target.startsWith('node:')
    ? target
    : target.split('/', target.startsWith('@') ? 2 : 1).join('/');
  if (reserved[name]?.includes(from) === false)
    return `may not import ${target} (only ${reserved[name].join(', ')} may)`;
  if (!name.startsWith('node:') && reserved[name] === undefined)
    return `may not import the package ${name}: it is in no row of the table`;
  if (pure.includes(from) && WORLD.test(target)) return `is pure: no ${target}`;
  return undefined;
}

function roomComplaint(from: string, file: string, one: Import, isTest: boolean): string | undefined {
  const path = join(dirname(file), one.target);
  const to = roomOf(path);
  if (to === from) return undefined;
  if (to === undefined) return `may not import ${path}, which stands in no room`;
  const allowed = isTest || may[from]?.includes(to) || (one.typesOnly && mayTypes[from]?.includes(to));
  if (!allowed)
    return `may not import ${to}${mayTypes[from]?.includes(to) ? ' except for types' : ''} (${one.target})`;
  const inside = path.slice(`src/${to}/`.length);
  if (open.includes(to) || inside === 'index.ts' || sideDoors[to]?.includes(inside)) return undefined;
  return `must enter ${to} by its index.ts, not by ${inside}`;
}

/** What several tests of a room share stands beside them, and may use their packages. */
const SHARED_BY_TESTS = /(^|\/)test-[^/]*\.ts$/;

/** What is wrong in one file of `src/`. A test may enter any room, by its door, and use any package. */
export function complaints(file: string, text: string): string[] {
  const from = roomOf(file);
  if (from === undefined) return [`${file}: stands in no room`];
  const isTest = file.endsWith('.test.ts');
  return importsOf(text).flatMap((one) => {
    if (one.target.endsWith('.json')) return [];
    const wrong = one.target.startsWith('.')
      ? roomComplaint(from, file, one, isTest)
      : packageComplaint(from, one.target, isTest || SHARED_BY_TESTS.test(file));
    return wrong === undefined ? [] : [`${file}: ${from} ${wrong}`];
  });
}
