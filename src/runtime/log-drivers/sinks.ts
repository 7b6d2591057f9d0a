/** Every kind of target that the log driver thread ships to. */
import { gelfChannel, gelfWording } from './gelf.ts';
import { journaldChannel, journaldWording } from './journald.ts';
import { JsonFile } from './json-file.ts';
import { Messages } from './messages.ts';
import type { OpenSink } from './protocol.ts';
import { syslogChannel, syslogWording } from './syslog.ts';

/** The way to any target. */
export const openSink: OpenSink = (target, deps) => {
  switch (target.is) {
    case 'json-file':
      return new JsonFile(target, deps);
    case 'syslog':
      return new Messages(syslogWording(target), syslogChannel(target), deps.warn);
    case 'journald':
      return new Messages(journaldWording(target), journaldChannel(target), deps.warn);
    case 'gelf':
      return new Messages(gelfWording(target), gelfChannel(target), deps.warn);
    default:
      return target satisfies never;
  }
};
