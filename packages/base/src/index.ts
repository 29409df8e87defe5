export { type Backoff, backoffMs } from "./backoff.ts";
export type { Clock } from "./clock.ts";
export { parseDuration, printDuration } from "./duration.ts";
export {
  addressesOverlap,
  canonicalAddress,
  type HostPort,
  hostPortsOverlap,
  printHostPort,
} from "./host-port.ts";
export {
  addressesOf,
  countAddresses,
  isAddressOf,
  isInSubnet,
  netmaskOf,
  printIpv4,
  printSubnet,
  readIpv4,
  readSubnet,
  type Subnet,
} from "./ipv4.ts";
export { Lanes } from "./lanes.ts";
export { limiter } from "./limit.ts";
export { nearest } from "./nearest.ts";
export { Patience } from "./patience.ts";
export {
  asProblem,
  isProblem,
  isProblemCode,
  type Mistake,
  Problem,
  type ProblemJSON,
  type ProblemOptions,
  problemFromJSON,
} from "./problem.ts";
export { exitCodeOf, type ProblemCode, problemCodes } from "./problem-codes.ts";
export { withTimeLimit } from "./time-limit.ts";
export { longestSocketPath } from "./unix-socket.ts";
