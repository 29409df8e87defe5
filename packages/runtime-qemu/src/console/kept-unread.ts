const mebibyte = 1024 * 1024;

/** How much of each file that a guest writes to stays on disk while nobody reads it: twice what the stamped log keeps. */
export const keptUnreadBytes = 64 * mebibyte;

/** A reader so far behind goes on from there: what is before it is gone, or may go while it is read. */
export const readUnreadBytes = keptUnreadBytes - 16 * mebibyte;

/**
 * Runs as QEMU's user beside it, so what QEMU may have put in a file's place leads nowhere that QEMU cannot reach itself. The
 * files are found through QEMU's own working directory, so that this holds no folder. Nothing is cut off or moved: holes
 * are punched, of which QEMU and a reader's positions notice nothing. It ends with its parent, by whose number it is
 * started, and at once when the keeper says so.
 */
const loop = `
qemu=$1 files=$2 kept=$3
cd /
LC_ALL=C
export LC_ALL
set -f
has_parent() { [ "$2" = "$qemu" ]; }
while sleep 10; do
  IFS= read -r own </proc/self/stat && has_parent \${own##*) } || exit
  for file in $files; do
    file=/proc/$qemu/cwd/$file
    set -- $(stat -c '%s %b %B' -- "$file")
    [ $# = 3 ] && [ $(($2 * $3)) -gt $((kept + 1048576)) ] &&
      fallocate --punch-hole --offset 0 --length $((($1 - kept) / 4096 * 4096)) -- "$file"
  done
done
`;

/** A shell of its own, whose arguments are not QEMU's. QEMU takes the place of this one. */
const start = `
loop=$1 shell=$2 applet=$3 files=$4 kept=$5
shift 5
"$shell" \${applet:+"$applet"} -c "$loop" mcp-vm-bound "$$" "$files" "$kept" </dev/null >/dev/null 2>&1 &
exec "$@"
`;

/**
 * The arguments that start a program with somebody beside it who gives back the disk space of what it appended to files, all but
 * the last `kept` bytes of each, whether or not an agent runs. Looked at every ten seconds.
 *
 * @param files  names, without blanks, in the folder that the program is started in.
 */
export function withBoundedFiles(
  shell: readonly string[],
  files: readonly string[],
  argv: readonly string[],
  kept = keptUnreadBytes,
): readonly string[] {
  const [program = "/bin/sh", applet = ""] = shell;
  const own = [loop, program, applet, files.join(" "), `${kept}`];
  return [...shell, "-c", start, "mcp-vm-start", ...own, ...argv];
}
