// In place of a package that finds out, each time, whether this is Windows' Linux: oclif asks for it to name the platform.
export const isWsl = false;
