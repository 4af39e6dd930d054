// `node --import ./test/support/register-typescript.mjs file.ts` runs a TypeScript file from the sources, for the
// processes that tests start and kill, and for jest's global setup, which jest itself would load as CommonJS.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
