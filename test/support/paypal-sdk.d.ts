/** What the tests use of PayPal's official client, which has no types of its own. */
declare module '@paypal/payouts-sdk' {
  interface Request {
    readonly path: string;
    readonly verb: string;
  }
  interface WithBody extends Request {
    requestBody(body: unknown): this;
    payPalRequestId(id: string): this;
  }
  interface Paged extends Request {
    page(page: number): this;
    pageSize(size: number): this;
    totalRequired(required: boolean): this;
    fields(fields: string): this;
  }
  interface Response {
    readonly statusCode: number;
    readonly result: never;
  }
  class PayPalHttpClient {
    constructor(environment: unknown);
    execute(request: Request): Promise<Response>;
  }
  export const core: {
    readonly PayPalEnvironment: new (id: string, secret: string, baseUrl: string, webUrl: string) => object;
    readonly PayPalHttpClient: typeof PayPalHttpClient;
  };
  export const payouts: {
    readonly PayoutsPostRequest: new () => WithBody;
    readonly PayoutsGetRequest: new (id: string) => Paged;
    readonly PayoutsItemGetRequest: new (id: string) => Request;
    readonly PayoutsItemCancelRequest: new (id: string) => Request;
  };
}
