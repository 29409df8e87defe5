import { access, constants } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

/** Where a program is: itself if it is absolute, else what the PATH leads to first. */
export async function findProgram(program: string): Promise<string | undefined> {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(isAbsolute);
  for (const path of isAbsolute(program) ? [program] : folders.map((folder) => join(folder, program))) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
