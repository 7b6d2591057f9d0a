/** Rules for the instructions of a stage, which see what came before them. Pure. */
import { textOf } from '../../../formats/byte-text.ts';
import type {
  CommandInstruction,
  ExposeInstruction,
  HealthcheckInstruction,
  Instruction,
  PairsInstruction,
  Position,
} from '../../../formats/dockerfile/instruction.ts';
import { cut, rawWords } from '../../../formats/dockerfile/raw-words.ts';
import { expandWords } from '../../../formats/dockerfile/words.ts';
import type { Report } from './report.ts';
import { rules } from './rules.ts';
import type { Reading, Scope } from './scope.ts';
import { expanded } from './scope.ts';

/** What a stage has said so far, as rules remember it. */
export interface Memory {
  /** WORKDIR was said, here or below. */
  hasWorkdir: boolean;
  /** SHELL was said, here or below. */
  hasShell: boolean;
  /** The last of each instruction of which one counts, in this stage. */
  readonly last: Map<string, Position>;
}

/** At the top of a stage, given what the stage below remembers. */
export const memoryOf = (below: Memory | undefined): Memory => ({
  hasWorkdir: below?.hasWorkdir ?? false,
  hasShell: below?.hasShell ?? false,
  last: new Map(),
});

/** @throws InvalidArgument with a word that cannot be expanded */
export function checkStep(
  instruction: Instruction,
  scope: Scope,
  memory: Memory,
  reading: Reading,
  report: Report,
): void {
  switch (instruction.is) {
    case 'workdir':
      checkWorkdir(instruction, scope, memory, reading, report);
      break;
    case 'shell':
      memory.hasShell = true;
      break;
    case 'cmd':
    case 'entrypoint':
      checkOnlyOne(instruction, memory, report);
      checkForm(instruction, memory, report);
      break;
    case 'healthcheck':
      checkOnlyOne(instruction, memory, report);
      break;
    case 'env':
    case 'label':
      checkPairs(instruction, reading, report);
      break;
    case 'arg':
      for (const { key } of instruction.args) checkSecret('ARG', key, instruction, report);
      break;
    case 'expose':
      checkPorts(instruction, scope, reading, report);
      break;
    default:
  }
}

function checkWorkdir(
  instruction: Extract<Instruction, { is: 'workdir' | 'user' | 'maintainer' | 'stopsignal' }>,
  { values }: Scope,
  memory: Memory,
  reading: Reading,
  { say }: Report,
): void {
  const path = textOf(expanded(instruction.word, values, reading).text);
  if (!memory.hasWorkdir && !path.startsWith('/'))
    say(
      rules.workdirRelativePath,
      `Relative workdir ${JSON.stringify(path)} can have unexpected results if the base image changes`,
      instruction,
    );
  memory.hasWorkdir = true;
}

/** The one before is told of: it is the one that does nothing. */
function checkOnlyOne(
  instruction: CommandInstruction | HealthcheckInstruction,
  { last }: Memory,
  { say }: Report,
): void {
  const { command, position, comments, source } = instruction;
  const before = last.get(command);
  if (before)
    say(
      rules.multipleInstructionsDisallowed,
      `Multiple ${textOf(cut(source, '\\').first)} instructions should not be used in the same stage because only the last one will be used`,
      { position: before, comments },
    );
  last.set(command, position);
}

function checkForm(instruction: CommandInstruction, { hasShell }: Memory, { say }: Report): void {
  if (instruction.line.form === 'exec' || hasShell) return;
  const name = textOf(cut(instruction.source, '\\').first);
  say(
    rules.jsonArgsRecommended,
    `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`,
    instruction,
  );
}

function checkPairs(instruction: PairsInstruction, { escape: escapeChar }: Reading, report: Report): void {
  const { first, rest } = cut(instruction.source, escapeChar);
  if (!rawWords(rest, escapeChar)[0]?.includes('=')) {
    const name = textOf(first);
    report.say(
      rules.legacyKeyValueFormat,
      `"${name} key=value" should be used instead of legacy "${name} key value" format`,
      instruction,
    );
  }
  if (instruction.is !== 'env') return;
  for (const { key } of instruction.pairs) checkSecret('ENV', key, instruction, report);
}

const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

function checkSecret(command: 'ARG' | 'ENV', key: string, instruction: Instruction, { say }: Report): void {
  if (!SECRET.test(key) || HARMLESS.test(key)) return;
  say(
    rules.secretsUsedInArgOrEnv,
    `Do not use ARG or ENV instructions for sensitive data (${command} ${JSON.stringify(textOf(key))})`,
    instruction,
  );
}

function checkPorts(
  instruction: ExposeInstruction,
  { values }: Scope,
  reading: Reading,
  { say }: Report,
): void {
  const expansion = { ...reading, env: (name: string) => values.get(name) };
  for (const port of instruction.ports.flatMap((word) => expandWords(word, expansion)).map(textOf)) {
    const protocol = port.split('/')[1] ?? '';
    if (protocol !== protocol.toLowerCase())
      say(
        rules.exposeProtoCasing,
        `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
        instruction,
      );
    if (port.includes(':'))
      say(
        rules.exposeInvalidFormat,
        `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`,
        instruction,
      );
  }
}
