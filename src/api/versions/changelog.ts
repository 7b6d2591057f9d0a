/** The API's changelog for people, newest first, read off the steps. */
import type { FailureLens } from './failure.ts';
import type { Lens } from './lens.ts';
import type { Step } from './step.ts';
import { steps } from './steps.ts';
import type { Traits } from './traits.ts';

/** The whole changelog as Markdown. */
export const changelog = (): string => steps.toReversed().map(chapter).join('\n\n');

function chapter(step: Step): string {
  const lines = [
    ...routes('New', step.adds),
    ...routes('Gone', step.removes),
    ...told(step.requests, { adds: 'takes', removes: 'no longer takes' }),
    ...told(step.responses, { adds: 'tells', removes: 'no longer tells' }),
    ...told(step.messages, { adds: 'tells', removes: 'no longer tells' }),
    ...failures(step.failures ?? []),
    ...Object.keys(step.before ?? {}).map((trait) => `- ${MANNERS[trait as keyof Traits]}`),
  ];
  return [
    `## ${step.version}`,
    step.summary.trim(),
    ...(lines.length > 0 ? [[...new Set(lines)].join('\n')] : []),
  ].join('\n\n');
}

const routes = (what: string, names: readonly string[] | undefined): string[] =>
  names === undefined ? [] : [`- ${what}: ${names.map(code).join(', ')}`];

const code = (text: string): string => `\`${text}\``;

type Notes = Readonly<Record<string, readonly Pick<Lens, 'note'>[]>>;

/** One line a route. */
function told(side: Notes | undefined, verbs: Readonly<Record<'adds' | 'removes', string>>): string[] {
  return Object.entries(side ?? {})
    .map(([route, lenses]) => {
      const notes = lenses.map(({ note }) => note);
      const others = notes.filter((note) => !MEMBERS.test(note));
      const phrases = [
        ...(['adds', 'removes'] as const).map((verb) => listed(verbs[verb], notes, verb)),
        ...others.map(named),
      ];
      return `- ${code(route)}: ${phrases.filter(Boolean).join('; ')}`;
    })
    .filter((line) => !line.endsWith(': '));
}

const MEMBERS = /^(adds|removes) ([\w.[\]{}-]+(, [\w.[\]{}-]+)*)$/;

function listed(verb: string, notes: readonly string[], which: 'adds' | 'removes'): string {
  const names = notes.flatMap((note) => {
    const [, kind, members = ''] = MEMBERS.exec(note) ?? [];
    return kind === which ? members.split(', ') : [];
  });
  return names.length === 0 ? '' : `${verb} ${names.map(spoken).join(', ')}`;
}

/** `query.all` is the parameter `all`; a member of a body is called by its place there. */
function spoken(path: string): string {
  const [, place = 'body', rest = path] = /^(query|headers|body)(?:\[\])?\.?(.*)$/.exec(path) ?? [];
  if (rest === '') return 'a body';
  if (place === 'query') return `parameter ${code(rest)}`;
  return place === 'headers' ? `header ${code(rest)}` : code(rest);
}

/** The paths in a sentence, as they are spoken. */
const named = (note: string): string =>
  note.replace(/(?<![\w.])(?:query|headers|body)(?:\[\])?\.[\w.[\]{}-]*[\w}\]]/g, spoken);

function failures(lenses: readonly FailureLens[]): string[] {
  const worded = lenses.flatMap(({ note, codes = [] }) => (WORDED.test(note) ? codes : []));
  const others = [...new Set(lenses.map(({ note }) => note))].filter((note) => !WORDED.test(note));
  const names = [...new Set(worded)].sort().map(code);
  return [
    ...others.map((note) => `- Failures: ${note}`),
    ...(names.length > 0 ? [`- Failures in other words: ${names.join(', ')}`] : []),
  ];
}
const WORDED = / (is|was) worded differently$/;

/** What no document shows: what a version changed of how requests and answers are carried. */
const MANNERS: Readonly<Record<keyof Traits, string>> = {
  framing: 'Output without a terminal comes in frames, which keep the two streams apart.',
  framesAnnounced: 'Frames are announced by a content type of their own.',
  upgradeAnswered: 'A client that asks to upgrade is answered 101 before the connection becomes streams.',
  webSocketFrames: 'Output comes in binary messages of a WebSocket, no longer in texts.',
  errorBody: 'The body of a failure is JSON, no longer text.',
  progressAsText: 'Progress comes as JSON where it came as text.',
  progressUntold: 'Progress is told where the answer was empty.',
  outliveClient: 'What a client asked for ends when the client leaves, also where it went on before.',
  eventSeparator: 'A newline stands between two events.',
  eventType: 'Events say by their content type that they are lines.',
  logStamp: 'Times before log lines have nanoseconds.',
  booleans: 'Booleans in the query are read more leniently.',
  waitHeadAtOnce: 'The head of the answer to a wait comes at once.',
  waitSilentOnFailure: 'A wait tells when a removal failed.',
  startBody: 'A body of start is read in another way.',
  untyped: 'The content type of some bodies is looked at.',
  unreadable: 'A body that cannot be read is reported in other words.',
  unreadableIgnored: 'A commit whose body cannot be read is an error.',
  detachedStatus: 'A detached start of an exec is answered with another status.',
  networkRemovedStatus: 'The removal of a network is answered with another status.',
  versionTellsLimits: 'What limits there are is told by info, no longer by version.',
  execTellsContainer: 'An exec no longer tells its whole container.',
  saidAtCreate: 'Settings stand in HostConfig that were said at create before.',
  unknownAnchors: 'A list that begins or ends at a container that is not there is an error.',
  memoryBytesMin: 'The least memory that a container may have is another.',
  readOnlyIsFlat: 'A read-only mount is so for what is mounted below it too.',
  kernelMemory: 'Limits of the kernel’s own memory are not looked at any more.',
  logins: 'A login comes with each call; the engine keeps none.',
  imageGraph: 'Clients draw the graph of images themselves.',
  copyType: 'A copy out of a container has the content type of an archive.',
  networkLists: 'Lists of networks no longer tell the containers on each.',
  networkNames: 'Two networks cannot have one name.',
  networkSubnets: 'A subnet is told by its first address.',
  networkConnects: 'Containers join and leave networks also when they do not run.',
  unknownNetworks: 'A container that does not run joins and leaves networks that are not there.',
  removalGraceSeconds: 'A removal by force kills at once, or gives another time to end.',
  imageUsers: 'An image that a container uses is not removed.',
  tags: 'A tag moves to another image without force.',
  sharedNames: 'A name that is a container’s and an image’s is inspected as either, or refused.',
  paused: 'A paused container can be stopped and killed.',
  layers: 'The layers of a pull come side by side.',
  buildLogins: 'A build brings a login for each registry.',
  quietBuilds: 'A quiet build tells the id of its image and nothing else.',
  allowedHeaders: 'Pages of other origins may send more headers.',
  allowedMethods: 'Pages of other origins may use more methods.',
  buildBody: 'The body of a build is an archive, no longer a form.',
};
