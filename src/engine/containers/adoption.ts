/** What a daemon that has just begun still has to do for one container. */
import type { Mailbox } from '../../base/mailbox.ts';

/** Does it. May give what still has to be waited for when the container's mailbox is open. */
export type AdoptionWork = () => Promise<(() => Promise<void>) | undefined>;

/**
 * Begun by the first who asks for it: a verb on the container, or the daemon when its turn comes. What waits in the
 * container's mailbox runs after it.
 */
export class Adoption {
  /** It has ended, or removes itself: until this is done, what memory says of it may be false. */
  ended: boolean;
  readonly #work: AdoptionWork;
  readonly #tried = Promise.withResolvers<void>();
  #done: Promise<void> | undefined;

  constructor(mailbox: Mailbox, work: AdoptionWork, { ended }: { readonly ended: boolean }) {
    this.ended = ended;
    this.#work = work;
    void mailbox.run(() => this.#tried.promise);
  }

  /** Resolves when it is done. @throws what the work throws; whoever asks next has it tried again */
  begin(): Promise<void> {
    this.#done ??= this.#try();
    return this.#done;
  }

  async #try(): Promise<void> {
    let rest: (() => Promise<void>) | undefined;
    try {
      rest = await this.#work();
    } catch (error) {
      this.#done = undefined;
      throw error;
    } finally {
      this.#tried.resolve();
    }
    await rest?.();
  }
}
