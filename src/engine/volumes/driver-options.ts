/** Options of the local driver (`type`, `device`, `o`), read into what mount(2) takes. Pure; nothing goes to a shell. */
import { MS } from '../../linux/index.ts';
import { volumeFailure } from '../../model/failures/volume.ts';
import type { VolumeDevice } from '../../storage/index.ts';

type Options = Readonly<Record<string, string>>;

const KNOWN = ['type', 'device', 'o', 'size'];
/** mount(2) hands one page of options to the kernel, with an ending NUL. */
const DATA_BYTES_MAX = 4095;

/** mount(8)'s words for flags; a zero undoes nothing and means nothing. */
const FLAGS: Readonly<Record<string, number>> = {
  defaults: 0,
  rw: 0,
  ro: MS.RDONLY,
  suid: 0,
  nosuid: MS.NOSUID,
  dev: 0,
  nodev: MS.NODEV,
  exec: 0,
  noexec: MS.NOEXEC,
  async: 0,
  sync: MS.SYNCHRONOUS,
  dirsync: MS.DIRSYNC,
  atime: 0,
  noatime: MS.NOATIME,
  diratime: 0,
  nodiratime: MS.NODIRATIME,
  relatime: MS.RELATIME,
  norelatime: 0,
  strictatime: MS.STRICTATIME,
  nostrictatime: 0,
  bind: MS.BIND,
  rbind: MS.BIND | MS.REC,
};
const PROPAGATION: Readonly<Record<string, number>> = {
  private: MS.PRIVATE,
  rprivate: MS.PRIVATE | MS.REC,
  slave: MS.SLAVE,
  rslave: MS.SLAVE | MS.REC,
  shared: MS.SHARED,
  rshared: MS.SHARED | MS.REC,
  unbindable: MS.UNBINDABLE,
  runbindable: MS.UNBINDABLE | MS.REC,
};

const NFS =
  'addr|ac|noac|acdirmax|acdirmin|acregmax|acregmin|actimeo|bg|fg|bsize|clientaddr|cto|nocto|fsc|nofsc|hard|soft|softerr|softreval|intr|nointr|lock|nolock|local_lock|lookupcache|max_connect|migration|minorversion|mountaddr|mounthost|mountport|mountproto|mountvers|namlen|nconnect|nfsvers|vers|port|posix|proto|rdirplus|nordirplus|resvport|noresvport|retrans|retry|rsize|wsize|sec|sharecache|nosharecache|sloppy|tcp|udp|rdma|timeo|trunkdiscovery|notrunkdiscovery|write|xprtsec|acl|noacl';
const CIFS =
  'addr|ip|user|username|pass|password|dom|domain|workgroup|uid|gid|forceuid|noforceuid|forcegid|noforcegid|file_mode|dir_mode|port|netbiosname|servern|iocharset|vers|sec|seal|sign|guest|perm|noperm|cache|mfsymlinks|nobrl|brl|serverino|noserverino|mapchars|nomapchars|mapposix|posix|noposix|unix|nounix|rsize|wsize|bsize|actimeo|echo_interval|max_channels|multichannel|nomultichannel|nosharesock|persistenthandles|nopersistenthandles|resilienthandles|noresilienthandles|soft|hard|snapshot|unc|prefixpath|cruid|multiuser|cifsacl|nocase|ignorecase|credits|rasize|witness';
/** Words that a file system takes as its own options. Of others only the form is looked at: the kernel knows them. */
const WORDS: Readonly<Record<string, RegExp>> = {
  none: /^$/,
  bind: /^$/,
  tmpfs: /^(size|nr_blocks|nr_inodes|mode|uid|gid|huge|mpol|inode32|inode64|noswap)$/,
  nfs: new RegExp(`^(${NFS})$`),
  nfs4: new RegExp(`^(${NFS})$`),
  cifs: new RegExp(`^(${CIFS})$`),
  smb3: new RegExp(`^(${CIFS})$`),
};
const WORD = /^[a-zA-Z][a-zA-Z0-9_.-]*$/;

/** What a volume with these options mounts; undefined: a plain directory. @throws InvalidArgument in dockerd's words */
export function readDriverOptions(options: Options): VolumeDevice | undefined {
  for (const name of Object.keys(options))
    if (!KNOWN.includes(name)) throw volumeFailure.optionInvalid({ name });
  if (options.size !== undefined) checkSize(options.size);
  const needs = (name: string, other: string): void => {
    if (Object.hasOwn(options, name) && !Object.hasOwn(options, other))
      throw volumeFailure.optionMissing({ name: other });
  };
  needs('device', 'type');
  needs('type', 'device');
  needs('o', 'device');
  const { type = '', device = '', o = '' } = options;
  if (type === '' && device === '') return undefined;
  return readDevice(type, device, o);
}

function readDevice(type: string, source: string, words: string): VolumeDevice {
  if (!/^[a-z0-9][a-z0-9_.-]{0,31}$/.test(type)) throw volumeFailure.typeInvalid({ type });
  let [flags, propagation] = [0, 0];
  const data: string[] = [];
  for (const word of words.split(',').filter((each) => each !== '')) {
    if (Object.hasOwn(FLAGS, word)) flags |= FLAGS[word] ?? 0;
    else if (Object.hasOwn(PROPAGATION, word)) propagation |= PROPAGATION[word] ?? 0;
    else data.push(checkedWord(type, word));
  }
  const bind = (flags & MS.BIND) !== 0;
  if (bind && data.length > 0) throw volumeFailure.bindOptionInvalid({ option: String(data[0]) });
  checkText('device', source);
  if (bind && !source.startsWith('/')) throw volumeFailure.deviceRelative({ device: source });
  if (type === 'cifs' && /^\/\/[^/]*:\d+(\/|$)/.test(source)) throw volumeFailure.portInDevice();
  if (Buffer.byteLength(data.join(',')) > DATA_BYTES_MAX)
    throw volumeFailure.optionsTooLong({ most: DATA_BYTES_MAX });
  return { source, type, flags, propagation, data: data.join(',') };
}

function checkedWord(type: string, word: string): string {
  const [name = ''] = word.split('=', 1);
  checkText('o', word);
  const known = Object.hasOwn(WORDS, type) ? WORDS[type] : WORD;
  if (!known?.test(name)) throw volumeFailure.optionUnknown({ name, type });
  return word;
}

function checkText(name: string, text: string): void {
  for (const character of text)
    if (character < ' ' || character === '\x7f') throw volumeFailure.optionHasControl({ name });
}

/** Quotas need a file system with project quotas, which Gantry does not drive. */
function checkSize(text: string): void {
  const parts = /^(\d+(?:\.\d+)?) ?(?:[kKmMgGtTpP]?[iI]?[bB]?)$/.exec(text);
  if (!parts) throw volumeFailure.sizeInvalid({ size: text });
  if (Number(parts[1]) > 0) throw volumeFailure.noQuota();
}

/** A password must not come back in an error or a log. */
export const withoutPassword = (text: string): string =>
  text.replace(/\b(pass(?:word)?)=[^,]*/g, '$1=********');
