/**
 * The keeper: a shell that starts one program, waits for it, and writes down how it ended. It is a shell and no process of
 * ours, because it must outlive the agent and weigh next to nothing; it is fixed text, and all that varies comes in as
 * positional parameters: the program's working directory, the files for its identity, its end and its stderr, then
 * its arguments.
 *
 * It may only start what is still due: that is a file, and to rename it is to take it. Whoever comes after a starter that
 * was killed removes the file (`revokeStart`), so a keeper that was held up does not start a second one beside theirs.
 *
 * The process records its own identity before it becomes the program, so no program ever runs unrecorded. Its end is
 * written with its identity, and only as long as the record is still about it: a keeper that was held up by a full disk must
 * not speak for a later process. `jobs` runs in the shell itself, since its subshells know of no jobs: it is what
 * tells an exit code above 128 from a signal.
 *
 * On stdout: the identity. Both outputs are closed once the program runs, which is how the starter knows.
 */
export const keeperScript = `
umask 077
cwd=$1 pid_file=$2 exit_file=$3 errors=$4
shift 4
LC_ALL=C
export LC_ALL

field() { shift "$1"; identity="$pid \${1}"; }

(
  set -e
  IFS= read -r stat </proc/self/stat
  pid=\${stat%% *}
  set -f
  field 20 \${stat##*) }
  set +f
  cd -- "$cwd"
  mv -- "$pid_file.due" "$pid_file.new"
  rm -f -- "$exit_file"
  printf '%s\\n' "$identity" >"$pid_file.new"
  mv -f -- "$pid_file.new" "$pid_file"
  exec 3>&1 >/dev/null
  : >"$errors"
  printf '%s\\n' "$identity" >&3
  exec "$@" 3>&- 2>>"$errors"
) &
child=$!
exec >/dev/null 2>&1
trap '' HUP INT QUIT TERM
wait "$child"
code=$?

is_ours() {
  IFS= read -r identity <"$pid_file" && [ "\${identity%% *}" = "$child" ]
}
while is_ours; do
  { printf '%s %s\\n' "$identity" "$code" && jobs; } >"$exit_file.new" &&
    mv -f -- "$exit_file.new" "$exit_file" &&
    break
  sleep 1
done
`;
