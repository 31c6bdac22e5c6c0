# The steps that .ci/run and .ci/nightly are made of. To be sourced; the
# working folder becomes the root of the checkout.

cd "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")"
export LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1

# Nothing here may wait for somebody to type.
exec </dev/null

passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bazel() {
  local command=$1
  shift
  ./bazelw "$command" --curses=no --color=no --show_progress_rate_limit=30 "$@"
}

# Prints the labels that a query gives, one a line.
labels() {
  ./bazelw query --noshow_progress "$1" 2>"$work/query.log" || {
    cat "$work/query.log" >&2
    return 1
  }
}

# Prints the project's own C++ files, each ended by a NUL.
own_sources() {
  find ./*/ -path './bazel-*' -prune -o -type f \
    \( -name '*.cc' -o -name '*.h' \) -print0
}

# step NAME COMMAND...: one step, which passes or fails as a whole.
step() {
  local name=$1 start=$SECONDS
  shift
  echo "=== $name"
  if "$@"; then
    passed=$((passed + 1))
    echo "--- $name: passed in $((SECONDS - start)) s"
  else
    failed=$((failed + 1))
    echo "--- $name: FAILED in $((SECONDS - start)) s"
  fi
}

# test_step NAME QUERY OPTION...: runs the tests that the query gives, except
# those tagged `manual`, with these Bazel options, and adds up their cases.
test_step() {
  local name=$1 query=$2 start=$SECONDS counts
  shift 2
  echo "=== $name"
  rm -f "$work/events"
  query="($query) except attr(tags, '\bmanual\b', //...)"
  if ! labels "$query" >"$work/labels"; then
    failed=$((failed + 1))
    echo "--- $name: FAILED, the query for its tests failed"
    return
  fi
  if [[ ! -s $work/labels ]]; then
    echo "--- $name: no such test"
    return
  fi
  # Its status says no more than the count of its cases does.
  bazel test --keep_going --build_event_json_file="$work/events" "$@" \
    --target_pattern_file="$work/labels" || true
  counts=$(python3 .ci/count_cases.py "$work/events" "$work/labels") || true
  [[ $counts =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]] || {
    counts="0 passed, 1 failed"
    BASH_REMATCH=("$counts" 0 1)
  }
  passed=$((passed + BASH_REMATCH[1]))
  failed=$((failed + BASH_REMATCH[2]))
  echo "--- $name: $counts in $((SECONDS - start)) s"
}

# Prints the totals; fails if anything failed.
finish() {
  echo "=== $SECONDS s in all"
  echo "$passed passed, $failed failed"
  [[ $failed -eq 0 && $passed -gt 0 ]]
}

check_format() {
  own_sources |
    xargs -0 --no-run-if-empty \
      clang-format-14 --dry-run -Werror --ferror-limit=1
}

check_layers() {
  ./bazelw query --noshow_progress --noimplicit_deps --notool_deps \
    --output=graph --nograph:factored 'deps(//...)' >"$work/graph" &&
    python3 tests/layers/check_layers.py "$work/graph"
}

# fuzz_one LABEL SECONDS: runs one target, which the fuzz configuration built.
fuzz_one() {
  local label=$1 seconds=$2 target file corpus
  target=${label#//}
  target=${target/://}
  corpus=$work/corpus/$target
  mkdir -p "$corpus" .ci/findings
  labels "kind('source file', deps(labels(data, $label)))" \
    >"$work/corpus/files" || return 1
  while read -r file; do
    file=${file#//}
    cp "${file/://}" "$corpus/" || return 1
  done <"$work/corpus/files"
  if "$work/fuzz-bin/$target" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix=.ci/findings/ "$corpus" >"$work/log" 2>&1; then
    grep -E 'number_of_executed_units' "$work/log" || true
  else
    tail -n 60 "$work/log"
    echo "the input is kept in .ci/findings"
    return 1
  fi
}

# fuzz_step SECONDS: runs every fuzz target for so long.
fuzz_step() {
  local label
  labels 'attr(tags, "\bfuzz\b", tests(//...))' >"$work/fuzz" || {
    step "find fuzz targets" false
    return
  }
  if [[ ! -s $work/fuzz ]]; then
    echo "=== fuzz: no fuzz target"
    return
  fi
  step "build fuzz targets" \
    bazel build --config=fuzz --target_pattern_file="$work/fuzz"
  ln -sfn "$(./bazelw info --config=fuzz bazel-bin 2>/dev/null)" \
    "$work/fuzz-bin"
  # Read beforehand: what runs inside the loop must not eat its input.
  local targets
  mapfile -t targets <"$work/fuzz"
  for label in "${targets[@]}"; do
    step "fuzz $label for $1 s" fuzz_one "$label" "$1"
  done
}
