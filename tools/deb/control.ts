/** The texts that tell dpkg of the package: control, copyright, the Debian changelog. Pure. */

const MAINTAINER = 'Gantry maintainers <maintainers@gantry.invalid>';

/** Debian's name of this machine's architecture, by Node's. */
export const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** As tools/setup.sh installs: what the engine cannot do without, and what single deeds of it want. */
const RELATIONS = {
  'Pre-Depends': 'init-system-helpers (>= 1.54~)',
  Depends: [
    'bzip2',
    'ca-certificates',
    'crun | runc',
    'kmod',
    // What the Node.js and the library of system calls are linked with.
    'libc6 (>= 2.28)',
    'libgcc-s1',
    'libstdc++6 (>= 9)',
    'passwd',
    'xz-utils',
  ].join(', '),
  Recommends: 'git, tini',
  Suggests: 'busybox-static, docker-cli | docker.io, mmdebstrap',
};

const DESCRIPTION = `container engine that serves every version of the Docker Remote API
 One daemon serves the Docker Remote API from its first version to the newest,
 so that clients of every age work with it: the docker command line, Compose,
 Testcontainers, libraries.
 .
 Containers do not depend on the daemon: they run on while it is restarted,
 upgraded or has crashed.
 .
 Removing this package stops all containers. Images, containers and volumes
 stay in /var/lib/gantry, also when it is purged.`;

/** DEBIAN/control. */
export function controlOf(version: string, architecture: string, installedKib: number): string {
  const fields = {
    Package: 'gantry',
    Version: version,
    Architecture: architecture,
    Maintainer: MAINTAINER,
    'Installed-Size': `${installedKib}`,
    ...RELATIONS,
    Section: 'admin',
    Priority: 'optional',
    Description: DESCRIPTION,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');
}

/** One part that others made, with the text its licence wants to be kept. */
export interface Part {
  readonly name: string;
  readonly version: string;
  readonly text: string;
}

/** Text as a paragraph of a copyright file. */
const indented = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line.trimEnd()}`))
    .join('\n');

/** The copyright file: our own licence by reference, others' as they stand. */
export function copyrightOf(notice: string, parts: readonly Part[]): string {
  const own = `Gantry is licensed under the Apache License, Version 2.0. On Debian systems its text is in
/usr/share/common-licenses/Apache-2.0.

${notice.trim()}

Parts of this package that others made, each under the licence that follows its name:
`;
  return own + parts.map(({ name, version, text }) => `\n${name} ${version}\n\n${indented(text)}\n`).join('');
}

/** The changelog of the packaging: one entry, as of this package. */
export function debianChangelogOf(version: string, date: Date): string {
  const rfc5322 = date.toUTCString().replace('GMT', '+0000');
  return `gantry (${version}) unstable; urgency=medium

  * Made from the sources of that version: its changes are in changelog.gz.

 -- ${MAINTAINER}  ${rfc5322}
`;
}
