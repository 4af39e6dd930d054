import { registerDecorator, type ValidationArguments } from 'class-validator';
import { toInstant } from './to-instant.js';

/** A property that is an RFC 3339 instant with its offset, as text. `new Date(text)` reads what this lets through. */
export const IsInstant = (): PropertyDecorator => (target, property) => {
  registerDecorator({
    name: 'isInstant',
    target: target.constructor,
    propertyName: property as string,
    validator: {
      validate: isInstant,
      defaultMessage: ({ property: name }: ValidationArguments) =>
        `${name} must be an RFC 3339 instant with its offset, such as 2026-12-01T09:00:00Z`,
    },
  });
};

function isInstant(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  const read = toInstant(value, 'UTC');
  return 'instant' in read && read.form === 'instant';
}
