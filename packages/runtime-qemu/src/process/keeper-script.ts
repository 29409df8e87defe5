/**
 * The keeper: a shell that starts one program, waits for it, and writes down how it ended. It is a shell and no process of
 * ours, because it must outlive the agent and weigh next to nothing; it is fixed text, and all that varies comes in as
 * positional parameters: the program's working directory, the file that makes it due, those for its identity, its end
 * and its stderr, then its arguments.
 *
 * It may only start what is still due. The process writes its identity into that file, by the open descriptor, and then
 * renames it to be the record: to take it and to record it is one step, so no program ever runs unrecorded. Whoever comes
 * after a starter that was killed removes the file (`revokeStart`), so a keeper that was held up, wherever, does not start
 * a second one beside theirs.
 *
 * The identity has the boot's id, without which pid and start time would be another's after a reboot. The end is
 * written with its identity, and only as long as the record is still about it: a keeper that was held up by a full disk must
 * not speak for a later process. `jobs` runs in the shell itself, since its subshells know of no jobs: it is what
 * tells an exit code above 128 from a signal.
 *
 * What the program left running in this session ends with it; the keeper itself ignores that signal.
 *
 * On stdout: the identity. Both outputs are closed once the program runs, which is how the starter knows.
 */
export const keeperScript = `
umask 077
cwd=$1 due_file=$2 pid_file=$3 exit_file=$4 errors=$5
shift 5
LC_ALL=C
export LC_ALL

field() { shift "$1"; identity="$pid \${1} $boot"; }

(
  set -e
  IFS= read -r stat </proc/self/stat
  IFS= read -r boot </proc/sys/kernel/random/boot_id
  pid=\${stat%% *}
  set -f
  field 20 \${stat##*) }
  set +f
  cd -- "$cwd"
  exec 3<"$due_file"
  printf '%s\\n' "$identity" >/proc/self/fd/3
  mv -f -- "$due_file" "$pid_file"
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
kill -TERM 0

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
