/** Words that say nothing about what a thing is for, each with what to ask instead. */
export const bannedWords = {
  process: 'say what is done: validate, claim, settle, deliver',
  handle: 'say what is done with it',
  manage: 'say what it decides or keeps',
  info: 'say what is known',
  flag: 'say the statement that is true',
  util: 'put it where it is used',
  utils: 'put it where it is used',
  helper: 'say what it helps to do',
  helpers: 'say what they help to do',
};

/** The words of a camelCase, PascalCase, snake_case or kebab-case name, in lower case. */
export const wordsOf = (name) => (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? []).map((word) => word.toLowerCase());

/** The first banned word in a name, or undefined. `do` is banned as a verb only, `data` as a whole name only. */
export function bannedWordOf(name) {
  const words = wordsOf(name);
  if (words[0] === 'do') return 'do';
  return words.find((word) => Object.hasOwn(bannedWords, word));
}

const names = {
  meta: { type: 'suggestion', schema: [], messages: { banned: '"{{name}}": the word "{{word}}" says nothing; {{mend}}.' } },
  create(context) {
    const check = (node) => {
      if (node?.type !== 'Identifier') return;
      const word = bannedWordOf(node.name);
      if (word === undefined) return;
      const mend = bannedWords[word] ?? 'say what is done';
      context.report({ node, messageId: 'banned', data: { name: node.name, word, mend } });
    };
    // Declarations only: what a library or the contract calls its members is not ours to name.
    return {
      FunctionDeclaration: (node) => check(node.id),
      ClassDeclaration: (node) => check(node.id),
      MethodDefinition: (node) => node.override !== true && check(node.key),
      VariableDeclarator: (node) => check(node.id),
      TSInterfaceDeclaration: (node) => check(node.id),
      TSTypeAliasDeclaration: (node) => check(node.id),
    };
  },
};

const disableSaysWhy = {
  meta: {
    type: 'suggestion',
    schema: [],
    messages: { reason: 'Say why this rule does not fit here: `eslint-disable-next-line rule -- reason`.' },
  },
  create: (context) => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (/^\s*eslint-disable/.test(comment.value) && !/\s--\s+\S/.test(comment.value)) {
          context.report({ loc: comment.loc, messageId: 'reason' });
        }
        if (/^\s*@ts-(ignore|nocheck)/.test(comment.value)) context.report({ loc: comment.loc, messageId: 'reason' });
      }
    },
  }),
};

export const houseRules = { rules: { names, 'disable-says-why': disableSaysWhy } };
