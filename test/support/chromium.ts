import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian puts it; `CHROMIUM` names another. */
const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

/** Null on a machine that has no Chromium: nothing is downloaded for a test. */
export const chromiumPath = existsSync(CHROMIUM) ? CHROMIUM : null;

/** Without a sandbox of its own, which root has no use of, and without calls of its own to anywhere. */
export const startChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update'],
  });
