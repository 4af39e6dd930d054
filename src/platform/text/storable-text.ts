import { registerDecorator, type ValidationArguments } from 'class-validator';

/** Whether PostgreSQL and UTF-8 can keep the text: no NUL, no lone surrogate. */
export const isStorable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

/** Whether the text has a control character (Unicode Cc). */
export const hasControlCharacter = (text: string): boolean => /\p{Cc}/u.test(text);

/** Whether somebody who looks at the text sees anything: not only blanks (Unicode Z) and what has no shape (C). */
export const isVisible = (text: string): boolean => /[^\p{Z}\p{C}]/u.test(text);

/** Length in code points, as the contract counts. */
export const lengthOf = (text: string): number => Array.from(text).length;

/** A property that is text of `min` to `max` code points which can be stored; `plain` forbids control characters. */
export function IsText(limits: { min?: number; max: number; plain?: boolean }): PropertyDecorator {
  const { min = 0, max, plain = false } = limits;
  const fits = (value: unknown): boolean => {
    if (typeof value !== 'string' || value.length > max * 2 || !isStorable(value) || (plain && hasControlCharacter(value)))
      return false;
    const length = lengthOf(value);
    return length >= min && length <= max;
  };
  return (target, property) => {
    registerDecorator({
      name: 'isText',
      target: target.constructor,
      propertyName: property as string,
      validator: {
        validate: fits,
        defaultMessage: ({ property: name }: ValidationArguments) =>
          `${name} must be a string of ${min} to ${max} characters${plain ? ' without control characters' : ''}, no NUL and no lone surrogate`,
      },
    });
  };
}
