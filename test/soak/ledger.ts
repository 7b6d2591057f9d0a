/** What the soak has done and seen: operations by kind, and everything that was not as it has to be. */

/** A count of operations and a list of what was wrong. */
export class Ledger {
  readonly operations = new Map<string, number>();
  /** Statuses and exit codes that are not those that were to come, each with what was asked. */
  readonly wrongCodes: string[] = [];
  /** Streams that are not what was written. */
  readonly wrongStreams: string[] = [];
  lostBytes = 0;
  /** Bytes of streams that were compared. */
  readBytes = 0;
  /** Ids of all containers ever made. */
  readonly ids = new Set<string>();

  done(kind: string): void {
    this.operations.set(kind, (this.operations.get(kind) ?? 0) + 1);
  }

  get total(): number {
    return [...this.operations.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Compares what a stream has with what was written to it. */
  compare(what: string, want: string, have: string): void {
    this.readBytes += have.length;
    if (want === have) return;
    let at = 0;
    while (at < want.length && want[at] === have[at]) at++;
    this.lostBytes += Math.max(1, want.length - at);
    const [wanted, seen] = [want, have].map((text) => JSON.stringify(text.slice(at, at + 40)));
    this.wrongStreams.push(
      `${what}: ${have.length} bytes instead of ${want.length}, from ${at}: ${seen} instead of ${wanted}`,
    );
  }
}
