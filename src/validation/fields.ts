import type { Issue, IssueCode, JsonObject } from '../bulks/index.js';
import { isObject } from '../platform/json/index.js';
import { hasControlCharacter, isVisible, lengthOf } from '../platform/text/index.js';
import type { JudgedPayout } from './rule.js';

/** The text members of one object of the content, each with its pointer. What could not be kept counts as given. */
export class Fields {
  constructor(
    private readonly payout: JudgedPayout,
    private readonly object: JsonObject,
    private readonly base: string,
  ) {}

  text(name: string): string | null {
    const value = Object.hasOwn(this.object, name) ? this.object[name] : null;
    return typeof value === 'string' ? value : null;
  }

  /** The members of an object inside this one. */
  inner(name: string): Fields | null {
    const value = Object.hasOwn(this.object, name) ? this.object[name] : null;
    return isObject(value) ? new Fields(this.payout, value, `${this.base}/${name}`) : null;
  }

  isGiven(name: string): boolean {
    return this.text(name) !== null || this.payout.unkept.has(`${this.base}/${name}`);
  }

  issue(code: IssueCode, name: string, detail: string): Issue {
    return { code, pointer: `${this.base}/${name}`, detail };
  }

  /** An issue where the member was not sent. */
  required(name: string, detail: string): Issue[] {
    return this.isGiven(name) ? [] : [this.issue('missing_field', name, detail)];
  }

  /** An issue where the member is there and is not what it should be. */
  checked(
    name: string,
    isRight: (text: string) => boolean,
    fault: { readonly code: IssueCode; readonly detail: string },
  ): Issue[] {
    const text = this.text(name);
    return text === null || isRight(text) ? [] : [this.issue(fault.code, name, fault.detail)];
  }

  /** An issue where the member is there and shows nothing, is too long (code points), or has control characters. */
  line(name: string, lengthMax: number): Issue[] {
    const text = this.text(name);
    if (text === null) return [];
    if (!isVisible(text))
      return [this.issue('invalid_field', name, `Write 1 to ${lengthMax} characters here, or leave the member out.`)];
    if (hasControlCharacter(text))
      return [this.issue('invalid_characters', name, 'Remove control characters such as tabs and line breaks.')];
    return text.length > lengthMax && lengthOf(text) > lengthMax
      ? [this.issue('invalid_field', name, `Write at most ${lengthMax} characters here.`)]
      : [];
  }
}
