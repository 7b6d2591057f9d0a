/** One thing at a time, in order of arrival: a container's verbs never overlap. */
export class Mailbox {
  #tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything that was asked before it; its failure reaches only this caller. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#tail.then(work, work);
    this.#tail = mine.catch(() => undefined);
    return mine;
  }
}
