/** A law was broken: the planner is wrong, or the model is. */
export class LawBroken extends Error {
  override name = "LawBroken";
}

export function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new LawBroken(otherwise);
}
