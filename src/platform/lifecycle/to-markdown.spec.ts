import { describe, expect, it } from '@jest/globals';
import { defineLifecycle } from './define-lifecycle.js';
import { toMarkdown } from './to-markdown.js';

const door = defineLifecycle({
  aggregate: 'door',
  stored: { table: 'door', column: 'position' },
  states: {
    open: { meaning: 'Anybody may walk through.' },
    walled_up: { meaning: 'It is a wall now.', terminal: true },
  },
  transitions: {
    build: { from: [null], to: 'open', emits: 'door.built', meaning: 'A carpenter came.' },
    wall_up: { from: ['open'], to: 'walled_up', emits: null, meaning: 'A mason came.' },
  },
});

describe('toMarkdown', () => {
  it('tells every state, every step and which event it writes', () => {
    const chapter = toMarkdown(door);
    expect(chapter).toContain('## door');
    expect(chapter).toContain('| `walled_up` | It is a wall now. Final. |');
    expect(chapter).toContain('| build | (new) | `open` | `door.built` | A carpenter came. |');
    expect(chapter).toContain('| wall_up | `open` | `walled_up` |  | A mason came. |');
    expect(chapter).toContain('    open --> walled_up: wall_up');
  });
});
