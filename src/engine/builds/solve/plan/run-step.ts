/** What a RUN runs, in BuildKit's manner: its words, its environment, how it is told. Pure. */
import { textOf } from '../../../../formats/byte-text.ts';
import type { RunInstruction } from '../../../../formats/dockerfile/instruction.ts';
import { shellOf } from '../../../images/instructions.ts';
import type { Expander } from '../../plan/expander.ts';
import { entryOf, pairsOf, type StageState, type Surroundings, shownLine } from './state.ts';

/** A command runs. */
export interface RunStep {
  readonly is: 'run';
  readonly instruction: RunInstruction;
  readonly words: readonly string[];
  readonly env: readonly string[];
  /** Given along, but no part of what the step is known by. */
  readonly proxies: readonly string[];
  readonly directory: string;
  /** As USER has it; empty: root. */
  readonly user: string;
  /** A here-document that is a program, by the path where it lies. */
  readonly script: { readonly path: string; readonly bytes: Buffer } | undefined;
  readonly expander: Expander;
  readonly line: string;
}

/** Where here-documents that are programs lie while they run. */
const SCRIPTS = '/dev/pipes/';

/** `state`: before it. */
export function planRun(
  state: StageState,
  instruction: RunInstruction,
  expander: Expander,
  around: Surroundings,
): { readonly after: StageState; readonly step: RunStep } {
  const { config, env } = state;
  const words = wordsOf(instruction, shellOf(config));
  const { line } = instruction;
  const told = ['RUN', ...argumentWords(state), ...words].join(' ');
  const step: RunStep = {
    is: 'run',
    instruction,
    words,
    env: pairsOf(env),
    proxies: proxiesOf(around.buildArgs),
    directory: config.WorkingDir || '/',
    user: config.User ?? '',
    script:
      line.form === 'script'
        ? { path: SCRIPTS + textOf(line.name), bytes: Buffer.from(line.text, 'latin1') }
        : undefined,
    expander,
    line: shownLine(instruction.source + summaryOf(instruction), state, around),
  };
  const history = [...state.history, entryOf(told, { layer: true, told: true }, around)];
  return { after: { ...state, history }, step };
}

function wordsOf({ line }: RunInstruction, shell: readonly string[]): string[] {
  if (line.form === 'script') return [...shell, SCRIPTS + textOf(line.name)];
  return line.form === 'exec' ? line.words.map(textOf) : [...shell, textOf(line.line)];
}

/** Arguments as history tells them before a command: with the values that the command finds. */
function argumentWords({ declared, env }: StageState): string[] {
  if (declared.length === 0) return [];
  const pairs = declared.map(({ name, value }) => `${name}=${env.get(name) ?? value ?? ''}`);
  return [`|${declared.length}`, ...pairs];
}

/** A here-document stands behind its line, with as much as goes on one. */
function summaryOf({ line, source }: RunInstruction): string {
  const isDocument =
    line.form === 'script' || (line.form === 'shell' && /^\S+\s+(?:--\S+\s+)*<<\S+$/.test(source));
  if (!isDocument) return '';
  const lines = (line.form === 'script' ? line.text : line.line).trim().split(/\r?\n/);
  return ` (${lines[0] ?? ''}${lines.length > 1 ? '...' : ''})`;
}

const PROXIES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'];

/** Whatever a proxy is called by the client, a command finds it in large and in small letters. */
function proxiesOf(buildArgs: ReadonlyMap<string, string>): string[] {
  const given = new Map([...buildArgs].map(([name, value]) => [name.toLowerCase(), value]));
  return PROXIES.flatMap((name) => {
    const value = given.get(name);
    return value ? [`${name.toUpperCase()}=${value}`, `${name}=${value}`] : [];
  });
}
