/** Given the URL under which the process answers. */
export type BannerLines = (url: string) => readonly string[];

/**
 * What a person who starts the engine gets to see once it listens. Modules add their lines while they start; secrets may be
 * among them, which is why the banner goes to the terminal and never through the logger.
 */
export class StartBanner {
  private readonly parts: BannerLines[] = [];

  add(lines: BannerLines): void {
    this.parts.push(lines);
  }

  lines(url: string): string[] {
    return this.parts.flatMap((part) => [...part(url)]);
  }
}

/** Injection token of the process's `StartBanner`. */
export const START_BANNER = Symbol('START_BANNER');
