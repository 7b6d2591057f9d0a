/** Cases that the engine must withstand, and the tests that show it: a test's name begins with the ids of its cases. */

/** One thing that is done to the engine. */
export interface Case {
  /** As `SC-IMG-01` (security) or `RC-K01` (reliability). */
  readonly id: string;
  /** In a few words. */
  readonly what: string;
  /** Why it cannot occur here, or cannot be shown by a test, where that is so. */
  readonly reason?: string;
}

/** A test with the cases that its name begins with. */
export interface CaseTest {
  /** From the project's root. */
  readonly file: string;
  readonly name: string;
  readonly ids: readonly string[];
}

/** How one such test ended. */
export interface CaseResult extends CaseTest {
  readonly result: 'pass' | 'fail' | 'skip';
  /** Why it was skipped. */
  readonly why?: string;
}

const ID = /(?:SC-[A-Z]+-\d\d|RC-[A-Z]\d\d)/;
const PREFIX = new RegExp(`^((?:${ID.source}, )*${ID.source}): `);
/** Where a string in a test's source begins with ids: the names of tests, whole or up to what is put into them. */
const IN_SOURCE = new RegExp(`(['"\`])((?:${ID.source}, )*${ID.source}: (?:(?!\\1)[^\\n])*)`, 'g');

/** The ids that a test's name begins with; none for most. */
export const idsOf = (name: string): readonly string[] => PREFIX.exec(name)?.[1]?.split(', ') ?? [];

/** Names in the source text of a test file that begin with ids. */
export function namedCases(file: string, source: string): readonly CaseTest[] {
  return [...source.matchAll(IN_SOURCE)].map(([, , name = '']) => ({ file, name, ids: idsOf(name) }));
}

/** A line of the table: a case, and how it stands. */
export interface Standing {
  readonly is: Case;
  readonly tests: readonly CaseResult[];
  /** `open`: neither a test nor a reason; `here not`: all its tests were skipped on this machine. */
  readonly verdict: 'holds' | 'fails' | 'reason' | 'here not' | 'open';
}

/** How each case stands after the tests that name it have run. */
export function standings(cases: readonly Case[], results: readonly CaseResult[]): readonly Standing[] {
  return cases.map((is) => {
    const tests = results.filter(({ ids }) => ids.includes(is.id));
    return { is, tests, verdict: verdictOf(is, tests) };
  });
}

function verdictOf({ reason }: Case, tests: readonly CaseResult[]): Standing['verdict'] {
  if (tests.some(({ result }) => result === 'fail')) return 'fails';
  if (tests.some(({ result }) => result === 'pass')) return 'holds';
  if (reason !== undefined) return 'reason';
  return tests.length > 0 ? 'here not' : 'open';
}
