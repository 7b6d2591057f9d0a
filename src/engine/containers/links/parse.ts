/** One of `HostConfig.Links`, taken apart. Pure. */
import { settingFailure } from '../../../model/failures/setting.ts';

/** What a client asked for: a container by its name or id, and what the linking container calls it. */
export interface AskedLink {
  readonly name: string;
  readonly alias: string;
}

/** It becomes a name in /etc/hosts, the last part of a container's name, and the start of variables' names. */
const ALIAS = /^[a-zA-Z0-9_.-]{1,253}$/;

/**
 * Reads `name`, `name:alias` or `/name:/me/alias`, as inspect shows it: of an alias with slashes only the last part
 * counts. What could not stand in /etc/hosts is refused, where the first engine wrote it there. @throws InvalidArgument
 */
export function parseLink(text: string): AskedLink {
  if (text === '') throw settingFailure.linkEmpty();
  const [said = '', called = said, ...more] = text.split(':');
  const name = said.replace(/^\//, '');
  const alias = called.slice(called.lastIndexOf('/') + 1);
  if (more.length > 0 || name === '' || !ALIAS.test(alias) || /^\.+$/.test(alias))
    throw settingFailure.linkInvalid({ text });
  return { name, alias };
}
