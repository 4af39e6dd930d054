import { Injectable } from '@nestjs/common';
import { METHOD_FIELDS } from '../bulks/index.js';
import { ConnectorRegistry } from '../connectors/index.js';
import { kernelProblem, type ProblemFinding } from '../platform/http/index.js';
import { isPayableCurrency, type StoredLimits } from '../platform/money/index.js';
import { CONNECTOR_LIMITS, readLimits } from './read-limits.js';

export interface ConnectorWish {
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly currencies: readonly string[] | null;
  readonly method_types: readonly string[] | null;
  readonly limits: Readonly<Record<string, unknown>>;
}

/** What makes a connector one that can be opened. */
@Injectable()
export class ConnectorRules {
  constructor(private readonly registry: ConnectorRegistry) {}

  /**
   * The limits in canonical form.
   * @throws `invalid_field` with every fault at once; details come from the connector's type and repeat no value.
   */
  limitsOf(wish: ConnectorWish): StoredLimits {
    const { limits, findings: limitFindings } = readLimits(wish.limits, CONNECTOR_LIMITS);
    const findings = [
      ...this.configFindings(wish),
      ...currencyFindings(wish.currencies),
      ...methodTypeFindings(wish.method_types),
      ...limitFindings,
    ];
    if (findings.length > 0)
      throw kernelProblem('invalid_field', 'The connector can not be used like this; `errors` lists every fault.', {
        errors: findings,
      });
    return limits;
  }

  private configFindings({ type: name, config }: ConnectorWish): ProblemFinding[] {
    const type = this.registry.type(name);
    if (type === null) {
      const known = this.registry.types().map((one) => one.type);
      return [{ pointer: '/type', code: 'invalid_field', detail: `must be one of ${known.join(', ')}` }];
    }
    const parsed = type.parseConfig(config);
    if (!('faults' in parsed)) return [];
    return parsed.faults.map(({ pointer, detail }) => ({ pointer: `/config${pointer}`, code: 'invalid_field', detail }));
  }
}

function currencyFindings(currencies: readonly string[] | null): ProblemFinding[] {
  return (currencies ?? []).flatMap((currency, index) =>
    isPayableCurrency(currency)
      ? []
      : [{ pointer: `/currencies/${String(index)}`, code: 'invalid_field', detail: 'is no ISO 4217 currency that can be paid' }],
  );
}

/** A type that no payout can have would narrow the connector to nothing without a word. */
function methodTypeFindings(types: readonly string[] | null): ProblemFinding[] {
  const detail = `is no type of payout_method; use ${[...METHOD_FIELDS.keys()].join(', ')}`;
  return (types ?? []).flatMap((type, index) =>
    METHOD_FIELDS.has(type) ? [] : [{ pointer: `/method_types/${String(index)}`, code: 'invalid_field', detail }],
  );
}
