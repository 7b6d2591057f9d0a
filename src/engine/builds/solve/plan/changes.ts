/** What instructions without a layer make of a configuration, in BuildKit's words. Pure. */
import { textOf } from '../../../../formats/byte-text.ts';
import type { CommandLine, Instruction, Pair } from '../../../../formats/dockerfile/instruction.ts';
import type { ContainerConfig } from '../../../../model/config.ts';
import { healthOf, saysNothing, shellOf } from '../../../images/instructions.ts';
import { type Configured, configure } from '../../plan/config.ts';
import type { Expander } from '../../plan/expander.ts';
import { goDuration, goQuoted, goQuotedList, goQuotedNumber } from '../../plan/go-text.ts';

/** Instructions that have no part in the file system. */
export type PlainInstruction = Exclude<
  Instruction,
  { readonly is: 'run' | 'copy' | 'add' | 'arg' | 'workdir' }
>;

/** What an instruction made of it. */
export interface Changed extends Configured {
  /** As history tells it; undefined: it does not. */
  readonly comment: string | undefined;
  /** What it adds to the environment, in its order. */
  readonly variables?: readonly (readonly [name: string, value: string])[];
}

/** @throws InvalidArgument */
export function changed(before: Configured, instruction: PlainInstruction, expander: Expander): Changed {
  const { comment, note: _, ...after } = configure(before, instruction, expander);
  const { config } = before;
  switch (instruction.is) {
    case 'env':
      return { ...after, comment, variables: pairsIn(instruction.pairs, expander) };
    case 'cmd': {
      const Cmd = commandOf(instruction.line, config);
      return {
        ...after,
        config: { ...config, Cmd, ArgsEscaped: true },
        commandSaid: true,
        comment: `CMD ${goQuotedList(Cmd)}`,
      };
    }
    case 'entrypoint': {
      const Entrypoint = commandOf(instruction.line, config);
      const { Cmd, Entrypoint: _old, ...rest } = config;
      const kept = before.commandSaid && Cmd ? { Cmd } : {};
      return {
        ...after,
        config: { ...rest, ...kept, Entrypoint },
        comment: `ENTRYPOINT ${goQuotedList(Entrypoint)}`,
      };
    }
    case 'expose': {
      const ports = Object.keys(portsIn(instruction, before, expander)).toSorted();
      return { ...after, comment: `EXPOSE map[${ports.map((port) => `${port}:{}`).join(' ')}]` };
    }
    case 'onbuild':
      return { ...after, comment: undefined };
    case 'healthcheck': {
      const Healthcheck = healthOf(instruction.probe);
      return { ...after, config: { ...config, Healthcheck }, comment: healthText(Healthcheck) };
    }
    default:
      return { ...after, comment };
  }
}

const pairsIn = (pairs: readonly Pair[], expander: Expander): [string, string][] =>
  pairs.map(({ key, value }) => [expander.text(key), expander.text(value)]);

/** Where nothing was said, it is a shell with nothing to do. */
function commandOf(line: CommandLine, config: ContainerConfig): string[] {
  if (line.form === 'exec') return line.words.map(textOf);
  return [...shellOf(config), saysNothing(line) ? '' : textOf(line.line)];
}

/** The ports of this instruction alone. */
function portsIn(
  instruction: Extract<PlainInstruction, { is: 'expose' }>,
  before: Configured,
  expander: Expander,
): Readonly<Record<string, unknown>> {
  const { ExposedPorts: _, ...config } = before.config;
  return configure({ ...before, config }, instruction, expander).config.ExposedPorts ?? {};
}

function healthText(health: NonNullable<ContainerConfig['Healthcheck']>): string {
  const { Test = [], Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0, Retries = 0 } = health;
  const times = [Interval, Timeout, StartPeriod, StartInterval].map((nanos) => goQuoted(goDuration(nanos)));
  return `HEALTHCHECK &{${[goQuotedList(Test), ...times, goQuotedNumber(Retries)].join(' ')}}`;
}
