/** How Dockerfiles are read: lines, continuations, comments, line ends, directives, limits. */
import { file } from '../../harness/layered.ts';
import type { BuildCase } from '../build-case.ts';

const refused = (name: string, dockerfile: string): BuildCase => ({ name, dockerfile, expect: 'refused' });

export const syntax: readonly BuildCase[] = [
  {
    name: 'continued lines, with comments and blank lines inside',
    dockerfile: `# a comment
FROM busybox

  # indented comment
RUN echo a \\
  # in between
     b \\

  && echo "c # no comment" \\
  # last
  && echo d
ENV a=1 \\
    b=2 \\
    # c=3
    d=4
`,
  },
  {
    name: 'line ends of Windows',
    dockerfile:
      '# escape=\\\r\nFROM busybox\r\nENV a=1 \\\r\n  b=2\r\nRUN echo x \\\r\n # c\r\n y\r\nLABEL l="z"\r\nCMD ["a"]\r\n',
  },
  { name: 'no line end at the end', dockerfile: 'FROM busybox\nLABEL a=1' },
  { name: 'a continuation at the end of the file', dockerfile: 'FROM busybox\nLABEL a=1 \\\n' },
  { name: 'a byte order mark', dockerfile: '\ufeffFROM busybox\nLABEL a=1\n' },
  {
    name: 'instructions in any case, with blanks and tabs before and behind',
    dockerfile: '\tfrom   busybox  \n  LaBeL a=1 \t\n\trun\techo  "x  y" \t \n  env\tb\t2 3\t\n',
  },
  {
    name: 'escape=`',
    dockerfile: `# escape=\`\nFROM busybox\nENV p=C:\\dir q=a\`\nb r="x\`"y" s=\`$p\nRUN echo a \`\n  b\nLABEL w=\${p} t=\\$p\nCOPY f \`\n /d/\n`,
    context: [file('f', 'f')],
  },
  {
    name: 'escape= after something else is a comment',
    dockerfile: 'FROM busybox\n# escape=`\nLABEL a=x\\\ny b=`\n',
  },
  refused('escape of a letter', '# escape=x\nFROM busybox\n'),
  refused('escape twice', '# escape=\\\n# escape=`\nFROM busybox\n'),
  {
    name: 'a directive that nobody knows is a comment, and ends them',
    dockerfile: '# unknown=1\n# escape=`\nFROM busybox\nLABEL a=`\n',
  },
  {
    name: 'a hundred instructions and long lines',
    dockerfile: `FROM scratch\nLABEL ${Array.from({ length: 400 }, (_, i) => `l${i}=${'v'.repeat(50)}`).join(' ')}\nENV long=${'y'.repeat(30_000)}\n`,
  },
  {
    name: 'a line that is continued a thousand times',
    dockerfile: `FROM scratch\nLABEL a="${'x\\\n'.repeat(1000)}"\n`,
  },
  {
    name: 'an unknown instruction',
    dockerfile: 'FROM busybox\nCOPPY a b\n',
    expect: {
      refused: [
        '400 dockerfile parse error line 2: unknown instruction: COPPY',
        '400 dockerfile parse error line 2: unknown instruction: COPPY (did you mean COPY?)',
      ],
    },
  },
  refused('an instruction of one letter', 'FROM busybox\nX\n'),
  refused('only comments', '# nothing\n\n'),
  refused('an empty file', ''),
  {
    name: 'a line of 70,000 characters',
    dockerfile: `FROM busybox\nLABEL a=${'x'.repeat(70_000)}\n`,
    expect: { alone: [/^Config.Labels.a = "x{70000}"$/], why: 'dockerd reads lines up to 65,535 bytes' },
  },
  {
    name: 'text of other scripts and bytes that are none, in every place',
    dockerfile: Buffer.from(
      'FROM busybox\nLABEL \xc3\xa9=\xe6\x97\xa5 b="\xf0\x9f\x98\x80"\nENV v=\xc3\xbc\nRUN echo $v \xc3\x9f > /\xc3\xa4\nCMD ["\xc3\xb6"]\nWORKDIR /\xe6\x9c\xac\nLABEL c=x\xa0y\n',
      'latin1',
    ),
  },
  {
    name: 'bytes that are no text in LABEL, ENV and RUN',
    dockerfile: Buffer.from('FROM busybox\nLABEL a=x\xffy\nENV b=\xfe\nRUN echo \xff > /f\n', 'latin1'),
  },
  refused('a wide blank separates words', 'FROM busybox\nLABEL d=\u3000z\n'),
  {
    name: 'marks of HTML and JSON in every place',
    dockerfile:
      'FROM busybox\nLABEL a="<b>&amp;\\u0041" c=\\u0042\nCMD ["<", "\\u0041\\n\\t\\/", "&"]\nENTRYPOINT echo <&>\n',
  },
  {
    name: 'a NUL and control characters',
    dockerfile: 'FROM busybox\nLABEL a="x\u0001y\u007fz" b=\u001b[1m\n',
  },
  {
    name: 'hashes that begin no comment',
    dockerfile: 'FROM busybox\nLABEL a=#x b="#" c=x#y\nCMD echo # not one\n#LABEL d=1\n',
  },
  {
    name: 'a continuation into what looks like a comment or an instruction',
    dockerfile: 'FROM busybox\nLABEL a=1 \\\nLABEL=2 \\\n#LABEL b=3\n c=4\n',
  },
  {
    name: 'backslashes with blanks behind them',
    dockerfile: 'FROM busybox\nLABEL a=1 \\  \n b=2 \\\t\n c=3\nRUN echo a\\ \n',
  },
];
