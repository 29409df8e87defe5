export type { FakeBehaviour, FakeLine } from "./behaviour.ts";
export type { FakeCall, FakeCallName, Fault, FaultTime } from "./calls.ts";
export { FakeHost, type FakeHostOptions } from "./fake-host.ts";
export { FakeImages } from "./fake-images.ts";
export { FakeNetwork } from "./fake-network.ts";
export { FakeRuntime } from "./fake-runtime.ts";
