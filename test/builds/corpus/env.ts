/** ENV: its two forms, blanks and quotes, what is put in, and when. */
import type { BuildCase } from '../build-case.ts';

export const env: readonly BuildCase[] = [
  {
    name: 'ENV: both forms, with blanks and quotes',
    dockerfile: `FROM scratch
ENV a b c   d
ENV b=1 c="two words" d='single $a' e=esc\\ aped f=
ENV	tab	separated value  
ENV g="a\\"b" h='a"b' i=\\"quoted\\" j=a"b"c
ENV k="" l='' m=x=y=z
ENV quoted "kept as it is" 'too'
`,
  },
  {
    name: 'ENV: values of one line are those before the line',
    dockerfile: `FROM scratch
ENV a=1
ENV a=2 b=$a c=\${a}x
ENV a=3
ENV d=$a e=$nothing f=\\$a g='$a' h="$a" i=\\\\$a
`,
  },
  {
    name: 'ENV: a name keeps its place, another case is another name',
    dockerfile: 'FROM busybox\nENV x=1\nENV y=2\nENV x=3 X=4\nENV PATH=/only:$PATH\n',
  },
  {
    name: 'ENV: the family of substitutions that the classic builder knows',
    dockerfile: `FROM scratch
ENV set=value empty=
ENV a=\${set:-other} b=\${unset:-other} c=\${empty:-other}
ENV d=\${set:+other} e=\${unset:+other} f=\${empty:+other}
ENV g=\${unset:-\${set}} i="\${unset:-a b}" j=\${unset:-$set$set}
ENV k=\${unset:-} l=x\${set}y m=$set.$set n=$setx o=\${unset:-\\}}
`,
  },
  {
    name: 'ENV: names of one digit, specials and dollars',
    dockerfile: `FROM scratch
ENV a=$1x b=$ c=x$ d=$$ e=$@ f=\${1} g=$-x h=$10 i="$" j=$.x
`,
  },
  { name: 'ENV without anything', dockerfile: 'FROM scratch\nENV\n', expect: 'refused' },
  {
    name: 'ENV with a name alone',
    dockerfile: 'FROM scratch\nENV a\n',
    expect: {
      refused: [
        '400 failed to parse Dockerfile: ENV must have two arguments',
        '400 failed to parse Dockerfile: ENV must have two arguments: ENV name=value',
      ],
    },
  },
  { name: 'ENV with a word that has no sign', dockerfile: 'FROM scratch\nENV a=b c\n', expect: 'refused' },
  { name: 'ENV with no name', dockerfile: 'FROM scratch\nENV =b\n', expect: 'refused' },
  {
    name: 'ENV with a brace that stays open',
    dockerfile: `FROM scratch\nENV a=\${b\n`,
    expect: {
      refused: [
        ` failed to process "\${b": missing ':' in substitution`,
        ` failed to process "\${b": syntax error: missing '}'`,
      ],
    },
  },
  {
    name: 'ENV with a modifier that nobody knows',
    dockerfile: `FROM scratch\nENV a=\${b:x}\n`,
    expect: {
      refused: [
        ` failed to process "\${b:x}": unsupported modifier (x) in substitution`,
        ` failed to process "\${b:x}": unsupported modifier (:x) in substitution`,
      ],
    },
  },
  { name: 'ENV with a quote that stays open', dockerfile: 'FROM scratch\nENV a="b\n', expect: 'refused' },
  {
    name: 'ENV is what a command sees',
    dockerfile: 'FROM busybox\nENV a=1 b="x y" PS1=\nRUN env | grep -v ^HOSTNAME | sort\n',
  },
];
