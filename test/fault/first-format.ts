import { PayoutContentRepository, ReceiverKeys } from '../../src/bulks/index.js';
import { writeFirstFormat } from '../support/first-format.js';

/** The program as it was before receivers had keys, in what it writes of them. */
writeFirstFormat(PayoutContentRepository.prototype, ReceiverKeys.prototype);

await import('../../src/main.js');
