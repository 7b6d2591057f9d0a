/** Instructions of a Dockerfile that change an image's configuration: `changes` of import and commit. */
import { parseGoDuration } from '../../formats/go-duration.ts';
import { expand, unquote, words } from '../../formats/shell-words.ts';
import type { ContainerConfig, HealthConfig } from '../../model/config.ts';
import { changeFailure } from '../../model/failures/change.ts';

type Mutable = { -readonly [K in keyof ContainerConfig]: ContainerConfig[K] };

/** What the instructions work on. The collections are made by the first that adds to one; no later one copies them. */
interface Work {
  readonly config: Mutable;
  /** By name, each as `name=value`. */
  env?: Map<string, string>;
  ports?: Set<string>;
  labels?: Map<string, string>;
  volumes?: Set<string>;
  triggers?: string[];
  /** Characters that variables brought in so far, and ports. */
  grown: number;
  exposed: number;
}
type Apply = (work: Work, rest: string) => void;

/**
 * `config` after the instructions, one an item (a backslash before a line's end goes on in the next).
 * @throws InvalidArgument for an instruction that is none, is not allowed here, or is malformed
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  const work: Work = { config: { ...config }, grown: 0, exposed: 0 };
  for (const line of changes.flatMap((text) => text.replace(/\\[ \t]*\r?\n/g, '').split('\n'))) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(trimmed) ?? [];
    const apply = Object.hasOwn(instructions, word.toLowerCase())
      ? instructions[word.toLowerCase()]
      : undefined;
    if (!apply) throw changeFailure.commandInvalid({ word });
    const bare = ['cmd', 'entrypoint', 'healthcheck'].includes(word.toLowerCase());
    if (rest === '' && !bare) throw changeFailure.argumentMissing({ command: word.toUpperCase() });
    apply(work, rest);
  }
  return finished(work);
}

function finished({ config, env, ports, labels, volumes, triggers }: Work): ContainerConfig {
  const keys = (names: Set<string>) => Object.fromEntries([...names].map((name) => [name, {}]));
  return {
    ...config,
    ...(env ? { Env: [...env.values()] } : {}),
    ...(ports ? { ExposedPorts: keys(ports) } : {}),
    ...(labels ? { Labels: Object.fromEntries(labels) } : {}),
    ...(volumes ? { Volumes: keys(volumes) } : {}),
    ...(triggers ? { OnBuild: triggers } : {}),
  };
}

const instructions: Readonly<Record<string, Apply>> = {
  cmd: ({ config }, rest) => {
    config.Cmd = command(config, rest);
  },
  entrypoint: ({ config }, rest) => {
    config.Entrypoint = command(config, rest);
  },
  env: (work, rest) => {
    work.env ??= new Map((work.config.Env ?? []).map((item) => [item.split('=', 1)[0]!, item]));
    for (const [key, value] of pairs('ENV', expanded(rest, work, work.env)))
      work.env.set(key, `${key}=${value}`);
  },
  expose: (work, rest) => {
    work.ports ??= new Set(Object.keys(work.config.ExposedPorts ?? {}));
    for (const word of words(rest)) expose(work, work.ports, word);
  },
  label: (work, rest) => {
    work.labels ??= new Map(Object.entries(work.config.Labels ?? {}));
    for (const [key, value] of pairs('LABEL', rest)) work.labels.set(key, value);
  },
  onbuild: (work, rest) => {
    const trigger = rest.split(/\s/, 1)[0]!.toUpperCase();
    if (trigger === 'ONBUILD') throw changeFailure.onBuildChained();
    if (['MAINTAINER', 'FROM'].includes(trigger)) throw changeFailure.triggerInvalid({ trigger });
    work.triggers ??= [...(work.config.OnBuild ?? [])];
    work.triggers.push(rest);
  },
  stopsignal: ({ config }, rest) => {
    const signal = only('STOPSIGNAL', rest);
    if (!/^(?:\d{1,2}|[A-Za-z0-9+-]{1,16})$/.test(signal)) throw changeFailure.signalInvalid({ signal });
    config.StopSignal = signal;
  },
  user: ({ config }, rest) => {
    config.User = only('USER', rest);
  },
  volume: (work, rest) => {
    work.volumes ??= new Set(Object.keys(work.config.Volumes ?? {}));
    for (const path of jsonWords(rest) ?? words(rest)) {
      if (path === '') throw changeFailure.volumeEmpty();
      work.volumes.add(path);
    }
  },
  workdir: ({ config }, rest) => {
    const path = unquote(rest);
    const whole = path.startsWith('/') ? path : `${config.WorkingDir || '/'}/${path}`;
    if (whole.length > PATH_CHARS_MAX) throw changeFailure.workingDirTooLong({ most: PATH_CHARS_MAX });
    config.WorkingDir = clean(whole);
  },
  healthcheck: ({ config }, rest) => {
    config.Healthcheck = healthcheck(rest);
  },
};

/** No process can enter a longer one (PATH_MAX); each line may add to it. */
const PATH_CHARS_MAX = 4096;

