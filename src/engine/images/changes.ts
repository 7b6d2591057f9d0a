/** Instructions of a Dockerfile that change an image's configuration: `changes` of import and commit. */
import { InvalidArgument } from '../../base/errors.ts';
import { parseGoDuration } from '../../formats/go-duration.ts';
import type { ContainerConfig, HealthConfig } from '../../model/config.ts';

type Mutable = { -readonly [K in keyof ContainerConfig]: ContainerConfig[K] };
type Apply = (config: Mutable, rest: string) => void;

/**
 * `config` after the instructions, one an item (a backslash before a line's end goes on in the next).
 * @throws InvalidArgument for an instruction that is none, is not allowed here, or is malformed
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  const changed: Mutable = { ...config };
  for (const line of changes.flatMap((text) => text.replace(/\\[ \t]*\r?\n/g, '').split('\n'))) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const [, word = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(trimmed) ?? [];
    const apply = Object.hasOwn(instructions, word.toLowerCase())
      ? instructions[word.toLowerCase()]
      : undefined;
    if (!apply) throw new InvalidArgument(`${word} is not a valid change command`);
    const bare = ['cmd', 'entrypoint', 'healthcheck'].includes(word.toLowerCase());
    if (rest === '' && !bare)
      throw new InvalidArgument(`${word.toUpperCase()} requires at least one argument`);
    apply(changed, rest);
  }
  return changed;
}

const instructions: Readonly<Record<string, Apply>> = {
  cmd: (config, rest) => {
    config.Cmd = command(config, rest);
  },
  entrypoint: (config, rest) => {
    config.Entrypoint = command(config, rest);
  },
  env: (config, rest) => {
    const env = new Map((config.Env ?? []).map((item) => [item.split('=', 1)[0]!, item]));
    for (const [key, value] of pairs('ENV', expand(rest, env))) env.set(key, `${key}=${value}`);
    config.Env = [...env.values()];
  },
  expose: (config, rest) => {
    const ports = { ...config.ExposedPorts };
    for (const word of words(rest)) for (const port of portsOf(word)) ports[port] = {};
    config.ExposedPorts = ports;
  },
  label: (config, rest) => {
    config.Labels = { ...config.Labels, ...Object.fromEntries(pairs('LABEL', rest)) };
  },
  onbuild: (config, rest) => {
    const trigger = rest.split(/\s/, 1)[0]!.toUpperCase();
    if (trigger === 'ONBUILD')
      throw new InvalidArgument("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (['MAINTAINER', 'FROM'].includes(trigger))
      throw new InvalidArgument(`${trigger} isn't allowed as an ONBUILD trigger`);
    config.OnBuild = [...(config.OnBuild ?? []), rest];
  },
  stopsignal: (config, rest) => {
    const signal = only('STOPSIGNAL', rest);
    if (!/^(?:\d{1,2}|[A-Za-z0-9+-]{1,16})$/.test(signal))
      throw new InvalidArgument(`Invalid signal: ${signal}`);
    config.StopSignal = signal;
  },
  user: (config, rest) => {
    config.User = only('USER', rest);
  },
  volume: (config, rest) => {
    const volumes = { ...config.Volumes };
    for (const path of jsonWords(rest) ?? words(rest)) {
      if (path === '') throw new InvalidArgument('VOLUME specified can not be an empty string');
      volumes[path] = {};
    }
    config.Volumes = volumes;
  },
  workdir: (config, rest) => {
    const path = unquote(rest);
    config.WorkingDir = clean(path.startsWith('/') ? path : `${config.WorkingDir || '/'}/${path}`);
  },
  healthcheck: (config, rest) => {
    config.Healthcheck = healthcheck(rest);
  },
};

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

/** Splits at blanks outside of quotes; quotes and backslashes are kept. */
function words(rest: string): string[] {
  return rest.match(/(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/gs) ?? [];
}

/** Takes quotes and backslashes away, as a shell does. */
function unquote(text: string): string {
  return text.replace(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/gs,
    (_, double?: string, single?: string, escaped?: string) =>
      double !== undefined ? double.replace(/\\(["\\$])/g, '$1') : (single ?? escaped ?? ''),
  );
}

/** `key=value key2="a b"`, or the old form `key the rest is the value`. */
function pairs(what: string, rest: string): [key: string, value: string][] {
  const all = words(rest);
  const first = all[0] ?? '';
  if (!first.includes('=')) {
    const [, key = '', value = ''] = /^(\S+)\s+(.*)$/s.exec(rest) ?? [];
    if (key === '') throw new InvalidArgument(`${what} must have two arguments`);
    return [[unquote(key), unquote(value)]];
  }
  return all.map((word) => {
    const at = word.indexOf('=');
    if (at < 0)
      throw new InvalidArgument(`Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    if (at === 0) throw new InvalidArgument(`${what} names can not be blank`);
    return [unquote(word.slice(0, at)), unquote(word.slice(at + 1))];
  });
}

/** Variables may double at each line: no process can be started with more of them than this anyway. */
const EXPANDED_CHARS_MAX = 1 << 20;

/** `$NAME` and `${NAME}` of the environment so far, outside of single quotes. @throws InvalidArgument when it grows too large */
function expand(rest: string, env: ReadonlyMap<string, string>): string {
  let grown = 0;
  const lookUp = (name: string): string => {
    const value = env.get(name)?.slice(name.length + 1) ?? '';
    grown += value.length;
    if (grown > EXPANDED_CHARS_MAX)
      throw new InvalidArgument(`ENV with more than ${EXPANDED_CHARS_MAX} characters of other variables`);
    return value;
  };
  return rest.replace(/'[^']*'|\\.|\$(?:\{(\w+)\}|(\w+))/gs, (whole, braced?: string, plain?: string) => {
    const name = braced ?? plain;
    return name === undefined ? whole : lookUp(name);
  });
}

function only(what: string, rest: string): string {
  const all = words(rest);
  if (all.length !== 1) throw new InvalidArgument(`${what} requires exactly one argument`);
  return unquote(all[0]!);
}

/** Ports one expose of a range may make: an image that exposes all is possible, a list of them for each line is not. */
const PORT_MAX = 65_535;

function portsOf(word: string): string[] {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(unquote(word));
  const first = Number(parts?.[1] ?? -1);
  const last = Number(parts?.[2] ?? first);
  if (!parts || first < 0 || last > PORT_MAX || last < first)
    throw new InvalidArgument(`invalid containerPort: ${word}`);
  const protocol = (parts[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${protocol}`);
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
  if (nanos === undefined)
    throw new InvalidArgument(`invalid duration ${JSON.stringify(text)} for --${flag}`);
  if (nanos !== 0 && nanos < 1e6) throw new InvalidArgument(`Interval "${flag}" cannot be less than 1ms`);
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
    else throw new InvalidArgument(`unknown flag: ${name}`);
    at = at.slice(whole.length);
  }
  const [, kind = '', probe = ''] = /^(\S+)\s*(.*)$/s.exec(at) ?? [];
  if (kind.toUpperCase() === 'NONE') {
    if (probe !== '') throw new InvalidArgument('HEALTHCHECK NONE takes no arguments');
    return { Test: ['NONE'] };
  }
  if (kind.toUpperCase() !== 'CMD')
    throw new InvalidArgument(`Unknown type ${JSON.stringify(kind.toUpperCase())} in HEALTHCHECK (try CMD)`);
  if (probe === '') throw new InvalidArgument('Missing command after HEALTHCHECK CMD');
  const exec = jsonWords(probe);
  const test = exec ? ['CMD', ...exec] : ['CMD-SHELL', probe];
  return { ...health, Test: test };
}
