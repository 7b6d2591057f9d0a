/** The times before log lines, as versions below 1.14 wrote them: `[Jan  2 15:04:05.000] line`. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const STAMP = /^\d{4}-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)\.(\d{3})\d*Z /gm;

/** Rewrites the stamp of each line of a chunk, which holds whole lines. Other bytes stay as they are. */
export function restamped(lines: Buffer): Buffer {
  const text = lines.toString('latin1');
  const older = text.replace(STAMP, (_all, month: string, day: string, clock: string, millis: string) => {
    const shown = day.replace(/^0/, ' ');
    return `[${MONTHS[Number(month) - 1]} ${shown} ${clock}.${millis}] `;
  });
  return Buffer.from(older, 'latin1');
}
