/** Signals by name and number, as clients write them. Pure. */
import { settingFailure } from '../../model/failures/setting.ts';
import { signalNumber } from '../../runtime/index.ts';

export const SIGKILL = 9;
export const SIGTERM = 15;
/** The kernel's last real-time signal. */
const SIGNAL_MAX = 64;

/** A name with or without SIG, or a number; `absent` for none. @throws InvalidArgument */
export function parseSignal(text: string | undefined, absent: number): number {
  if (text === undefined || text === '') return absent;
  const number = /^\d+$/.test(text) ? Number(text) : signalNumber(text);
  if (number === undefined || number < 1) throw settingFailure.signalInvalid({ signal: text });
  if (number > SIGNAL_MAX) throw settingFailure.signalUnsupported({ signal: number });
  return number;
}
