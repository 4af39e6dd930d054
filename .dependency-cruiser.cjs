/**
 * Who may import whom: app -> scheduler, openapi -> receivers -> doors -> {reconciliation, payout-links} -> {validation, payouts, merchants} -> {bulks, connectors}
 * -> webhooks -> platform. Every rule says why it is there; type imports count, because a reader follows them all the same.
 */
const LIBRARIES_WITH_EFFECTS = '^node_modules/(@nestjs|typeorm|pg|axios|undici|agenda|@agendajs|pino|prom-client|express)/';
const CORE_WITH_EFFECTS = '^(node:)?(fs|net|http|https|http2|dns|tls|dgram|child_process|worker_threads|cluster)(/|$)';
const HTTP_CLIENT_FILES = ['^src/connectors/[^/]+/[^/]*client[^/]*\\.ts$', '^src/webhooks/egress/egress'];
/** Judges hosts by Node's own reading of addresses (`isIP`). */
const ADDRESS_FILES = ['^src/webhooks/egress/webhook-url\\.ts$'];

/** Pure files: what they say depends on their arguments alone, so that a test needs nothing but a call. */
const PURE_FILES = [
  '\\.lifecycle\\.ts$',
  '\\.mapping\\.ts$',
  '\\.events\\.ts$',
  '^src/validation/rules/',
  '^src/platform/(money|time|text|json|lifecycle|ids)/',
  '(^|/)(retry-schedule|bulk-status|merge-item|intake-item|masking)\\.ts$',
];

/** One rule of the layers: a folder and everything below it in the order above that it must not look up to. */
const layer = (name, above, comment) => ({
  name: `${name.replace(/\W+/g, '-')}-looks-down`,
  comment,
  severity: 'error',
  from: { path: `^src/(${name})/` },
  to: { path: `^src/(${above})(/|\\.)` },
});

