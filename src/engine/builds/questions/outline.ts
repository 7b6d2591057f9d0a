/** `docker build --call=outline`: what the build of a target can be given: arguments, secrets, agents. */
import { posix } from 'node:path';
import { textOf } from '../../../formats/byte-text.ts';
import type {
  ArgInstruction,
  Dockerfile,
  Instruction,
  Position,
  Stage,
} from '../../../formats/dockerfile/instruction.ts';
import { type Mount, mountOf } from '../../../formats/dockerfile/mount.ts';
import type { ByteText } from '../../../formats/tar/entry.ts';
import type { SourceFile } from '../../../model/build-event.ts';
import { expanded, type Reading, type Scope } from '../lint/scope.ts';
import { type Asked, places, readingOf, type StageEnd, startOf } from '../lint/walk.ts';
import type { BuildPlan } from '../plan/stages.ts';
import { type Answers, answerOf, descriptionOf, locationOf } from './answer.ts';
import { columns } from './columns.ts';

/** Something that a build can be given. */
interface Wish {
  readonly name: string;
  readonly description?: string;
  readonly value?: string;
  readonly required?: true;
  readonly position: Position;
}

/** By name. */
interface Outline {
  readonly args: Map<string, Wish>;
  readonly secrets: Map<string, Wish>;
  readonly ssh: Map<string, Wish>;
}

/** What the client is told. @throws InvalidArgument with a word that cannot be expanded */
export function outlineAnswer(
  dockerfile: Dockerfile,
  plan: BuildPlan,
  asked: Asked,
  file: SourceFile,
): Answers {
  const target = dockerfile.stages[plan.target]!;
  const outline = collected(dockerfile, plan, asked);
  const [args, secrets, ssh] = [inOrder(outline.args), inOrder(outline.secrets), inOrder(outline.ssh)];
  const head = {
    ...(target.name === undefined ? {} : { name: target.name }),
    ...descriptionOf(target.name ?? '', target.from.comments.map(textOf)),
  };
  const value = {
    ...head,
    ...(args.length > 0 ? { args: args.map(documentOf) } : {}),
    ...(secrets.length > 0 ? { secrets: secrets.map(documentOf) } : {}),
    ...(ssh.length > 0 ? { ssh: ssh.map(documentOf) } : {}),
    sources: [file.bytes.toString('base64')],
  };
  return answerOf(value, text(head, args, secrets, ssh));
}

const inOrder = (all: ReadonlyMap<string, Wish>): Wish[] =>
  [...all.values()].sort((a, b) => a.position.line - b.position.line);

const documentOf = ({ position, ...said }: Wish): object => ({ ...said, location: locationOf(position) });

function text(
  { name, description }: { readonly name?: string; readonly description?: string },
  args: readonly Wish[],
  secrets: readonly Wish[],
  ssh: readonly Wish[],
): string {
  const head = [
    ['TARGET:', name ?? '(default)'],
    ...(description === undefined ? [] : [['DESCRIPTION:', description]]),
  ];
  const lent = (all: readonly Wish[]) => all.map((each) => [each.name, each.required ? 'true' : '']);
  const tables = [
    ...(name === undefined && description === undefined ? [] : [columns(head, 1)]),
    ...titled(
      ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
      args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
    ),
    ...titled(['SECRET', 'REQUIRED'], lent(secrets)),
    ...titled(['SSH', 'REQUIRED'], lent(ssh)),
  ];
  return tables.map((table) => `${table}\n`).join('');
}

const titled = (title: readonly string[], rows: readonly string[][]): string[] =>
  rows.length === 0 ? [] : [columns([title, ...rows], 3)];