const SHELL = ['/bin/sh', '-c'];

/** The JSON form is the words themselves; anything else is a line for the shell. */
function command(config: ContainerConfig, rest: string): string[] {
  const exec = jsonWords(rest);
  if (exec) return exec;
  return rest === '' ? [] : [...(config.Shell ?? SHELL), rest];
}

function jsonWords(rest: string): string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(rest);
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `key=value key2="a b"`, or the old form `key the rest is the value`. */
function pairs(what: string, rest: string): [key: string, value: string][] {
  const all = words(rest);
  const first = all[0] ?? '';
  if (!first.includes('=')) {
    const [, key = '', value = ''] = /^(\S+)\s+(.*)$/s.exec(rest) ?? [];
    if (key === '') throw changeFailure.argumentsNotTwo({ what });
    return [[unquote(key), unquote(value)]];
  }
  return all.map((word) => {
    const at = word.indexOf('=');
    if (at < 0) throw changeFailure.noEquals({ word });
    if (at === 0) throw changeFailure.nameBlank({ what });
    return [unquote(word.slice(0, at)), unquote(word.slice(at + 1))];
  });
}

/** Variables may double at each line: no process can be started with more of them than this anyway. */
const EXPANDED_CHARS_MAX = 1 << 20;

/** Variables of the environment so far, put in. @throws InvalidArgument when all that they brought is too much */
const expanded = (rest: string, work: Work, env: ReadonlyMap<string, string>): string =>
  expand(rest, (name) => {
    const value = env.get(name)?.slice(name.length + 1) ?? '';
    work.grown += value.length;
    if (work.grown > EXPANDED_CHARS_MAX) throw changeFailure.expansionTooLong({ most: EXPANDED_CHARS_MAX });
    return value;
  });

function only(what: string, rest: string): string {
  const all = words(rest);
  if (all.length !== 1) throw changeFailure.argumentsNotOne({ what });
  return unquote(all[0]!);
}

const PORT_MAX = 65_535;
/** Every port of the three protocols, once: a range of eight characters makes as many as there are. */
const EXPOSED_MAX = 3 * (PORT_MAX + 1);

function expose(work: Work, ports: Set<string>, word: string): void {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(unquote(word));
  const first = Number(parts?.[1] ?? -1);
  const last = Number(parts?.[2] ?? first);
  if (!parts || first < 0 || last > PORT_MAX || last < first) throw changeFailure.portInvalid({ port: word });
  work.exposed += last - first + 1;
  if (work.exposed > EXPOSED_MAX) throw changeFailure.portsTooMany({ most: EXPOSED_MAX });
  const protocol = (parts[3] ?? 'tcp').toLowerCase();
  for (let port = first; port <= last; port++) ports.add(`${port}/${protocol}`);
}

function clean(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

function nanosOf(flag: string, text: string): number {
  const nanos = parseGoDuration(text);
  if (nanos === undefined) throw changeFailure.durationInvalid({ text, flag });
  if (nanos !== 0 && nanos < 1e6) throw changeFailure.durationTooShort({ flag });
  return nanos;
}

const HEALTH_FLAGS: Readonly<Record<string, Exclude<keyof HealthConfig, 'Test' | 'Retries'>>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
};

function healthcheck(rest: string): HealthConfig {
  const health: { -readonly [K in keyof HealthConfig]: HealthConfig[K] } = {};
  let at = rest;
  for (let flag = /^--([a-z-]+)=(\S+)\s*/.exec(at); flag; flag = /^--([a-z-]+)=(\S+)\s*/.exec(at)) {
    const [whole, name = '', value = ''] = flag;
    const member = HEALTH_FLAGS[name];
    if (member) health[member] = nanosOf(name, value);
    else if (name === 'retries' && /^\d{1,6}$/.test(value)) health.Retries = Number(value);
    else throw changeFailure.flagUnknown({ name });
    at = at.slice(whole.length);
  }
  const [, kind = '', probe = ''] = /^(\S+)\s*(.*)$/s.exec(at) ?? [];
  if (kind.toUpperCase() === 'NONE') {
    if (probe !== '') throw changeFailure.noneTakesNothing();
    return { Test: ['NONE'] };
  }
  if (kind.toUpperCase() !== 'CMD') throw changeFailure.healthTypeUnknown({ type: kind.toUpperCase() });
  if (probe === '') throw changeFailure.healthCommandMissing();
  const exec = jsonWords(probe);
  const test = exec ? ['CMD', ...exec] : ['CMD-SHELL', probe];
  return { ...health, Test: test };
}
