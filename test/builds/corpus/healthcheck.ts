/** HEALTHCHECK: its forms, times, and what it takes the place of. */
import type { BuildCase } from '../build-case.ts';

const refused = (name: string, line: string, words?: readonly [string, string]): BuildCase => ({
  name,
  dockerfile: `FROM busybox\nHEALTHCHECK ${line}\n`,
  expect: words ? { refused: words } : 'refused',
});

export const healthcheck: readonly BuildCase[] = [
  {
    name: 'HEALTHCHECK: both forms and all times',
    dockerfile: `FROM busybox
HEALTHCHECK --interval=5s --timeout=1m30s --start-period=250ms --retries=4 CMD test -e "$HOME"  x
HEALTHCHECK CMD ["a", "b c"]
HEALTHCHECK --retries=1 cmd true
HEALTHCHECK --interval=1h2m3.5s \\
  --timeout=1.5s CMD x
`,
  },
  {
    name: 'HEALTHCHECK with an interval of nothing',
    dockerfile: 'FROM busybox\nHEALTHCHECK --interval=0s CMD x\n',
    expect: { alone: ['Config.Healthcheck.Test.1 = "x"'], why: 'BuildKit takes it for none' },
  },
  {
    name: 'HEALTHCHECK without a single try',
    dockerfile: 'FROM busybox\nHEALTHCHECK --retries=0 CMD x\n',
    expect: { alone: ['Config.Healthcheck.Test.1 = "x"'], why: 'BuildKit takes it for none' },
  },
  {
    name: 'HEALTHCHECK NONE of a base’s',
    dockerfile: 'FROM health-base\nHEALTHCHECK NONE\n',
    bases: { 'health-base': 'FROM busybox\nHEALTHCHECK --interval=9s CMD x\n' },
  },
  {
    name: 'HEALTHCHECK in place of a base’s, without its times',
    dockerfile: 'FROM health-base2\nHEALTHCHECK CMD y\nRUN true\n',
    bases: { 'health-base2': 'FROM busybox\nHEALTHCHECK --interval=9s CMD x\n' },
  },
  refused('HEALTHCHECK without anything', ''),
  refused('HEALTHCHECK of a kind that nobody knows', 'PING x'),
  refused('HEALTHCHECK NONE with more', 'NONE x'),
  refused('HEALTHCHECK CMD without a command', 'CMD'),
  refused('HEALTHCHECK with a time below a millisecond', '--interval=1us CMD x'),
  refused('HEALTHCHECK with a time that is none', '--interval=soon CMD x', [
    '400 dockerfile parse error line 2: time: invalid duration "soon"',
    '400 dockerfile parse error line 2: time: invalid duration "soon": --interval is written as 30s or 1m30s',
  ]),
  refused('HEALTHCHECK with a negative time', '--timeout=-1s CMD x', [
    '400 dockerfile parse error line 2: Interval "timeout" cannot be less than 1ms',
    '400 dockerfile parse error line 2: time: invalid duration "-1s": --timeout is written as 30s or 1m30s',
  ]),
  refused('HEALTHCHECK with negative tries', '--retries=-1 CMD x'),
  refused('HEALTHCHECK with tries that are no number', '--retries=x CMD x', [
    '400 dockerfile parse error line 2: strconv.ParseInt: parsing "x": invalid syntax',
    '400 dockerfile parse error line 2: strconv.ParseInt: parsing "x": invalid syntax: --retries is a number',
  ]),
];
