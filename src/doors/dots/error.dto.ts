/** A refusal, as Dots shapes it. */
export class ErrorDto {
  /** @example invalid-input */
  readonly error_code!: string;
  /** @example "items[1].amount: send cents as a whole number above zero." */
  readonly message!: string;
}
