/** `gantry make-image`: a real base image from the host's own packages, for hosts that reach no image registry. */
import { Argument, Command } from 'commander';
import { Failed, InvalidArgument } from '../base/errors.ts';
import { connect } from './connect.ts';
import { type Rootfs, rootfsOf } from './rootfs.ts';

interface Flags {
  readonly host?: string;
  readonly suite?: string;
  readonly mirror?: string;
}

/** `NAME[:TAG]`; a colon before a slash is a port. */
function splitName(text: string): { repo: string; tag: string | undefined } {
  const parts = /^(.+?)(?::([\w][\w.-]{0,127}))?$/.exec(text);
  if (!parts?.[1] || parts[1].endsWith(':')) throw new InvalidArgument(`${text}: not NAME[:TAG]`);
  return { repo: parts[1], tag: parts[2] };
}

async function makeImage(kind: string, name: string | undefined, flags: Flags): Promise<void> {
  if (kind !== 'debian' && kind !== 'busybox')
    throw new InvalidArgument(`unknown kind of image ${kind} (know debian, busybox)`);
  const client = connect(flags.host);
  await client.version(); // before a minute's work: does anything answer?
  const rootfs = rootfsOf(kind, flags);
  const { repo, tag } = splitName(name ?? rootfs.name);
  const id = await importRootfs(client, rootfs, repo, tag ?? 'latest');
  process.stdout.write(`${repo}:${tag ?? 'latest'} is ${id}\n`);
}

async function importRootfs(client: ReturnType<typeof connect>, rootfs: Rootfs, repo: string, tag: string) {
  process.stderr.write(`${rootfs.doing}\n`);
  await using source = await rootfs.open();
  const query = { repo, tag, message: rootfs.message, changes: rootfs.changes };
  let last = '';
  for await (const { status } of client.importImage(source.archive, query, source.finished))
    last = status ?? last;
  if (!last.startsWith('sha256:')) throw new Failed(`the engine ended without an image's id: ${last}`);
  return last;
}

/** What it may be stands in the help, and is completed; what it may not be is told in our words. */
function kindArgument(): Argument {
  const kind = new Argument('<kind>', 'debian (by mmdebstrap) or busybox (from busybox-static)');
  kind.argChoices = ['debian', 'busybox'];
  return kind;
}

/** The command. */
export const makeImageCommand = (): Command =>
  new Command('make-image')
    .description('make a base image from Debian packages and import it into the running engine')
    .addArgument(kindArgument())
    .argument('[image]', "the image's NAME:TAG (default: debian:SUITE, busybox:latest)")
    .option('-H, --host <address>', 'the engine (default: $DOCKER_HOST, else the default socket)')
    .option('--suite <name>', "debian: the release (default: the host's own)")
    .option('--mirror <url>', "debian: where packages come from (default: the host's own sources)")
    .action(makeImage);
