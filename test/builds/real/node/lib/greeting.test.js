import assert from 'node:assert/strict';
import { test } from 'node:test';
import { greeting } from './greeting.js';

test('nobody is the world', () => assert.match(greeting(''), /world/));
