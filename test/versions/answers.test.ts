/**
 * What an engine answers is what its own document of that version says: status, content type, every member, and no
 * member more; in every version.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { NEWEST } from '../../src/api/contract/index.ts';
import { startGantry } from '../harness/gantry.ts';
import { Document } from './document.ts';
import { go, prepare } from './round.ts';

const gantry = await startGantry({ after });
const execId = await prepare(gantry.api());
const newestMinor = Number(NEWEST.slice(2));

for (let minor = 0; minor <= newestMinor; minor++)
  test(`what is answered at 1.${minor} is what the document of that version says`, async () => {
    const document = new Document(await gantry.api(`1.${minor}`).get('/openapi.json'));
    assert.deepEqual((await go({ gantry, minor, document, execId })).faults, []);
  });