/** Of the target and of those that it needs; what the later one says counts. */
function collected(dockerfile: Dockerfile, { needed }: BuildPlan, asked: Asked): Outline {
  const reading = readingOf(dockerfile, asked);
  const ended = new Map<string, StageEnd>();
  const outlines: Outline[] = [];
  for (const stage of dockerfile.stages.filter(({ index }) => needed.has(index))) {
    const { outline, scope } = ofStage(stage, ended, dockerfile.metaArgs, reading);
    outlines.push(outline);
    if (stage.name !== undefined) ended.set(stage.name, { index: stage.index, scope });
  }
  const merged = (key: keyof Outline) => new Map(outlines.flatMap((each) => [...each[key]]));
  return { args: merged('args'), secrets: merged('secrets'), ssh: merged('ssh') };
}

function ofStage(
  stage: Stage,
  ended: ReadonlyMap<string, StageEnd>,
  metaArgs: readonly ArgInstruction[],
  reading: Reading,
): { outline: Outline; scope: Scope } {
  const outline: Outline = { args: new Map(), secrets: new Map(), ssh: new Map() };
  for (const name of namesInFrom(stage, reading)) addGlobal(name, metaArgs, reading, outline);
  const going = places(startOf(stage, ended, undefined, reading), reading);
  let step = going.next();
  for (; !step.done; step = going.next()) {
    const { instruction, scope } = step.value;
    if (instruction.is === 'arg') addArguments(instruction, scope, metaArgs, reading, outline);
    if (instruction.is === 'run') addLent(instruction, scope, reading, outline);
  }
  return { outline, scope: step.value };
}

const namesInFrom = ({ base, platform = '' }: Stage, reading: Reading): Set<ByteText> =>
  new Set([base, platform].flatMap((word) => [...expanded(word, reading.global, reading).found]));

/** One that was declared before the first FROM, and those that its default is made of. */
function addGlobal(
  name: ByteText,
  metaArgs: readonly ArgInstruction[],
  reading: Reading,
  outline: Outline,
  seen = new Set<ByteText>(),
): void {
  const found = metaArgs.findLast(({ args }) => args.some(({ key }) => key === name));
  if (!found || seen.has(name)) return;
  seen.add(name);
  add(name, reading.global.get(name), found, outline);
  const { value } = found.args.findLast(({ key }) => key === name)!;
  if (value === undefined || reading.given.has(name)) return;
  for (const used of expanded(value, reading.global, reading).found)
    addGlobal(used, metaArgs, reading, outline, seen);
}

function addArguments(
  instruction: ArgInstruction,
  { values }: Scope,
  metaArgs: readonly ArgInstruction[],
  reading: Reading,
  outline: Outline,
): void {
  for (const { key, value } of instruction.args) {
    const given = reading.given.get(key);
    // Without a value of its own it is the global one.
    if (given === undefined && value === undefined && reading.global.has(key))
      addGlobal(key, metaArgs, reading, outline);
    else add(key, given ?? (value && expanded(value, values, reading).text), instruction, outline);
  }
}

function add(
  key: ByteText,
  value: ByteText | undefined,
  { comments, position }: ArgInstruction,
  { args }: Outline,
): void {
  const name = textOf(key);
  args.set(name, {
    name,
    ...descriptionOf(name, comments.map(textOf)),
    ...(value ? { value: textOf(value) } : {}),
    position,
  });
}

function addLent(
  { mounts, position }: Extract<Instruction, { is: 'run' }>,
  { values }: Scope,
  reading: Reading,
  outline: Outline,
): void {
  for (const said of mounts) {
    const mount = mountOf(said, (word) => expanded(word, values, reading).text);
    if (mount.type !== 'secret' && mount.type !== 'ssh') continue;
    const name = textOf(nameOf(mount));
    const all = mount.type === 'ssh' ? outline.ssh : outline.secrets;
    if (all.has(name)) continue;
    all.set(name, { name, ...(mount.required ? { required: true } : {}), position });
  }
}

const nameOf = ({ type, id, source, target = '' }: Mount): ByteText =>
  (source || id) ?? (type === 'ssh' ? 'default' : posix.basename(target));
