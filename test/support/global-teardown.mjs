import './register-typescript.mjs';

// A dynamic import, because the hooks above must be registered before the first TypeScript file is asked for.
export default async function teardown(...given) {
  const { default: run } = await import('./global-teardown.ts');
  return run(...given);
}
