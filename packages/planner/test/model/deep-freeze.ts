const mutators = ["set", "add", "delete", "clear"] as const;

/** So that any attempt to change it throws, in maps and sets too. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map || value instanceof Set) {
    for (const mutator of mutators) Object.defineProperty(value, mutator, { value: refuse });
    for (const item of value.values()) deepFreeze(item);
  }
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}

const refuse = (): never => {
  throw new Error("the input was changed");
};
