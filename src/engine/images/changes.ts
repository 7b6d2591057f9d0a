/** Instructions of a Dockerfile that change an image's configuration: `changes` of import and commit. */
import { bytesOf, textOf } from '../../formats/byte-text.ts';
import { lower } from '../../formats/dockerfile/blanks.ts';
import { type Expansion, ExpansionBudget } from '../../formats/dockerfile/expansion.ts';
import type { Instruction, Pair } from '../../formats/dockerfile/instruction.ts';
import { parseInstructions } from '../../formats/dockerfile/parse.ts';
import { expandWord, expandWords } from '../../formats/dockerfile/words.ts';
import type { ContainerConfig } from '../../model/config.ts';
import { changeFailure } from '../../model/failures/change.ts';
import {
  commandOf,
  directoryFrom,
  EXPOSED_MAX,
  healthOf,
  portsOf,
  saysNothing,
  signalOf,
  withEntrypoint,
} from './instructions.ts';

type Mutable = { -readonly [K in keyof ContainerConfig]: ContainerConfig[K] };

/** What the instructions work on. The collections are made once: no instruction copies what those before it made. */
interface Work {
  config: Mutable;
  /** By name, each as `name=value`. */
  readonly env: Map<string, string>;
  readonly ports: Set<string>;
  readonly labels: Map<string, string>;
  readonly volumes: Set<string>;
  readonly triggers: string[];
  /** Ports that words made, also those that were there. */
  exposed: number;
  /** CMD was among the instructions. */
  commandSaid: boolean;
  readonly expansion: Expansion;
}

/**
 * `config` after the instructions, one an item or several in lines.
 * @throws InvalidArgument for an instruction that is none, is not allowed here, or is malformed
 */
export function applyChanges(config: ContainerConfig, changes: readonly string[]): ContainerConfig {
  const { instructions, escape: escapedBy } = parseInstructions(bytesOf(changes.join('\n')), checkAllowed);
  const work = workOn(config, escapedBy);
  for (const instruction of instructions) apply(work, instruction);
  return finished(work, new Set(instructions.map((instruction) => instruction.is)));
}

const ALLOWED: ReadonlySet<string> = new Set<Instruction['is']>([
  'cmd',
  'entrypoint',
  'env',
  'expose',
  'healthcheck',
  'label',
  'onbuild',
  'stopsignal',
  'user',
  'volume',
  'workdir',
]);

function checkAllowed(word: string): void {
  if (!ALLOWED.has(lower(word))) throw changeFailure.commandInvalid({ word: textOf(word) });
}

function workOn(config: ContainerConfig, escapedBy: Expansion['escape']): Work {
  const env = new Map((config.Env ?? []).map((item) => [item.split('=', 1)[0]!, item]));
  const found = (name: string): string | undefined => env.get(name)?.slice(name.length + 1);
  return {
    config: { ...config },
    env,
    ports: new Set(Object.keys(config.ExposedPorts ?? {})),
    labels: new Map(Object.entries(config.Labels ?? {})),
    volumes: new Set(Object.keys(config.Volumes ?? {})),
    triggers: [...(config.OnBuild ?? [])],
    exposed: 0,
    commandSaid: false,
    expansion: {
      env: (name) => {
        const value = found(textOf(name));
        return value === undefined ? undefined : bytesOf(value);
      },
      escape: escapedBy,
      budget: new ExpansionBudget(),
    },
  };
}

/** What no instruction spoke of stays as it is, duplicates and all. */
function finished(work: Work, spoken: ReadonlySet<Instruction['is']>): ContainerConfig {
  const { config, env, ports, labels, volumes, triggers } = work;
  const keys = (names: Set<string>) => Object.fromEntries([...names].map((name) => [name, {}]));
  return {
    ...config,
    ...(spoken.has('env') ? { Env: [...env.values()] } : {}),
    ...(spoken.has('expose') ? { ExposedPorts: keys(ports) } : {}),
    ...(spoken.has('label') ? { Labels: Object.fromEntries(labels) } : {}),
    ...(spoken.has('volume') ? { Volumes: keys(volumes) } : {}),
    ...(spoken.has('onbuild') ? { OnBuild: triggers } : {}),
  };
}

function apply(work: Work, instruction: Instruction): void {
  const { config } = work;
  switch (instruction.is) {
    case 'cmd':
      config.Cmd = commandOf(instruction.line, config);
      work.commandSaid ||= !saysNothing(instruction.line);
      break;
    case 'entrypoint':
      work.config = withEntrypoint(config, instruction.line, work.commandSaid);
      break;
    case 'env':
      for (const [name, value] of said(work, 'ENV', instruction.pairs))
        work.env.set(name, `${name}=${value}`);
      break;
    case 'expose':
      expose(work, instruction.ports);
      break;
    case 'healthcheck':
      config.Healthcheck = healthOf(instruction.probe);
      break;
    case 'label':
      for (const [name, value] of said(work, 'LABEL', instruction.pairs)) work.labels.set(name, value);
      break;
    case 'onbuild':
      work.triggers.push(textOf(instruction.trigger));
      break;
    case 'stopsignal':
      config.StopSignal = signalOf(expanded(work, instruction.word));
      break;
    case 'user':
      config.User = expanded(work, instruction.word);
      break;
    case 'volume':
      for (const path of instruction.paths) work.volumes.add(volume(expanded(work, path)));
      break;
    case 'workdir':
      config.WorkingDir = directoryFrom(config.WorkingDir ?? '', expanded(work, instruction.word));
      break;
    default:
      throw changeFailure.commandInvalid({ word: instruction.is });
  }
}

const expanded = ({ expansion }: Work, word: string): string => textOf(expandWord(word, expansion));

/** Names and values; none of them sees what the others of its instruction say. */
function said(work: Work, what: string, pairs: readonly Pair[]): [name: string, value: string][] {
  return pairs.map(({ key, value }) => {
    const name = expanded(work, key);
    if (name === '') throw changeFailure.nameBlank({ what });
    return [name, expanded(work, value)];
  });
}

function volume(path: string): string {
  if (path === '') throw changeFailure.volumeEmpty();
  return path;
}

function expose(work: Work, words: readonly string[]): void {
  for (const word of words.flatMap((one) => expandWords(one, work.expansion))) {
    const ports = portsOf(textOf(word));
    work.exposed += ports.length;
    if (work.exposed > EXPOSED_MAX) throw changeFailure.portsTooMany({ most: EXPOSED_MAX });
    for (const port of ports) work.ports.add(port);
  }
}
