/** How TypeScript becomes JavaScript in tests: one answer for jest and for the node processes that tests start. */
export const swcOptions = {
  swcrc: false,
  module: { type: 'es6' },
  sourceMaps: 'inline',
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    // Nest injects by the constructor's types, which only exist at run time when they are emitted as metadata.
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
};
