import { runnableScript } from "./runnable.ts";

/**
 * The guest's first program, in two parts, for busybox's shell. The first has the initial RAM filesystem for its root: it loads
 * the modules, puts a writable overlay over the image, and moves there for good. So the program's root is the real one, and links
 * in the image (of a workdir, say) lead where they do in a container.
 */
export const firstInit = `#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t sysfs sys /sys
. /boot-config
# Should it not even power off: when the first program ends, the kernel panics, and QEMU ends with it.
give_up() {
  echo "mcp: $*"
  poweroff -f
  exit 1
}
for module in /modules/*; do insmod "$module"; done
[ "$shares" = 0 ] || for module in /share-modules/*; do insmod "$module"; done
tries=0
until [ -b /dev/vda ]; do
  tries=$((tries + 1))
  [ $tries -lt 1000 ] || give_up "the guest has no disk"
  usleep 2000
done
mount -t squashfs -o ro /dev/vda /image
mount -t tmpfs -o mode=0755 tmpfs /changes
mkdir -m 0755 /changes/upper /changes/work
mount -t overlay -o lowerdir=/image,upperdir=/changes/upper,workdir=/changes/work overlay /root || give_up "the image cannot be mounted"
mkdir -p /root/dev /root/proc /root/sys /root/etc
mount --move /sys /root/sys
mount --move /dev /root/dev
# Not moved: through it the shell finds its own programs.
mount -t proc proc /root/proc
mkdir -m 0700 /root/dev/.mcp
cp /bin/busybox /second-init /boot-config /root/dev/.mcp/
# The program's user may be in more groups than one. Of busybox's programs only \`su\` can enter them, by what this root's own
# /etc says; so they are entered here, by who stays root, and kept by all that comes after.
as=
[ -z "$groups" ] || as="/bin/busybox su -m -s /bin/busybox -- mcp"
exec $as switch_root -c /dev/console /root /dev/.mcp/busybox sh /dev/.mcp/second-init
`;

/**
 * The second part runs the program. Its standard output and error are named pipes that belong to its user, so that a program
 * may open /dev/stdout again; what comes out of them goes to the ports, and is waited for before the status is told.
 *
 * The program is run in the foreground: a shell has what it runs in the background ignore SIGINT and SIGQUIT. \`time\` is the one
 * busybox program that tells death by a signal from an exit with 128 + n.
 */
export const secondInit = `#!/dev/.mcp/busybox sh
own=/dev/.mcp
busybox=$own/busybox
. $own/boot-config
rm $own/second-init

mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=0620,ptmxmode=0666 devpts /dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev shm /dev/shm
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -sf pts/ptmx /dev/ptmx
ln -s /proc/self/fd /dev/fd
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr

tries=0
until [ "$out" ] && [ "$err" ] && [ "$told" ]; do
  for port in /sys/class/virtio-ports/*; do
    name=
    read -r name <"$port/name"
    case $name in
      mcp.stdout) out=/dev/\${port##*/} ;;
      mcp.stderr) err=/dev/\${port##*/} ;;
      mcp.status) told=/dev/\${port##*/} ;;
    esac
  done 2>/dev/null
  tries=$((tries + 1))
  [ $tries -lt 1000 ] || { echo "mcp: the guest has no ports to speak through"; exit 1; }
  [ "$told" ] || usleep 2000
done

tell() { echo "$*" >"$told"; }
give_up() {
  tell "failed $*"
  sync
  poweroff -f
}
share() {
  mkdir -p "$3" && mount -t virtiofs -o "$2" "$1" "$3" || give_up "the volume for $3 cannot be mounted"
}

${runnableScript}
hostname "$hostname"
ifconfig lo 127.0.0.1 up
ifconfig eth0 "$address" netmask "$netmask" up
route add default gw "$gateway"
for file in hostname hosts resolv.conf; do
  [ -L /etc/$file ] && rm -f /etc/$file
done
echo "$hostname" >/etc/hostname
printf '127.0.0.1\\tlocalhost\\n::1\\tlocalhost\\n%s\\t%s\\n' "$address" "$hostname" >/etc/hosts
echo "nameserver $resolver" >/etc/resolv.conf
[ -z "$groups" ] || chown 0:0 /etc/hostname /etc/hosts /etc/resolv.conf
mount_shares

[ -d "$workdir" ] || {
  mkdir -p "$workdir" && chown "$owner" "$workdir"
}
cd "$workdir" || give_up "workdir $workdir cannot be entered"

# Looked for here, since busybox would take one of its own programs for a name without a path.
case $program in
  */*) ;;
  *)
    name=$program program= IFS=:
    for folder in $search; do
      if [ -f "\${folder:-.}/$name" ] && [ -x "\${folder:-.}/$name" ]; then
        program=\${folder:-.}/$name
        break
      fi
    done
    unset IFS
    [ "$program" ] || give_up "there is no program $name in the image's PATH ($search)"
    ;;
esac
[ -e "$program" ] || give_up "there is no program $program in the image"
[ -f "$program" ] || give_up "$program is no program"
[ -x "$program" ] || give_up "$program may not be executed: its mode lacks x"
must_be_runnable "$program"

mkfifo -m 0600 $own/out $own/err
chown "$owner" $own/out $own/err
# Of all that runs, the program is to go when memory is short.
echo -1000 >/proc/self/oom_score_adj
cat $own/out >"$out" &
cat_out=$!
cat $own/err >"$err" &
cat_err=$!

# The program is the only child of \`time\`. One SIGTERM, however often the button is pressed; a press that comes before
# there is a program is not the one.
for event in /dev/input/event*; do
  {
    until dd bs=24 count=1 of=/dev/null <"$event" && read -r timer <$own/timer && {
      # That file has no end of line, which \`read\` takes for a failure.
      read -r pid <"/proc/$timer/task/$timer/children"
      kill -TERM $pid
    }; do
      usleep 10000
    done 2>/dev/null
  } &
done

tell started
(
  echo 0 >/proc/self/oom_score_adj
  read -r timer rest </proc/self/stat
  echo "$timer" >$own/timer
  # What measures it stays, and shows to everybody what it was called with: not the environment, so.
  script=". $own/boot-config; rm $own/boot-config; busybox=\\$0; program=\\$1; launch"
  exec $busybox time -o $own/end -f %x $busybox sh -c "$script" $busybox "$program"
) </dev/null >$own/out 2>$own/err
code=$?

# As in a container, what the program leaves behind ends with it; else its output would have no end.
while :; do
  # Not by its outcome: what is read has no line end, for which \`read\` fails.
  children= left=
  read -r children </proc/1/task/1/children
  for child in $children; do
    case $child in
      $cat_out | $cat_err) ;;
      *) left="$left $child" ;;
    esac
  done
  [ "$left" ] || break
  kill -KILL $left
  usleep 1000
done 2>/dev/null
wait $cat_out $cat_err

if [ -s $own/end ]; then
  end="exit $(tail -n 1 $own/end)"
  read -r first <$own/end
  case $first in
    "Command terminated by signal "*) end="signal \${first##* }" ;;
  esac
else
  # What measured it was killed too.
  end="signal 9"
  [ "$code" -gt 128 ] || end="exit $code"
fi
sync
tell "$end"
poweroff -f
`;
