/** Images that builds are working with: nobody may remove them meanwhile. */

import type { ImageUser } from '../../images/deps.ts';

/** Counts who holds what. */
export class HeldImages {
  readonly #held = new Map<string, number>();

  isHeld(id: string): boolean {
    return this.#held.has(id);
  }

  /** A build, told as a container that runs: by that name nobody finds one. */
  users(id: string): readonly ImageUser[] {
    return this.isHeld(id) ? [{ containerId: 'of a build', running: true }] : [];
  }

  /** Until `scope` ends. */
  hold(id: string, scope: AsyncDisposableStack): void {
    if (id === '') return;
    this.#count(id, 1);
    scope.defer(() => this.#count(id, -1));
  }

  #count(id: string, by: number): void {
    const now = (this.#held.get(id) ?? 0) + by;
    if (now > 0) this.#held.set(id, now);
    else this.#held.delete(id);
  }
}
