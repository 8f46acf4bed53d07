checkout() {
  local tree=$DAYFLY_WORKING_TREE target=${SEMAPHORE_GIT_DIR:?}
  case $target in
    /*) ;;
    *) target=$HOME/$target ;;
  esac
  if [ -n "${DAYFLY_CHECKED_OUT-}" ] && [ "$DAYFLY_CHECKED_OUT" = "$target" ]; then
    cd "$target" && return
  fi
  # The home folder may be a person's own: what is there already is never touched.
  # An empty folder is welcome: pipelines make one where `SEMAPHORE_GIT_DIR` shall lie.
  if [ -e "$target" ] && { [ ! -d "$target" ] || [ -n "$(ls -A "$target")" ]; }; then
    echo "checkout: $target exists already and is left as it is" >&2
    return 1
  fi
  if command -v git >/dev/null && git -C "$tree" rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
    echo "Cloning $tree with its uncommitted changes into $target"
    git clone --quiet "$tree" "$target" || return
    # In the plain form that apply reads, whatever the machine's git is configured to show.
    local diff=(git -C "$tree" diff --no-ext-diff --no-textconv --ignore-submodules --no-color)
    if ! "${diff[@]}" --quiet HEAD; then
      "${diff[@]}" --binary --src-prefix=a/ --dst-prefix=b/ HEAD |
        git -C "$target" apply --whitespace=nowarn || return
    fi
    (
      cd "$tree" && git ls-files -z --others --exclude-standard |
        while IFS= read -r -d '' file; do
          mkdir -p "$target/$(dirname "$file")" && cp -Pp "$file" "$target/$file" || exit
        done
    ) || return
  else
    echo "Copying $tree into $target"
    # Made first and filled then: a target inside of the tree is refused by cp, not copied for ever.
    mkdir -p "$target" && cp -RPp "$tree/." "$target/" || return
  fi
  DAYFLY_CHECKED_OUT=$target
  cd "$target"
}
