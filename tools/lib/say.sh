# shellcheck shell=bash
# How the tools speak: a line for each stage, ticked when it is done, with the time it took. Sourced.

say_live=
[[ -t 1 && ${TERM:-dumb} != dumb ]] && say_live=1
say_green='' say_red='' say_dim='' say_plain=''
if [[ $say_live && -z ${NO_COLOR:-} ]]; then
  say_green=$'\e[32m' say_red=$'\e[31m' say_dim=$'\e[2m' say_plain=$'\e[0m'
fi
say_stage='' say_began=0 say_progress_at=0

now_ms() { local t=${EPOCHREALTIME/[.,]/}; echo "${t%???}"; }

took() {
  local ms=$(($(now_ms) - $1))
  if ((ms < 60000)); then
    echo "$((ms / 1000)).$((ms / 100 % 10)) s"
  else
    echo "$((ms / 60000)) min $((ms / 1000 % 60)) s"
  fi
}

# stage TEXT: what begins now.
stage() {
  say_stage=$1 say_began=$(now_ms) say_progress_at=$say_began
  [[ $say_live ]] && printf '\r\e[K  … %s' "$1"
  return 0
}

# progress TEXT: how far the stage is. Off a terminal, a line every five seconds at most.
progress() {
  if [[ $say_live ]]; then
    printf '\r\e[K  … %s %s%s%s' "$say_stage" "$say_dim" "$1" "$say_plain"
  elif (($(now_ms) - say_progress_at >= 5000)); then
    say_progress_at=$(now_ms)
    printf '    %s\n' "$1"
  fi
}

# tick [TEXT]: the stage is done; TEXT says what came of it.
tick() {
  [[ $say_live ]] && printf '\r\e[K'
  printf '  %s✓%s %-66s %s%s%s\n' "$say_green" "$say_plain" "${1:-$say_stage}" "$say_dim" "$(took "$say_began")" "$say_plain"
}

# note TEXT: something to know, under the stage that is running.
note() {
  [[ $say_live ]] && printf '\r\e[K'
  printf '    %s\n' "$1"
  [[ $say_live ]] && printf '  … %s' "$say_stage"
  return 0
}

# die WHAT-HAPPENED WHAT-TO-TYPE [LOG]: ends the tool, with the last lines of the log.
die() {
  [[ $say_live ]] && printf '\r\e[K'
  {
    printf '  %s✗%s %s\n' "$say_red" "$say_plain" "$1"
    if [[ -s ${3:-} ]]; then tail -n 20 "$3" | sed 's/^/    │ /'; fi
    printf '    %s\n' "$2"
  } >&2
  exit 1
}
