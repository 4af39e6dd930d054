import { type Variable, variables } from './variables.js';

/** `.env.example`: every variable with its sentence, unit and default, commented out. */
export function envExample(): string {
  const sections = Object.entries<Variable<unknown>>(variables).map(([name, variable]) => {
    const unit = variable.unit === null ? '' : ` (${variable.unit})`;
    return `# ${variable.sentence}${unit}\n#${name}=${variable.default ?? ''}\n`;
  });
  return ['# Generated from src/platform/config/variables.ts by `npm run docs`. Every value is the default.\n', ...sections].join(
    '\n',
  );
}
