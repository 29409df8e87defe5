export { bootId } from "./boot-id.ts";
export { realClock } from "./clock.ts";
export { type HostPorts, kernelHostPorts, type Obstacle, type PortHolder } from "./host-ports.ts";
export type { HostSocket } from "./host-sockets.ts";
export { createLogger, type LogFields, type Logger, type LogLevel, logLevels, silentLogger } from "./log.ts";
export { redact } from "./redact.ts";
export { replaceFile } from "./replace-file.ts";
export { type Run, type RunOptions, type RunResult, run } from "./run.ts";
export { type WriteOptions, writeFileAtomic } from "./write-file-atomic.ts";
