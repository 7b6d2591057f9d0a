/** What instructions make of an image's configuration. Pure: `docker commit --change` has the same rules. */
import { textOf } from '../../../formats/byte-text.ts';
import type { Instruction, Pair } from '../../../formats/dockerfile/instruction.ts';
import type { ContainerConfig } from '../../../model/config.ts';
import { changeFailure } from '../../../model/failures/change.ts';
import {
  commandOf,
  directoryFrom,
  EXPOSED_MAX,
  healthOf,
  portsOf,
  saysNothing,
  signalOf,
  withEntrypoint,
} from '../../images/instructions.ts';
import type { Expander } from './expander.ts';
import { goDuration, goQuoted, goQuotedList, goQuotedNumber } from './go-text.ts';

/** A configuration that instructions change, and what else they say. */
export interface Configured {
  readonly config: ContainerConfig;
  readonly author: string;
  /** CMD was said in this stage: an ENTRYPOINT leaves it. */
  readonly commandSaid: boolean;
}

/** What an instruction made of it. */
export interface Change extends Configured {
  /** The instruction as history tells it. */
  readonly comment: string;
  /** A line for the client. */
  readonly note?: string;
}

/** Instructions that change nothing but the configuration. */
export type ConfigInstruction = Exclude<Instruction, { readonly is: 'run' | 'copy' | 'add' | 'arg' }>;

/** @throws InvalidArgument */
export function configure(before: Configured, instruction: ConfigInstruction, expander: Expander): Change {
  const { config } = before;
  const with_ = (members: Partial<ContainerConfig>, comment: string): Change => ({
    ...before,
    config: { ...config, ...members },
    comment,
  });
  switch (instruction.is) {
    case 'env':
      return environment(before, instruction.pairs, expander);
    case 'label':
      return labels(before, instruction.pairs, expander);
    case 'maintainer': {
      const author = textOf(instruction.word);
      return { ...before, author, comment: `MAINTAINER ${author}` };
    }
    case 'cmd': {
      const Cmd = commandOf(instruction.line, config);
      return {
        ...with_({ Cmd }, `CMD ${goQuotedList(Cmd)}`),
        commandSaid: before.commandSaid || !saysNothing(instruction.line),
      };
    }
    case 'entrypoint': {
      const after = withEntrypoint(config, instruction.line, before.commandSaid);
      return { ...before, config: after, comment: `ENTRYPOINT ${goQuotedList(after.Entrypoint ?? [])}` };
    }
    case 'user': {
      const User = expander.text(instruction.word);
      return with_({ User }, `USER ${User}`);
    }
    case 'workdir': {
      const WorkingDir = directoryFrom(config.WorkingDir ?? '', expander.text(instruction.word));
      return with_({ WorkingDir }, `WORKDIR ${WorkingDir}`);
    }
    case 'stopsignal': {
      const StopSignal = signalOf(expander.text(instruction.word));
      return with_({ StopSignal }, `STOPSIGNAL ${StopSignal}`);
    }
    case 'expose':
      return ports(before, instruction.ports, expander);
    case 'volume':
      return volumes(before, instruction.paths, expander);
    case 'shell': {
      const Shell = instruction.words.map(textOf);
      return with_({ Shell }, `SHELL [${Shell.join(' ')}]`);
    }
    case 'onbuild': {
      const trigger = textOf(instruction.trigger);
      return with_({ OnBuild: [...(config.OnBuild ?? []), trigger] }, `ONBUILD ${trigger}`);
    }
    case 'healthcheck':
      return healthcheck(before, instruction.probe);
    default:
      return instruction satisfies never;
  }
}

/** A name keeps its place when it gets another value. */
function environment(before: Configured, pairs: readonly Pair[], expander: Expander): Change {
  const env = new Map((before.config.Env ?? []).map((item) => [item.split('=', 1)[0] ?? '', item]));
  const said = pairs.map(({ key, value }) => [expander.text(key), expander.text(value)] as const);
  for (const [key, value] of said) {
    if (key === '') throw changeFailure.nameBlank({ what: 'ENV' });
    env.set(key, `${key}=${value}`);
  }
  const comment = ['ENV', ...said.map((pair) => pair.join('='))].join(' ');
  return { ...before, config: { ...before.config, Env: [...env.values()] }, comment };
}

function labels(before: Configured, pairs: readonly Pair[], expander: Expander): Change {
  const said = pairs.map(({ key, value }) => [expander.text(key), expander.text(value)] as const);
  if (said.some(([key]) => key === '')) throw changeFailure.nameBlank({ what: 'LABEL' });
  const Labels = { ...before.config.Labels, ...Object.fromEntries(said) };
  const comment = ['LABEL', ...said.map((pair) => pair.join('='))].join(' ');
  return { ...before, config: { ...before.config, Labels }, comment };
}

function ports(before: Configured, words: readonly string[], expander: Expander): Change {
  const said = words.flatMap((word) => expander.texts(word));
  const all = new Set(Object.keys(before.config.ExposedPorts ?? {}));
  for (const word of said) {
    for (const port of portsOf(word)) all.add(port);
    if (all.size > EXPOSED_MAX) throw changeFailure.portsTooMany({ most: EXPOSED_MAX });
  }
  const ExposedPorts = Object.fromEntries([...all].map((port) => [port, {}]));
  return {
    ...before,
    config: { ...before.config, ExposedPorts },
    comment: `EXPOSE ${said.join(' ')}`,
  };
}

function volumes(before: Configured, words: readonly string[], expander: Expander): Change {
  const paths = words.map((word) => expander.text(word));
  if (paths.includes('')) throw changeFailure.volumeEmpty();
  const Volumes = { ...before.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
  return { ...before, config: { ...before.config, Volumes }, comment: `VOLUME [${paths.join(' ')}]` };
}

function healthcheck(
  before: Configured,
  probe: Extract<Instruction, { is: 'healthcheck' }>['probe'],
): Change {
  const inherited = before.config.Healthcheck ?? {};
  const old = inherited.Test ?? [];
  const Healthcheck = healthOf(probe);
  const times = [Healthcheck.Interval, Healthcheck.Timeout, Healthcheck.StartPeriod]
    .map((nanos) => goQuoted(goDuration(nanos ?? 0)))
    .join(' ');
  const comment = `HEALTHCHECK &{${goQuotedList(Healthcheck.Test ?? [])} ${times} ${goQuotedNumber(Healthcheck.Retries ?? 0)}}`;
  const overrides = old.length > 0 && old[0] !== 'NONE';
  return {
    ...before,
    // Times that it leaves out are those of the one before.
    config: { ...before.config, Healthcheck: { ...inherited, ...Healthcheck } },
    comment,
    ...(overrides ? { note: `Note: overriding previous HEALTHCHECK: [${old.join(' ')}]` } : {}),
  };
}
