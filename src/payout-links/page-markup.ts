import { createHash } from 'node:crypto';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** For text between tags and for values in quotes. */
export const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

const STYLE = `
:root { color-scheme: light dark; font: 1.0625rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
blockquote { margin: 1rem 0; padding-left: 1rem; border-left: 0.25rem solid; }
fieldset { margin: 0 0 1.5rem; padding: 0 1rem 1rem; border: 1px solid; border-radius: 0.5rem; }
fieldset fieldset { margin: 1rem 0 0; }
legend { padding: 0 0.25rem; font-weight: 600; }
label { display: block; margin-top: 1rem; font-weight: 600; }
.choice { display: flex; gap: 0.5rem; align-items: center; margin: 1rem 0 0; }
.choice label { margin: 0; }
.part { margin-left: 1.75rem; }
.hint { margin: 0; }
.error { margin: 0; font-weight: 600; }
.error, .errors a { color: light-dark(#a00, #ffb3b3); }
.errors { padding: 0 1rem; border: 0.2rem solid light-dark(#a00, #ffb3b3); margin-bottom: 1.5rem; }
input[type='text'] { box-sizing: border-box; width: 100%; padding: 0.5rem; font: inherit; }
input[type='radio'] { width: 1.25rem; height: 1.25rem; margin: 0; }
button { padding: 0.75rem 1.5rem; font: inherit; font-weight: 600; }
`;

/** Everything comes from here: no script, no picture, no other host; a form leads back here; nobody may frame it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What every answer below the path of links has. The link itself is the secret: no other page is told of it, and nothing keeps it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
  'x-robots-tag': 'noindex, nofollow',
};

/** @param content markup, in which every text is escaped. */
export const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
