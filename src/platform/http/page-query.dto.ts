import { Transform } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';

const PAGE_LIMIT_DEFAULT = 100;
const PAGE_LIMIT_MAX = 1000;

/** The query of every list; extend it with the filters of yours. */
export class PageQuery {
  /**
   * At most so many elements.
   * @example 100
   */
  @Transform(({ value }) => (typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : (value as unknown)))
  @IsInt({ message: 'limit must be a whole number' })
  @Min(1)
  @Max(PAGE_LIMIT_MAX)
  limit: number = PAGE_LIMIT_DEFAULT;

  /** The id of an element: the page starts behind it. */
  @IsOptional()
  @IsString()
  starting_after?: string;

  /** The id of an element: the page ends before it. Not together with `starting_after`. */
  @IsOptional()
  @IsString()
  ending_before?: string;
}
