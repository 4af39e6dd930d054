import type { Rule } from 'eslint';

export const bannedWords: Readonly<Record<string, string>>;
export function wordsOf(name: string): string[];
export function bannedWordOf(name: string): string | undefined;
export const houseRules: { readonly rules: Readonly<Record<string, Rule.RuleModule>> };
