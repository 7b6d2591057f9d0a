/** Devices of volumes (`type`, `device`, `o`): mounted with the first container that runs with them, gone with the last. */
import { getSystemErrorMessage } from 'node:util';
import { Failed } from '../../base/errors.ts';
import { Mailbox } from '../../base/mailbox.ts';
import { Slots } from '../../base/slots.ts';
import { SystemError } from '../../linux/index.ts';
import type { VolumeDevice, Volumes } from '../../storage/index.ts';
import { requireAnswers } from '../answers.ts';
import { readDriverOptions, withoutPassword } from './driver-options.ts';
import { withAddress } from './server-address.ts';

/** A server that is gone holds a thread of Node's pool until the kernel gives up: never all eight (bin/gantry). */
const MOUNTS_AT_ONCE = 4;

interface InUse {
  readonly users: Set<string>;
  /** Mounting and unmounting, one at a time. */
  readonly mailbox: Mailbox;
}

/** The volumes that are mounted, and by how many containers. */
export class MountedVolumes {
  readonly #store: Volumes;
  readonly #inUse = new Map<string, InUse>();
  readonly #mounting = new Slots(MOUNTS_AT_ONCE);

  constructor(store: Volumes) {
    this.#store = store;
  }

  /** Whether the volume mounts something, so that its directory alone says little. */
  hasDevice(name: string): boolean {
    return this.#deviceOf(name) !== undefined;
  }

  /** Nothing to do for a plain directory. @throws Failed in dockerd's words; then it is not mounted for `user` */
  async attach(name: string, user: string): Promise<void> {
    const device = this.#deviceOf(name);
    if (device === undefined) return;
    const inUse = this.#inUse.get(name) ?? { users: new Set<string>(), mailbox: new Mailbox() };
    this.#inUse.set(name, inUse);
    inUse.users.add(user);
    try {
      if (device.source.startsWith('/')) await requireAnswers([device.source]);
      await inUse.mailbox.run(async () => {
        const found = await withAddress(device);
        await this.#mounting.run(() => this.#store.attach(name, found));
      });
    } catch (error) {
      await this.detach(name, user);
      throw mountFailed(this.#store.pathOf(name), device, error);
    }
  }

  async detach(name: string, user: string): Promise<void> {
    const inUse = this.#inUse.get(name);
    if (!inUse?.users.delete(user)) return;
    await inUse.mailbox.run(async () => {
      if (inUse.users.size > 0) return;
      await this.#store.detach(name);
      if (inUse.users.size === 0) this.#inUse.delete(name);
    });
  }

  /** After a restart of the daemon: `user` runs, and has it mounted. */
  adopt(name: string, user: string): void {
    if (!this.hasDevice(name)) return;
    const inUse = this.#inUse.get(name) ?? { users: new Set<string>(), mailbox: new Mailbox() };
    inUse.users.add(user);
    this.#inUse.set(name, inUse);
  }

  /** After all were adopted: what a killed daemon left mounted for nobody goes. */
  async sweep(): Promise<void> {
    for (const name of this.#store.attached())
      if (!this.#inUse.has(name) && this.hasDevice(name)) await this.#store.detach(name);
  }

  #deviceOf(name: string): VolumeDevice | undefined {
    const options = this.#store.get(name)?.options;
    return options ? readDriverOptions(options) : undefined;
  }
}

function mountFailed(path: string, device: VolumeDevice, cause: unknown): Error {
  const why =
    cause instanceof SystemError ? getSystemErrorMessage(-cause.errno) : String((cause as Error).message);
  const data = device.data === '' ? '' : `, data: ${withoutPassword(device.data)}`;
  return new Failed(
    `error while mounting volume '${path}': failed to mount local volume: mount ${device.source}:${path}${data}: ${why}`,
    { cause },
  );
}
