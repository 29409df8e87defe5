/**
 * A function for the guest's shell: why the kernel would not run a file, which `give_up` is told. The kernel says so itself only
 * when the program is started, too late to tell it from the program's own end. It is asked in the guest, where volumes are
 * mounted and links lead where the kernel goes.
 *
 * Busybox's `od` prints words as they are on x86, which is how a file for x86 has them.
 */
export const runnableScript = `no_loader() {
  case $2 in
    *"$(printf '\\r')") give_up "$1 is a script whose lines end with CR LF: there is no $2 with a CR in its name" ;;
  esac
  give_up "$1 needs $2 to run, which the image does not have"
}
must_be_runnable() {
  set -f
  set -- "$1" $(od -A n -v -t x1 -N 64 "$1")
  case $2$3 in
    7f45)
      must_be_program "$@"
      [ -z "$loader" ] || [ -f "$loader" ] || no_loader "$1" "$loader"
      ;;
    2321)
      read -r -n 255 line <"$1"
      # The kernel ends the name at the first blank, too.
      set -- "$1" \${line#??}
      [ "$2" ] || give_up "$1 is a script whose first line does not say what runs it"
      [ -f "$2" ] || no_loader "$1" "$2"
      [ -x "$2" ] || give_up "$1 is to be run by $2, whose mode lacks x"
      scripts=$((scripts + 1))
      [ $scripts -lt 5 ] || give_up "$program is a script that is run by a script, and so on"
      must_be_runnable "$2"
      ;;
    *) give_up "$1 is neither an ELF program nor a script that begins with #!" ;;
  esac
  set +f
}
# After the file's name come its first 64 bytes: byte n is word n + 2.
must_be_program() {
  loader=
  [ $# = 65 ] && [ $4$5 = 4c46 ] || give_up "$1 is a damaged ELF file"
  case $6$7:\${21}\${20} in
    0201:003e) wide=1 words=14 at=\${37}\${36}\${35}\${34} entry=\${57}\${56} count=\${59}\${58} ;;
    0101:0003) wide= words=8 at=\${33}\${32}\${31}\${30} entry=\${45}\${44} count=\${47}\${46} ;;
    0201:00b7) give_up "$1 is built for ARM64, and this machine is x86-64" ;;
    0101:0028) give_up "$1 is built for 32-bit ARM, and this machine is x86-64" ;;
    *:00f3) give_up "$1 is built for RISC-V, and this machine is x86-64" ;;
    *) give_up "$1 is built for another machine than x86-64" ;;
  esac
  case \${19}\${18} in
    0002 | 0003) ;;
    *) give_up "$1 is an ELF file, and no program" ;;
  esac
  [ $((0x$entry)) = $((words * 4)) ] || give_up "$1 is a damaged ELF file"
  file=$1
  set -- $(od -A n -v -t x4 -j $((0x$at)) -N $((0x$entry * 0x$count)) "$file")
  while [ $# -ge $words ]; do
    if [ $1 = 00000003 ]; then
      if [ "$wide" ]; then start=$3 length=$9; else start=$2 length=$5; fi
      [ $((0x$length)) -le 4096 ] || give_up "$file is a damaged ELF file"
      loader=$(dd if="$file" bs=1 skip=$((0x$start)) count=$((0x$length)))
      return
    fi
    shift $words
  done
} 2>/dev/null
`;
