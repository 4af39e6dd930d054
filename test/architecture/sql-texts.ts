import ts from 'typescript';
import { repositoryFiles } from './repository-files.js';

export interface SqlText {
  /** File below `src/`, and the method, function or constant that the text stands in. */
  readonly place: string;
  /** With the constants of the same file put in, in one line. */
  readonly text: string;
}

const STATEMENT = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b/;

/** Every SQL text of the program; a constant that others are made of is judged where it is used. */
export function sqlTexts(): SqlText[] {
  return repositoryFiles()
    .filter(({ path }) => /^src\/.*(?<!\.spec)\.ts$/.test(path))
    .flatMap(({ path, text }) => textsOf(path, text));
}

function textsOf(path: string, source: string): SqlText[] {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const constants = constantsOf(file);
  const found: SqlText[] = [];
  const visit = (node: ts.Node, name: string): void => {
    const inner = nameOf(node) ?? name;
    if (isText(node)) {
      const text = expanded(node.getText(), constants).replace(/\s+/g, ' ');
      const isPart = constants.has(inner) && source.includes(`\${${inner}`);
      if (STATEMENT.test(text) && !isPart) found.push({ place: `${path.replace(/^src\//, '')} ${inner}`, text });
      return;
    }
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(file, '');
  return found;
}

const isText = (node: ts.Node): boolean => ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);

/** Of what a text of a statement may stand in. */
export function nameOf(node: ts.Node): string | null {
  if (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) return node.name?.getText() ?? null;
  return ts.isVariableDeclaration(node) && isAtTheTop(node) ? node.name.getText() : null;
}

const isAtTheTop = (node: ts.VariableDeclaration): boolean => ts.isSourceFile(node.parent.parent.parent);

/** What stands behind the names of a file's own constants, as it is written. */
function constantsOf(file: ts.SourceFile): ReadonlyMap<string, string> {
  const constants = new Map<string, string>();
  file.forEachChild((statement) => {
    if (!ts.isVariableStatement(statement)) return;
    for (const { name, initializer } of statement.declarationList.declarations)
      if (initializer !== undefined) constants.set(name.getText(), initializer.getText());
  });
  return constants;
}

const expanded = (text: string, constants: ReadonlyMap<string, string>, depth = 0): string =>
  depth > 3
    ? text
    : text.replace(/\$\{(\w+)(\([^)}]*\))?\}/g, (whole, name: string) => {
        const constant = constants.get(name);
        return constant === undefined ? whole : expanded(constant, constants, depth + 1);
      });
