// The bill of materials of what ships (CycloneDX). Made of all packages and then without those of development, because what
// npm leaves out by `--omit=dev` is also every package that one of those asks for as its peer: Nest and Express among them
// (https://github.com/npm/cli/issues/7909).
import { execFileSync } from 'node:child_process';

/** All of the lock file is a few megabytes. */
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

const all = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
    maxBuffer: OUTPUT_MAX_BYTES,
    encoding: 'utf8',
  }),
);
const ships = ({ properties }) => !properties.some(({ name }) => name === 'cdx:npm:package:development');
const components = all.components.filter(ships);
const shipped = new Set([all.metadata.component, ...components].map((component) => component['bom-ref']));
const dependencies = all.dependencies
  .filter(({ ref }) => shipped.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => shipped.has(one)) }));
process.stdout.write(`${JSON.stringify({ ...all, components, dependencies }, null, 2)}\n`);
