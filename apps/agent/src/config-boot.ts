import type { ConfiguredStage, StageHealth } from "@mcp/agent";
import { nearest, parseDuration } from "@mcp/base";
import { filled, path, type ValueKind, type WrongPart, WrongParts, WrongValue } from "./config-kinds.ts";

const keys = ["name", "services", "timeout", "health", "blocks", "definitions"];
const healthKeys = ["tcp", "http", "grpc"];
const defaultTimeoutMs = 120_000;
/** The stage of this name blocks unless it says otherwise: without identity and names nothing else can work. */
const foundation = "foundation";
const serviceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** `[[boot.sequence]]`: the stages, in the order of the file. */
export const bootStages: ValueKind<readonly ConfiguredStage[]> = {
  name: "tables",
  read(value) {
    if (!Array.isArray(value) || !value.every(isTable))
      throw new WrongValue("must be tables: begin each stage with [[boot.sequence]]");
    const wrong: WrongPart[] = [];
    const stages = value.map((table, index) => readStage(table, index, wrong));
    wrong.push(...findDuplicates(stages));
    if (wrong.length > 0) throw new WrongParts(wrong);
    return stages;
  },
  fromText: (text) => text,
};

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** A stage with mistakes is filled up with something, so that all of them are told at once. */
function readStage(table: Record<string, unknown>, index: number, wrong: WrongPart[]): ConfiguredStage {
  const attempt = <T>(key: string, read: (value: unknown) => T, otherwise: T): T => {
    if (!Object.hasOwn(table, key)) return otherwise;
    try {
      return read(table[key]);
    } catch (thrown) {
      if (!(thrown instanceof WrongValue)) throw thrown;
      wrong.push({ index, key, message: thrown.message });
      return otherwise;
    }
  };
  for (const key of Object.keys(table))
    if (!keys.includes(key)) wrong.push({ index, key, message: unknownKey(key) });
  for (const key of ["name", "services"])
    if (!Object.hasOwn(table, key)) wrong.push({ index, key, message: "is required" });
  const name = attempt("name", readName, "");
  const health = attempt<StageHealth | undefined>("health", readHealth, undefined);
  return {
    name,
    services: attempt("services", readServices, []),
    timeoutMs: attempt("timeout", readTimeout, defaultTimeoutMs),
    blocks: attempt("blocks", readBoolean, name === foundation),
    definitions: attempt("definitions", readPaths, []),
    ...(health && { health }),
  };
}

function findDuplicates(stages: readonly ConfiguredStage[]): WrongPart[] {
  const wrong: WrongPart[] = [];
  const names = new Set<string>();
  const stageOf = new Map<string, string>();
  for (const [index, { name, services }] of stages.entries()) {
    if (name !== "" && names.has(name))
      wrong.push({ index, key: "name", message: `there is another stage named ${name}` });
    names.add(name);
    for (const service of services) {
      const other = stageOf.get(service);
      if (other !== undefined) {
        const where = other === name ? "twice" : `in stage ${other} already`;
        wrong.push({ index, key: "services", message: `names ${service} ${where}` });
      }
      stageOf.set(service, name);
    }
  }
  return wrong;
}

function readName(value: unknown): string {
  // It is shown, and kept as a key.
  if (!/^[\w.-]{1,63}$/.test(filled.read(value)))
    throw new WrongValue("must be a word of letters, digits, - and _");
  return filled.read(value);
}

function readServices(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new WrongValue('must be a list of services, such as ["mcias"]');
  return value.map((service: unknown) => {
    if (typeof service !== "string" || !serviceName.test(service))
      throw new WrongValue(`${JSON.stringify(service)} is not the name of a service`);
    return service;
  });
}

function readTimeout(value: unknown): number {
  const ms = typeof value === "string" ? parseDuration(value) : undefined;
  if (ms === undefined || ms === 0) throw new WrongValue('must be a duration, such as "2m"');
  return ms;
}

function readBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw new WrongValue("must be true or false");
  return value;
}

function readPaths(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new WrongValue("must be a list of paths, in square brackets");
  return value.map(path.read);
}

function readHealth(value: unknown): StageHealth {
  if (!isTable(value)) throw new WrongValue('must be a table, such as { tcp = "127.0.0.1:8443" }');
  const given = Object.keys(value);
  const [kind] = given;
  if (given.length !== 1 || !healthKeys.includes(kind as string))
    throw new WrongValue(`must have one of tcp, http, grpc, and nothing else`);
  const target = filled.read(value[kind as string]);
  if (kind === "http") return readHttp(target);
  const at = readEndpoint(target);
  return kind === "grpc" ? { kind: "grpc", at } : { kind: "tcp", at };
}

function readHttp(target: string): StageHealth {
  const url = URL.parse(target);
  if (url?.protocol !== "http:" || url.username !== "" || url.password !== "")
    throw new WrongValue("http must be a URL, such as http://127.0.0.1:8080/healthz");
  const at = { address: withoutBrackets(url.hostname), port: Number(url.port || 80) };
  return { kind: "http", at, path: `${url.pathname}${url.search}` };
}

function readEndpoint(target: string) {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:\s[\]]+)):(\d{1,5})$/.exec(target) ?? [];
  const address = bracketed ?? plain;
  const port = Number(digits);
  if (address === undefined || port < 1 || port > 65_535)
    throw new WrongValue("must be an address and a port, such as 127.0.0.1:8443");
  return { address, port };
}

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, "$1");

function unknownKey(name: string): string {
  const meant = nearest(name, keys);
  return `is not a key of a boot stage${meant ? `; did you mean ${meant}?` : ""}`;
}
