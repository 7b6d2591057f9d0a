/** `docker build --call=subrequests.describe`: which questions there are. */
import { type Answers, answerOf, VERSION } from './answer.ts';
import { columns } from './columns.ts';

const FOR_BOTH = ['result.json', 'result.txt'];
const OF_OUTLINE = [{ name: 'target', description: 'The stage to build' }];

type Request = readonly [
  name: string,
  description: string,
  answers: readonly string[],
  options: object | null,
];

const requests: readonly Request[] = [
  ['frontend.lint', 'What is wrong with the Dockerfile', [...FOR_BOTH, 'result.statuscode'], null],
  ['frontend.outline', 'What the build of a target can be given', FOR_BOTH, OF_OUTLINE],
  ['frontend.targets', 'The stages that can be built', FOR_BOTH, null],
  ['frontend.subrequests.describe', 'The questions that there are', FOR_BOTH, null],
];

/** What the client is told. */
export function describeAnswer(): Answers {
  const value = requests.map(([name, description, answers, opts]) => ({
    name,
    version: VERSION,
    type: 'rpc',
    description,
    opts,
    inputs: null,
    metadata: answers.map((each) => ({ name: each, description: '' })),
    refs: null,
  }));
  const rows = requests.map(([name, description]) => [name.replace(/^frontend\./, ''), VERSION, description]);
  return answerOf(value, columns([['NAME', 'VERSION', 'DESCRIPTION'], ...rows], 1));
}
