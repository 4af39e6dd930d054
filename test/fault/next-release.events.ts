import { allEvents, defineEvents } from '../../src/webhooks/index.js';

const likeCreated = allEvents().find(([type]) => type === 'bulk.created')?.[1];
if (likeCreated === undefined) throw new Error('load the events of bulks first');

/** A step that the next release tells of, and this one has never heard of. */
defineEvents({ 'bulk.noted': { ...likeCreated, meaning: 'The next release has seen the bulk.' } });
