/** Booleans in texts, as programs of Go read them. */

/** Go's spellings of a boolean (`strconv.ParseBool`); undefined when it is none. */
export function readBoolean(text: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  if (/^(0|f|F|false|FALSE|False)$/.test(text)) return false;
  return undefined;
}