module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment:
        'Files of a circle can only be understood, loaded and tested together, and ESM leaves one of them undefined at load.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    layer(
      'platform',
      'webhooks|connectors|bulks|validation|payouts|merchants|reconciliation|payout-links|doors|receivers|scheduler|openapi|app|main',
      'The kernel knows no word of the payout trade, so any feature may stand on it.',
    ),
    layer(
      'webhooks',
      'connectors|bulks|validation|payouts|merchants|reconciliation|payout-links|doors|receivers|scheduler|openapi|app|main',
      'An event is {type, subject, sequence, data}; what it means belongs to the feature that declares it.',
    ),
    layer(
      'connectors',
      'bulks|validation|payouts|merchants|reconciliation|payout-links|doors|receivers|scheduler|openapi|app|main',
      'A connector is written against the port alone, by people who know one provider.',
    ),
    layer(
      'bulks',
      'connectors|validation|payouts|merchants|reconciliation|payout-links|doors|receivers|scheduler|openapi|app|main',
      'What a merchant ordered is the same whoever judges, pays or asks.',
    ),
    layer(
      'validation',
      'payouts|merchants|reconciliation|payout-links|doors|receivers|scheduler|openapi|app|main',
      'Judging knows nothing of paying.',
    ),
    layer(
      'payouts',
      'validation|merchants|reconciliation|payout-links|doors|receivers|scheduler|openapi|app|main',
      'Paying trusts the verdict that is in the row, not the code that gave it.',
    ),
    layer(
      'merchants',
      'validation|payouts|reconciliation|payout-links|doors|receivers|scheduler|openapi|app|main',
      'Tenants and operators are served by the same engine; the engine does not depend on them.',
    ),
    layer(
      'reconciliation',
      'validation|merchants|payout-links|doors|receivers|scheduler|openapi|app|main',
      'Comparing books writes through execution; execution does not know that it is compared.',
    ),
    layer(
      'payout-links',
      'payouts|merchants|reconciliation|doors|receivers|scheduler|openapi|app|main',
      'A link becomes a bulk as any other; what pays it knows of no link.',
    ),
    layer(
      'doors',
      'receivers|scheduler|openapi|app|main',
      'A door translates a foreign contract onto use cases, and starts nothing.',
    ),
    layer(
      'receivers',
      'merchants|reconciliation|scheduler|openapi|app|main',
      'Forgetting somebody reaches everything that knows of him; what knows of him does not ask who was forgotten.',
    ),
    layer('scheduler', 'openapi|app|main', 'The timetable calls use cases; nobody calls the timetable.'),
    layer(
      'openapi',
      'scheduler|receivers|doors|app|main|print-',
      'What the API says of itself is read off the routes; nothing works by it.',
    ),
    {
      name: 'doctor-stands-on-the-kernel',
      comment:
        'It has to say what is wrong where the engine does not start, so it looks at rows and settings and runs none of it.',
      severity: 'error',
      from: { path: '^src/doctor/' },
      to: { path: '^src/', pathNot: '^src/(doctor|platform)/' },
    },
    {
      name: 'commands-are-clients',
      comment: 'What a merchant runs knows of the server what any client knows: its HTTP contract.',
      severity: 'error',
      from: { path: '^src/(listen|audit-trail)/' },
      to: { path: '^src/', pathNot: '^src/(listen|audit-trail)/' },
    },
    {
      name: 'module-by-its-index',
      comment: 'A module is entered by its index.ts, so what others rely on is written in one place and the rest may change.',
      severity: 'error',
      from: { path: '^src/(?!platform/)([^/]+)/' },
      to: { path: '^src/(?!platform/)[^/]+/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'module-by-its-index-from-the-root',
      comment: 'The application is put together from the doors of its modules, as any other caller.',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/[^/]+/index\\.ts$', '^src/platform/[^/]+/index\\.ts$'] },
    },
    {
      name: 'platform-by-its-index',
      comment: 'Each part of the kernel is entered by its index.ts too.',
      severity: 'error',
      from: { path: '^src/(?!platform/)' },
      to: { path: '^src/platform/', pathNot: '^src/platform/[^/]+/index\\.ts$' },
    },
    {
      name: 'platform-parts-by-their-index',
      comment: 'The parts of the kernel treat each other as any caller does.',
      severity: 'error',
      from: { path: '^src/platform/([^/]+)/' },
      to: { path: '^src/platform/', pathNot: ['^src/platform/$1/', '^src/platform/[^/]+/index\\.ts$'] },
    },
    {
      name: 'controllers-see-no-repository',
      comment: 'A controller reads the request and calls a use case or a query; a write that starts in a controller has no name.',
      severity: 'error',
      from: { path: '\\.controller\\.ts$' },
      to: { path: '\\.(repository|entity)\\.ts$' },
    },
    {
      name: 'entities-know-no-code',
      comment: 'An entity is a row: it looks at other entities and at types, never at what is done with it.',
      severity: 'error',
      from: { path: '\\.entity\\.ts$' },
      to: { path: '\\.(repository|queries|controller|module)\\.ts$' },
    },
    {
      name: 'pure-files-use-no-library-with-effects',
      comment: 'Decisions about money are functions of their arguments; no framework, no database, no network.',
      severity: 'error',
      from: { path: PURE_FILES, pathNot: '\\.spec\\.ts$' },
      to: { path: LIBRARIES_WITH_EFFECTS },
    },
    {
      name: 'pure-files-do-no-input-or-output',
      comment: 'The same, for what Node itself can reach.',
      severity: 'error',
      from: { path: PURE_FILES, pathNot: '\\.spec\\.ts$' },
      to: { path: CORE_WITH_EFFECTS, dependencyTypes: ['core'] },
    },
    {
      name: 'pure-files-see-no-database',
      comment: 'The same, for our own doors to the outside.',
      severity: 'error',
      from: { path: PURE_FILES, pathNot: '\\.spec\\.ts$' },
      to: { path: '^src/(platform/(database|http|jobs|observability)/|.*\\.(repository|queries|controller|module)\\.ts$)' },
    },
    {
      name: 'agenda-in-one-file',
      comment: 'Agenda is a clock for a few duties of the cluster; its lock is no fence, so nothing of money may come near it.',
      severity: 'error',
      // The bench runs it as a peer, to be compared with.
      from: { path: '^(src|test|bench)/', pathNot: ['^src/platform/jobs/agenda-clock\\.ts$', '^bench/peers/agenda\\.ts$'] },
      to: { path: '^node_modules/(agenda|@agendajs)/' },
    },
    {
      name: 'typeorm-where-rows-are',
      comment: 'The object mapper maps rows. Everything else takes a Tx and says in SQL what it means.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          '^src/platform/database/',
          '^src/platform/jobs/agenda-clock\\.ts$',
          '\\.(entity|repository|queries|module)\\.ts$',
          '\\.spec\\.ts$',
        ],
      },
      to: { path: '^node_modules/(typeorm|@nestjs/typeorm)/' },
    },
    {
      name: 'driver-in-the-kernel',
      comment: 'Connections are opened, and their errors understood, in one place.',
      severity: 'error',
      from: { path: '^src/(?!platform/)', pathNot: '\\.spec\\.ts$' },
      to: { path: '^node_modules/(pg|@types/pg)/' },
    },
    {
      name: 'http-clients-in-clients',
      comment: 'Calls to the outside leave through files that bound, time and vet them.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...HTTP_CLIENT_FILES, '\\.spec\\.ts$'] },
      to: { path: '^node_modules/(axios|undici)/' },
    },
    {
      name: 'sockets-in-clients-and-kernel',
      comment: 'The same, for the sockets of Node.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [...HTTP_CLIENT_FILES, ...ADDRESS_FILES, '^src/platform/(http|database)/', '^src/main\\.ts$', '\\.spec\\.ts$'],
      },
      to: { path: '^(node:)?(net|http|https|http2|tls|dns)(/|$)', dependencyTypes: ['core'] },
    },
    {
      name: 'product-knows-no-tests',
      comment: 'What ships does not depend on what proves it.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { path: ['^(test|bench|examples)/', '\\.spec\\.ts$'] },
    },
    {
      name: 'product-needs-no-development-packages',
      comment: 'The image is built without them.',
      severity: 'error',
      from: { path: '^(src|migrations)/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'nothing-unlisted',
      comment: 'A package that is not in package.json is there by luck.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'nothing-unresolvable',
      comment: 'An import that leads nowhere hides every rule behind it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nobody imports and that starts nothing is dead.',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: ['\\.spec\\.ts$', '\\.d\\.ts$', '^src/(main|tranche)\\.ts$'] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
