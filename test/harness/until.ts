/** Waits for what comes in its own time. */
import assert from 'node:assert/strict';

/** Far longer than anything here takes, on any machine. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 20;

/** Looks again and again; gives what was wanted, and fails with what was seen last. */
export async function until<T>(
  look: () => T | Promise<T>,
  wanted: (seen: T) => boolean = Boolean,
): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await look();
    if (wanted(seen)) return seen;
    assert(Date.now() < deadline, `it never came to that: ${look}: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
