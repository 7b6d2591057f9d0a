/** One message as syslog daemons read it (RFC 3164, RFC 5424, RFC 5425). Pure but for the local time zone. */

/** Empty: as local daemons read it. */
export type SyslogFormat = '' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';

/** Everything that stands in a message but its text. */
export interface Frame {
  readonly format: SyslogFormat;
  /** 0 to 23. */
  readonly facility: number;
  readonly hostname: string;
  readonly tag: string;
  readonly pid: number;
  /** RFC 5425: the length stands before each message. */
  readonly isCounted: boolean;
}

const SEVERITY = { stdout: 6, stderr: 3 } as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number): string => String(number).padStart(2, '0');

/** `Jan _2 15:04:05` in local time. */
function stampOf(time: Date): string {
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${MONTHS[time.getMonth()]} ${String(time.getDate()).padStart(2, ' ')} ${clock}`;
}

/** RFC 3339 in local time; `micros`: six digits behind the second, or none. */
function rfc3339Of(time: Date, micros: string): string {
  const minutes = -time.getTimezoneOffset();
  const away = Math.abs(minutes);
  const zone =
    minutes === 0 ? 'Z' : `${minutes < 0 ? '-' : '+'}${two(Math.floor(away / 60))}:${two(away % 60)}`;
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${day}T${clock}${micros}${zone}`;
}

/** The head of messages of one stream and time; the line and a newline follow. */
export function headOf(frame: Frame, stream: 'stdout' | 'stderr', at: bigint): string {
  const { format, hostname, tag, pid } = frame;
  const priority = frame.facility * 8 + SEVERITY[stream];
  const time = new Date(Number(at / 1_000_000n));
  switch (format) {
    case '':
      return `<${priority}>${stampOf(time)} ${tag}[${pid}]: `;
    case 'rfc3164':
      return `<${priority}>${stampOf(time)} ${hostname} ${tag}[${pid}]: `;
    case 'rfc5424':
      return `<${priority}>1 ${rfc3339Of(time, '')} ${hostname} ${tag} ${pid} ${tag} - `;
    case 'rfc5424micro': {
      const micros = String((at / 1000n) % 1_000_000n).padStart(6, '0');
      return `<${priority}>1 ${rfc3339Of(time, `.${micros}`)} ${hostname} ${tag} ${pid} ${tag} - `;
    }
    default:
      return format satisfies never;
  }
}

/** The whole message: the line ends with a newline also in a datagram, as dockerd sends it. */
export function messageOf(frame: Frame, head: string, line: Buffer): Buffer {
  const message = Buffer.concat([Buffer.from(head), line, Buffer.from('\n')]);
  const isFramed = frame.isCounted && frame.format.startsWith('rfc5424');
  return isFramed ? Buffer.concat([Buffer.from(`${message.length} `), message]) : message;
}
