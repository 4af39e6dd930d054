export { EraseRestingReceivers } from './erase-resting-receivers.js';
export { ReceiversModule } from './receivers.module.js';
export { SealOldContents } from './seal-old-contents.js';
