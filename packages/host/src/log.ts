import { writeSync } from "node:fs";
import { pino } from "pino";
import { redact, redactText } from "./redact.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFields = Readonly<Record<string, unknown>>;

/** What code that logs needs; narrow, so that a test can pass a few lines of its own. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Gets one JSON line at a time, with its line end. Default: standard error, written at once. */
  readonly destination?: { write(line: string): void };
}

/**
 * Structured logging: one JSON object a line, with `level` as a word, `time` in ISO 8601 and `msg`. Secrets are hidden
 * by the name of their key, see `redact`.
 *
 * @example createLogger({ level: "info" }).info("deployed", { service: "hello", ms: 120 });
 */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const sink = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? standardError,
  );
  return adapt(sink, {});
}

/**
 * Written at once: the last line before a crash is the one that matters. A line that cannot be written, on a full disk
 * say, is lost, and ends nothing: pino's own destination would end the program, or wait in the middle of it.
 */
const standardError = {
  write(line: string): void {
    let rest = Buffer.from(line);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(2, rest));
    } catch {
      // The next one may find room.
    }
  },
};

type Sink = Record<LogLevel, (fields: object, message: string) => void> & {
  isLevelEnabled(level: string): boolean;
};

function adapt(sink: Sink, context: LogFields): Logger {
  const at = (level: LogLevel) => (message: string, fields?: LogFields) => {
    // Asked first, since redacting copies.
    if (!sink.isLevelEnabled(level)) return;
    sink[level](redact({ ...context, ...fields }) as object, redactText(message));
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => adapt(sink, { ...context, ...fields }),
  };
}

/** Says nothing: for tests, and for libraries that were given no logger. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
