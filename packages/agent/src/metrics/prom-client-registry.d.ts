/** The part of prom-client that prints; its own types are only for the whole. */
declare module "prom-client/lib/registry.js" {
  interface Printable {
    readonly name: string;
    get(): Promise<{
      readonly name: string;
      readonly help: string;
      readonly type: string;
      readonly aggregator: string;
      readonly values: readonly {
        readonly metricName?: string;
        readonly labels: Readonly<Record<string, string>>;
        readonly value: number;
      }[];
    }>;
  }
  export default class Registry {
    readonly contentType: string;
    registerMetric(metric: Printable): void;
    metrics(): Promise<string>;
  }
}
