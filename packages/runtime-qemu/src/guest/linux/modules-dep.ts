/** What depmod found out of a kernel's modules: each one's file, and those it cannot be loaded without. */
export type ModulesDep = ReadonlyMap<string, { readonly file: string; readonly needs: readonly string[] }>;

/** Of the text of a `modules.dep`: `kernel/fs/fuse/virtiofs.ko.xz: kernel/fs/fuse/fuse.ko.xz`, a line for each. */
export function parseModulesDep(text: string): ModulesDep {
  const modules = new Map<string, { file: string; needs: string[] }>();
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon <= 0) continue;
    const file = line.slice(0, colon).trim();
    const needs = line
      .slice(colon + 1)
      .split(/\s+/)
      .filter((need) => need !== "");
    modules.set(moduleName(file), { file, needs: needs.map(moduleName) });
  }
  return modules;
}

/** `kernel/drivers/char/hw_random/virtio-rng.ko.xz` is `virtio_rng`: the kernel knows no hyphen in names. */
export function moduleName(file: string): string {
  const base = file.slice(file.lastIndexOf("/") + 1);
  return base.replace(/\.ko(\.\w+)?$/, "").replaceAll("-", "_");
}

/**
 * The files of the modules wanted and of all that they need, each after what it needs. A name that is not among the modules
 * is built into the kernel if `builtIn` has it; else it is one of the `missing`.
 */
export function loadOrder(
  wanted: readonly string[],
  modules: ModulesDep,
  builtIn: ReadonlySet<string>,
): { readonly files: readonly string[]; readonly missing: readonly string[] } {
  const seen = new Set<string>();
  const files: string[] = [];
  const missing: string[] = [];
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const found = modules.get(name);
    if (!found) {
      if (!builtIn.has(name)) missing.push(name);
      return;
    }
    for (const need of found.needs) visit(need);
    files.push(found.file);
  };
  for (const name of wanted) visit(moduleName(name));
  return { files, missing };
}

/** The names in the text of a `modules.builtin`: a path in a line. */
export const parseModulesBuiltin = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split("\n")
      .filter((line) => line !== "")
      .map(moduleName),
  );
