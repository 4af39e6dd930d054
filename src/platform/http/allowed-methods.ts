/** The part of Express 5's router that tells which routes there are. */
interface Routed {
  readonly router?: {
    readonly stack: readonly {
      readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
      match(path: string): boolean;
    }[];
  };
}

/**
 * The methods that some route takes at this path, for a request that no route took: none means that the path is unknown.
 * Express itself answers 404 to both.
 */
export function allowedMethods(express: unknown, path: string): string[] {
  const methods = new Set<string>();
  for (const layer of (express as Routed).router?.stack ?? []) {
    if (layer.route === undefined || !layer.match(path)) continue;
    for (const [method, taken] of Object.entries(layer.route.methods)) if (taken) methods.add(method.toUpperCase());
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}
