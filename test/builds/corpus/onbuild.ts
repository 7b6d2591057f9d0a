/** ONBUILD: what a base leaves to be done, once, and in its order. */
import { file } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

export const onbuild: readonly BuildCase[] = [
  {
    name: 'ONBUILD: kept as it was written, of every kind',
    dockerfile: `FROM busybox
ONBUILD RUN   echo "$x"  &&  true
ONBUILD COPY --chown=1:2 a b /x/
ONBUILD env a=$b
onbuild ADD ["a", "b"]
ONBUILD CMD ["x"]
ONBUILD RUN a \\
   b
LABEL x=1
`,
  },
  {
    name: 'ONBUILD: triggers are carried out before the first instruction, and are gone',
    dockerfile: 'FROM trigger-base\nLABEL after=$seen\n',
    bases: {
      'trigger-base':
        'FROM busybox\nENV a=base\nONBUILD ENV seen=$a\nONBUILD COPY f /f\nONBUILD RUN cat /f > /g\nONBUILD WORKDIR /w\nONBUILD LABEL l="$seen"\n',
    },
    context: [file('f', 'from the context')],
  },
  {
    name: 'ONBUILD: a chain of three images, each with triggers of its own',
    dockerfile: 'FROM chain-2\nLABEL third=1\n',
    bases: {
      'chain-1': 'FROM busybox\nONBUILD ENV one=1\nONBUILD LABEL l1=$one\n',
      'chain-2': 'FROM chain-1\nONBUILD ENV two=2$one\nONBUILD LABEL l2=$two\nLABEL here=x$one\n',
    },
  },
  {
    name: 'ONBUILD in a base of one stage, with another stage after it',
    dockerfile: 'FROM stage-trigger AS a\nRUN echo more >> /made\nFROM busybox\nCOPY --from=a /made /m\n',
    bases: { 'stage-trigger': 'FROM busybox\nONBUILD RUN echo made > /made\n' },
  },
  {
    name: 'ONBUILD: arguments are known from the trigger on',
    dockerfile: 'FROM arg-trigger\nLABEL b=x$a\n',
    bases: { 'arg-trigger': 'FROM busybox\nONBUILD ARG a=1\nONBUILD LABEL a=$a\n' },
    query: { buildargs: '{"a":"given"}' },
  },
  {
    name: 'ONBUILD with a command and an entry point',
    dockerfile: 'FROM cmd-trigger\nENTRYPOINT ["e"]\n',
    bases: { 'cmd-trigger': 'FROM busybox\nONBUILD CMD ["from", "trigger"]\nONBUILD USER 5\n' },
  },
  {
    name: 'ONBUILD of a stage is carried out in a stage on it',
    dockerfile: 'FROM busybox AS a\nONBUILD LABEL x=1\nFROM a\nLABEL y=2\n',
  },
  { name: 'ONBUILD ONBUILD', dockerfile: 'FROM busybox\nONBUILD ONBUILD RUN x\n', expect: 'refused' },
  { name: 'ONBUILD FROM', dockerfile: 'FROM busybox\nONBUILD FROM x\n', expect: 'refused' },
  { name: 'ONBUILD MAINTAINER', dockerfile: 'FROM busybox\nONBUILD MAINTAINER x\n', expect: 'refused' },
  { name: 'ONBUILD of nothing', dockerfile: 'FROM busybox\nONBUILD\n', expect: 'refused' },
  {
    name: 'ONBUILD of what is no instruction fails in the child',
    dockerfile: 'FROM nonsense-trigger\n',
    bases: { 'nonsense-trigger': 'FROM busybox\nONBUILD NOSUCH thing\n' },
    expect: 'refused',
  },
  {
    name: 'ONBUILD: a trigger that fails',
    dockerfile: 'FROM failing-trigger\n',
    bases: { 'failing-trigger': 'FROM busybox\nONBUILD RUN exit 4\n' },
    expect: 'refused',
  },
  {
    name: 'ONBUILD: a file that the context lacks',
    dockerfile: 'FROM lacking-trigger\n',
    bases: { 'lacking-trigger': 'FROM busybox\nONBUILD ADD nothing /\n' },
    expect: 'refused',
  },
  {
    name: 'FROM alone, of a base with a trigger',
    dockerfile: 'FROM alone-trigger\n',
    bases: { 'alone-trigger': 'FROM busybox\nONBUILD LABEL a=1\n' },
  },
];
