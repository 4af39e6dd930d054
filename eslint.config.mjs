import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { houseRules } from './test/architecture/lint-rules.mjs';

const LINES_MAX = 300;
const SPEC_LINES_MAX = 500;
const FUNCTION_LINES_MAX = 60;

const tooManyParameters = {
  // A constructor lists what is injected, and a route lists what is read from the request: those are tables, not calls.
  selector: [
    'FunctionDeclaration[params.length>3]',
    'ArrowFunctionExpression[params.length>3]',
    'MethodDefinition[kind="method"][decorators.length=0] > FunctionExpression[params.length>3]',
  ].join(', '),
  message: 'More than three parameters: take one object, so that the call says which is which.',
};

const exportedAsJwk = {
  selector: 'CallExpression[callee.property.name="export"] Property[key.name="format"][value.value="jwk"]',
  message: 'Node 20 may stand still for ever when it exports a key as JWK (see signing-keys.ts): ask for another encoding.',
};

const loggedApart = {
  selector:
    'CallExpression[callee.property.name=/^(error|warn|fatal)$/][callee.object.property.name="logger"][arguments.length>1], CallExpression[callee.property.name=/^(error|warn|fatal)$/][callee.object.name="logger"][arguments.length>1]',
  message: 'Of several values the log keeps the first alone: pass { message, error }.',
};

export default tseslint.config(
  { ignores: ['dist*/', 'node_modules/', '.data/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    plugins: { house: houseRules },
    rules: {
      'house/disable-says-why': 'error',
      'house/names': 'error',
      'max-lines': ['error', LINES_MAX],
      'no-restricted-syntax': ['error', tooManyParameters, exportedAsJwk, loggedApart],
      // `== null` asks for null and undefined at once, and for nothing else.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'max-lines-per-function': ['error', FUNCTION_LINES_MAX],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Files with decorators are left alone by the rule itself: Nest needs their imports at run time.
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A Nest module is a decorated class with nothing in it.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // `async` without `await` is how a method of a port that answers at once turns a throw into a rejection.
      '@typescript-eslint/require-await': 'off',
      // A DTO class is the shape of an answer, for OpenAPI; answers are made field by field, and nothing is an instance of it.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // Spreading a string gives its code points, which is what lengths of the contract are counted in.
      '@typescript-eslint/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }, 'string'] }],
      // A row type names what one query answers; it is read in one place.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      'max-lines': ['error', SPEC_LINES_MAX],
      // A `describe` is a chapter, not a function.
      'max-lines-per-function': 'off',
      // A test that reads past what it has not found fails, which is its job.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  { files: ['bench/**', 'examples/**', 'test/support/**', '**/print-*.ts'], rules: { 'no-console': 'off' } },
  // SQL of one migration is one text; splitting it would hide the order it depends on.
  { files: ['migrations/**'], rules: { 'max-lines-per-function': 'off' } },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        URL: 'readonly',
        module: 'writable',
        setTimeout: 'readonly',
        Buffer: 'readonly',
      },
    },
  },
);
