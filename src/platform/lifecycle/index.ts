export * from './define-lifecycle.js';
export * from './to-markdown.js';
export * from './to-mermaid.js';
export * from './to-sql.js';
