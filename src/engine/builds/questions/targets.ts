/** `docker build --call=targets`: the stages that can be built. */
import { textOf } from '../../../formats/byte-text.ts';
import type { Dockerfile, Stage } from '../../../formats/dockerfile/instruction.ts';
import type { SourceFile } from '../../../model/build-event.ts';
import { type Answers, answerOf, descriptionOf, locationOf } from './answer.ts';
import { columns } from './columns.ts';

/** What the client is told. */
export function targetsAnswer({ stages }: Dockerfile, { bytes }: SourceFile): Answers {
  const last = stages.length - 1;
  const rows = stages.map((stage) => [shownName(stage, last), describedBy(stage).description ?? '']);
  return answerOf(
    { targets: stages.map((stage) => documentOf(stage, last)), sources: [bytes.toString('base64')] },
    columns([['TARGET', 'DESCRIPTION'], ...rows], 1),
  );
}

const describedBy = ({ name = '', from }: Stage) => descriptionOf(name, from.comments.map(textOf));

function documentOf(stage: Stage, last: number): object {
  const { index, name, base, platform, from } = stage;
  return {
    ...(name === undefined ? {} : { name }),
    ...(index === last ? { default: true } : {}),
    ...describedBy(stage),
    base: textOf(base),
    ...(platform === undefined ? {} : { platform: textOf(platform) }),
    location: locationOf(from.position),
  };
}

const shownName = ({ name = '', index }: Stage, last: number): string =>
  index === last ? `${name} (default)`.trimStart() : name;
